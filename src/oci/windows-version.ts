// Which Windows images a Windows host runs (process isolation). Sources: Microsoft "Windows container version compatibility"; containerd's platforms package.

/** Windows Server 2022: from here on a host also runs older images, back to this build. */
const FIRST_STABLE_BUILD = 20_348

/** Whether a Windows host of version `host` runs an image of version `image` (`10.0.20348.2700`; the revision does not matter). Before Server 2022 the
 *  builds must be equal; since then an image may be as old as Server 2022, and never newer than its host. A version that is none fits only itself. */
export function runsOnWindows(image: string, host: string): boolean {
  const a = parts(image)
  const b = parts(host)
  if (a === undefined || b === undefined) return image === host
  if (a.major !== b.major || a.minor !== b.minor) return false
  return a.build === b.build || (b.build >= FIRST_STABLE_BUILD && a.build >= FIRST_STABLE_BUILD && a.build < b.build)
}

/** Order of two versions, part by part; those without a version come last. For sorting the newest first, swap the arguments. */
export function compareWindowsVersions(a: string | undefined, b: string | undefined): number {
  const [x, y] = [a, b].map((version) => (version ?? '').split('.').map((part) => Number.parseInt(part, 10) || 0))
  for (let at = 0; at < 4; at++) {
    const difference = (x?.[at] ?? 0) - (y?.[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function parts(version: string): { major: number; minor: number; build: number } | undefined {
  const [, major, minor, build] = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:\.\d+)?$/.exec(version) ?? []
  return build === undefined ? undefined : { major: Number(major), minor: Number(minor), build: Number(build) }
}
