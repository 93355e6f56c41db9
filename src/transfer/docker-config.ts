// Credentials that docker, podman and skopeo keep. Source: docker's config.json; containers-auth.json(5).
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { FormatError, StrataError } from '../core/index.js'
import { asString, asStrings, JsonObject, parseJson } from '../oci/index.js'
import type { RegistryAuth } from '../registry/index.js'
import { askHelper } from './credential-helper.js'

const CONFIG_MAX_BYTES = 1024 * 1024
/** The name under which docker keeps what belongs to Docker Hub. */
const HUB_KEY = 'https://index.docker.io/v1/'
const HUB_NAMES = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']

/** What is kept for a repository; undefined where there is nothing. `$REGISTRY_AUTH_FILE` is the only place looked at when it is set; else docker's file, then podman's.
 *  @throws StrataError `ERR_CREDENTIALS` for a file or helper that does not do what it should */
export async function configuredAuth(
  registry: string,
  repository: string,
  signal: AbortSignal | undefined,
): Promise<RegistryAuth | undefined> {
  for (const path of configFiles()) {
    const config = await readConfig(path)
    if (config === undefined) continue
    const found = (await fromHelpers(config, registry, signal)) ?? fromFile(config, registry, repository, path)
    if (found !== undefined) return found
  }
  return undefined
}

function configFiles(): readonly string[] {
  const { REGISTRY_AUTH_FILE: named, DOCKER_CONFIG: docker, XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME: config } = process.env
  if (named !== undefined && named !== '') return [named]
  const below = (directory: string | undefined, ...names: string[]) =>
    directory !== undefined && isAbsolute(directory) ? [join(directory, ...names)] : []
  return [
    join(docker !== undefined && docker !== '' ? docker : join(homedir(), '.docker'), 'config.json'),
    ...below(runtime, 'containers', 'auth.json'),
    ...below(config ?? join(homedir(), '.config'), 'containers', 'auth.json'),
  ]
}

async function readConfig(path: string): Promise<JsonObject | undefined> {
  try {
    // Not waiting for whoever may one day write into a pipe of that name.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const found = await file.stat()
      if (!found.isFile() || found.size > CONFIG_MAX_BYTES) throw new FormatError('is no file, or too large')
      return new JsonObject(parseJson(await file.readFile(), 'credentials', CONFIG_MAX_BYTES), '$')
    } finally {
      await file.close()
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined
    throw unreadable(path, error)
  }
}

/** Not with the cause: what a JSON parser says quotes the text, and the text holds secrets. */
function unreadable(path: string, error: unknown): StrataError {
  const where =
    error instanceof FormatError && error.jsonPath !== undefined ? ` at ${error.jsonPath.split(/[."[]/).slice(0, 2).join('.')}` : ''
  return new StrataError(`${path} cannot be read as registry credentials${where}`, {
    code: 'ERR_CREDENTIALS',
    remedy: 'mend the file, or pass auth',
  })
}

async function fromHelpers(config: JsonObject, registry: string, signal: AbortSignal | undefined): Promise<RegistryAuth | undefined> {
  const helpers = config.optional('credHelpers', asStrings) ?? {}
  const isHub = HUB_NAMES.includes(registry)
  const names = isHub ? [...HUB_NAMES, HUB_KEY] : [registry]
  const own = names.map((name) => helpers[name]).find((helper) => helper !== undefined)
  const helper = own ?? config.optional('credsStore', asString)
  return helper === undefined || helper === '' ? undefined : askHelper(helper, isHub ? HUB_KEY : registry, signal)
}

function fromFile(config: JsonObject, registry: string, repository: string, path: string): RegistryAuth | undefined {
  const auths = config.optional('auths', (value, at) => new JsonObject(value, at))
  if (auths === undefined) return undefined
  const names = HUB_NAMES.includes(registry) ? HUB_NAMES : [registry]
  // The longest that fits: `host/team/app`, `host/team`, `host`.
  const parts = repository.split('/')
  for (let count = parts.length; count >= 0; count--) {
    for (const name of names) {
      const wanted = [name, ...parts.slice(0, count)].join('/')
      const key = Object.keys(auths.fields).find((each) => plainKey(each) === wanted)
      if (key === undefined) continue
      try {
        const auth = authOf(new JsonObject(auths.fields[key], '$'))
        if (auth !== undefined) return auth
      } catch (error) {
        throw unreadable(path, error)
      }
    }
  }
  return undefined
}

/** Keys may be addresses: `https://host`, `https://host/v1/`. */
const plainKey = (key: string): string =>
  key
    .replace(/^https?:\/\//, '')
    .replace(/\/v[12]\/?$/, '')
    .replace(/\/$/, '')

function authOf(entry: JsonObject): RegistryAuth | undefined {
  const text = (key: string) => entry.optional(key, asString) || undefined
  const [token, identityToken] = [text('registrytoken'), text('identitytoken')]
  if (token !== undefined) return { token }
  if (identityToken !== undefined) return { identityToken }
  const encoded = text('auth')
  if (encoded === undefined) {
    const [username, password] = [text('username'), text('password')]
    return username === undefined || password === undefined ? undefined : { username, password }
  }
  // docker pads some with NUL.
  const plain = Buffer.from(encoded, 'base64').toString('utf8').replace(/\0+$/, '')
  const colon = plain.indexOf(':')
  if (colon <= 0) throw new FormatError('is no user name and password')
  return { username: plain.slice(0, colon), password: plain.slice(colon + 1) }
}
