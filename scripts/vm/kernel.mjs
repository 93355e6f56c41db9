// The parts of the virtual machine that Debian brings: an emulator, and a kernel that is newer or older than the host's but has every cgroup v2 controller free.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePrograms, missingCommands } from '../peers.mjs'
import { capture, quietly, root, ScriptError } from '../run.mjs'

/** What the machine is made with. */
const PROGRAMS = [
  { command: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  { command: 'mke2fs', package: 'e2fsprogs' },
  { command: 'cpio', package: 'cpio' },
  { command: 'busybox', package: 'busybox-static' },
  { command: 'dpkg-query', package: 'dpkg' },
]

/** Ignored by git, kept between runs: a second run needs no network. */
export const CACHE = join(root, 'build-vm')

/** Why no virtual machine can be had here, with the remedy; undefined when one can. */
export async function missingForVm(say) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the virtual machine needs x86-64 Linux'
  if (!existsSync('/usr/bin/dpkg-query')) return 'the virtual machine is made of the packages of a Debian host'
  const missing = await ensurePrograms(PROGRAMS, say)
  if (missing.length === 0) return undefined
  return `not installed: apt-get install -y ${missingCommands(PROGRAMS)
    .map((program) => program.package)
    .join(' ')}`
}

/** The unpacked kernel package: { kernel: path of its image, modules: path of its modules' folder }. Downloaded once. */
export async function vmKernel(say) {
  const folder = join(CACHE, 'kernel')
  if (!existsSync(folder)) await download(folder, say)
  const boot = join(folder, 'boot')
  const image = readdirSync(boot).find((name) => name.startsWith('vmlinuz-'))
  if (image === undefined) throw new ScriptError(`${boot} has no kernel: remove ${folder} and run again`)
  return { kernel: join(boot, image), modules: join(folder, 'lib', 'modules', image.slice('vmlinuz-'.length), 'kernel') }
}

async function download(folder, say) {
  const draft = `${folder}-${process.pid}`
  mkdirSync(draft, { recursive: true })
  try {
    const name = await kernelPackage()
    say(`downloading ${name} …`)
    // Downloading needs no power over the machine, so this works for ordinary users too.
    await quietly('the download of the kernel', 'apt-get', ['-q', 'download', name], { cwd: draft })
    const file = readdirSync(draft).find((entry) => entry.endsWith('.deb'))
    await quietly('unpacking the kernel', 'dpkg', ['-x', join(draft, file), draft])
    rmSync(join(draft, file))
    renameSync(draft, folder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** The package behind Debian's name for its newest kernel for clouds: small, and with few drivers to start. */
async function kernelPackage() {
  const look = async () => {
    const { output } = await capture('apt-cache', ['depends', 'linux-image-cloud-amd64'])
    return /Depends: (linux-image-\S+)/.exec(output)?.[1]
  }
  let name = await look()
  if (name === undefined && process.getuid?.() === 0) {
    await capture('apt-get', ['-q', 'update'])
    name = await look()
  }
  if (name === undefined) throw new ScriptError('linux-image-cloud-amd64 is not in the package lists: as root, apt-get update')
  return name
}
