// The programs around this one that come from the operating system: compilers to build with, and the other container tools that tests compare with.
import { constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { capture, isAccessible, main, ScriptError } from './run.mjs'

/** What the native build needs: the program, and the Debian package that has it. */
export const TOOLCHAIN = [
  { command: 'cmake', package: 'cmake' },
  { command: 'make', package: 'make' },
  { command: 'g++', package: 'g++' },
]

/** What the tests and benchmarks compare with. */
export const PEERS = [
  { command: 'cc', package: 'gcc' },
  { command: 'bwrap', package: 'bubblewrap' },
  { command: 'crun', package: 'crun' },
  { command: 'runc', package: 'runc' },
  { command: 'hivexml', package: 'libhivex-bin' },
  { command: 'reglookup', package: 'reglookup' },
  { command: 'regfexport', package: 'libregf-utils' },
  { command: 'musl-gcc', package: 'musl-tools' },
  { command: 'busybox', package: 'busybox-static' },
  { command: 'newuidmap', package: 'uidmap' },
  { command: 'podman', package: 'podman' },
  { command: 'skopeo', package: 'skopeo' },
  { command: 'umoci', package: 'umoci' },
  { command: 'zstd', package: 'zstd' },
  { command: 'faketime', package: 'faketime' },
  { command: 'oci-image-tool', package: 'oci-image-tool' },
  { command: 'chromium', package: 'chromium' },
  { command: 'docker-registry', package: 'docker-registry' },
  { command: 'htpasswd', package: 'apache2-utils' },
  { command: 'openssl', package: 'openssl' },
]

/** Those whose program is not on PATH (nor in the system folders that an ordinary user's PATH lacks). */
export function missingCommands(programs) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter((folder) => folder !== '')
  return programs.filter(({ command }) => !folders.some((folder) => isAccessible(join(folder, command), constants.X_OK)))
}

/** The one command that installs them. */
export const installHint = (programs) => `apt-get install -y ${programs.map((program) => program.package).join(' ')}`

/** Installs what is missing where that is ours to do (root on Debian), and says so; elsewhere prints the command. Returns what is still missing. */
export async function ensurePrograms(programs, say) {
  const missing = missingCommands(programs)
  if (missing.length === 0) return []
  const names = missing.map((program) => program.package)
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    say(`not installed: ${names.join(' ')}. To install them, as root: ${installHint(missing)}`)
    return missing
  }
  say(`installing ${names.join(' ')} with apt-get …`)
  const install = () => aptGet('install', '-y', '--no-install-recommends', ...names)
  let result = await install()
  // A machine that has never fetched the package lists, or only stale ones.
  if (!result.ok) result = (await aptGet('update')).ok ? await install() : result
  if (!result.ok) say(result.output.trimEnd())
  return missingCommands(programs)
}

const aptGet = (...args) => capture('apt-get', ['-q', ...args], { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })

await main(import.meta.url, async () => {
  const missing = await ensurePrograms([...TOOLCHAIN, ...PEERS], console.error)
  if (missing.length > 0) throw new ScriptError(`still missing: ${missing.map((program) => program.command).join(' ')}`)
})
