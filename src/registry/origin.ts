// Where the registry of a name is.

const HUB = 'docker.io'
const HUB_ENDPOINT = 'registry-1.docker.io'

/** The host that serves a registry's API: its own name, but for Docker Hub. */
export const endpointOf = (registry: string): string => (registry === HUB ? HUB_ENDPOINT : registry)

/** Whether a host name (without port) is this machine and nothing else. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name)
}

/** The host name of `host[:port]`. @throws TypeError for anything else */
export function hostnameOf(host: string): string {
  const match = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?$/.exec(host)
  if (match === null) throw new TypeError(`a registry must be host[:port], not ${JSON.stringify(host.slice(0, 300))}`)
  return match[1]!
}
