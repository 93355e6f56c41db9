// The virtual machine's disks: an ext4 image with the base of this Debian host, Node, this package as built and the bundled tests; and an initramfs that mounts it.
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { capture, quietly, root } from '../run.mjs'

/** Whose files the machine gets, with all they depend on. */
const PACKAGES =
  'base-files bash coreutils dash findutils grep gzip hostname libc-bin libstdc++6 mount passwd procps sed tar uidmap util-linux'.split(' ')
const NOT_NEEDED = /^\/usr\/(share\/(doc|man|locale|info|lintian|bash-completion|zoneinfo)|lib\/(systemd|x86_64-linux-gnu\/(perl|gconv)))\//
/** What maintainer scripts make, and so is in no package. */
const ETC = ['passwd', 'group', 'shadow', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'nsswitch.conf', 'alternatives', 'motd', 'hostname']
const FOLDERS = 'dev proc sys run tmp root home etc var usr/bin usr/lib usr/lib64 usr/sbin project'.split(' ')
/** In the order in which they need each other. */
const MODULES = [
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_pci_modern_dev',
  'drivers/virtio/virtio_pci_legacy_dev',
  'drivers/virtio/virtio_pci',
  'drivers/block/virtio_blk',
  'fs/configfs/configfs',
  'drivers/block/null_blk/null_blk',
  'fs/overlayfs/overlay',
]

/** Makes the disk's image at `file`. `project`: paths below the repository that go to /project, as they are; `extra`: [host path, path in the machine]. */
export async function makeDisk(file, work, project, extra) {
  const stage = join(work, 'disk')
  for (const folder of FOLDERS) mkdirSync(join(stage, folder), { recursive: true, mode: 0o755 })
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) symlinkSync(`usr/${name}`, join(stage, name))
  writeFileSync(join(work, 'base'), (await hostFiles()).map((path) => `.${path}\n`).join(''))
  // Not from a list to a copy one by one: tar keeps links, modes and owners.
  const pipe = `tar -C / -c --no-recursion --ignore-failed-read -T '${join(work, 'base')}' | tar -C '${stage}' -x --keep-directory-symlink -p`
  await quietly('copying the base', 'sh', ['-c', pipe])
  for (const name of ETC)
    if (existsSync(`/etc/${name}`)) cpSync(`/etc/${name}`, join(stage, 'etc', name), { recursive: true, verbatimSymlinks: true })
  for (const path of project) copy(join(root, path), join(stage, 'project', path))
  for (const [from, to] of extra) copy(from, join(stage, to))
  chmodSync(join(stage, 'tmp'), 0o1777)
  rmSync(file, { force: true })
  // -E root_owner: who made the stage may be an ordinary user. No journal: the image lives for one run.
  await quietly('the disk image', 'mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-E', 'root_owner=0:0', '-d', stage, file, '1500m'])
  rmSync(stage, { recursive: true })
}

function copy(from, to) {
  if (!existsSync(from)) return
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to, { recursive: true, verbatimSymlinks: true })
}

/** Absolute paths of the packages' files, and Node with its libraries. */
async function hostFiles() {
  const field = (name) => `$\{${name}}`
  const { output } = await capture('dpkg-query', ['-W', '-f', `${field('Package')}\t${field('Pre-Depends')}, ${field('Depends')}\n`])
  const needs = new Map()
  for (const line of output.split('\n')) {
    const [name, depends = ''] = line.split('\t')
    needs.set(
      name,
      [...depends.matchAll(/(?:^|, )([a-z0-9.+-]+)/g)].map((match) => match[1]),
    )
  }
  const names = new Set()
  const visit = (name) => {
    if (names.has(name) || !needs.has(name)) return
    names.add(name)
    for (const other of needs.get(name)) visit(other)
  }
  for (const name of PACKAGES) visit(name)
  for (const unused of ['perl-base', 'dpkg', 'debconf', 'init-system-helpers']) names.delete(unused)
  const files = (await quietly('the list of files', 'dpkg-query', ['-L', ...names])).split('\n')
  const libraries = [...(await quietly('ldd', 'ldd', [process.execPath])).matchAll(/(\/\S+) \(0x/g)].map((match) => match[1])
  const node = [process.execPath, ...libraries].flatMap((path) => [path, realpathSync(path)])
  return [...new Set([...files, ...node])].filter(
    (path) => path.startsWith('/') && path !== '/.' && !NOT_NEEDED.test(path) && existsSync(path),
  )
}

/** Makes the initramfs at `file`: busybox, the modules that the disk needs, and `init`. */
export async function makeInitramfs(file, work, modules, init) {
  const stage = join(work, 'initramfs')
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'new', 'modules']) mkdirSync(join(stage, folder), { recursive: true })
  copyFileSync('/bin/busybox', join(stage, 'bin', 'busybox'))
  const names = MODULES.map((name) => `${name}.ko`).filter((name) => existsSync(join(modules, name)))
  const lines = names.map((name) => {
    const short = name.slice(name.lastIndexOf('/') + 1)
    copyFileSync(join(modules, name), join(stage, 'modules', short))
    return `insmod /modules/${short}`
  })
  writeFileSync(join(stage, 'init'), init.replace('@MODULES@', lines.join('\n')), { mode: 0o755 })
  await quietly('the initramfs', 'sh', ['-c', `cd '${stage}' && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1 > '${file}'`])
}
