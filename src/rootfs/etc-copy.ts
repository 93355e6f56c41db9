// A private copy of the host's /etc, made once for each state of it: what an overlay needs where the live one cannot be its lower. Secrets and what
// the user may not read are left out.
import { constants } from 'node:fs'
import { chmod, copyFile, lchown, lstat, mkdir, mkdtemp, readdir, readlink, rename, rm, symlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { createSha256 } from '#hash'
import { comparePaths, utf8 } from '../core/index.js'
import { etcSecrets } from './host-root.js'

const UNREADABLE = ['EACCES', 'EPERM', 'ENOENT']

/** Calls `work`; undefined where the user may not, or where it went away meanwhile. */
async function allowed<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (UNREADABLE.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

interface Item {
  readonly relative: string
  readonly kind: 'directory' | 'file' | 'symlink'
  readonly mode: number
  readonly size: number
  readonly mtimeMs: number
  readonly uid: number
  readonly gid: number
}

async function* walk(root: string, hidden: ReadonlySet<string>, relative = ''): AsyncGenerator<Item> {
  const names = (await allowed(() => readdir(join(root, relative)))) ?? []
  for (const name of names.sort(comparePaths)) {
    const path = relative === '' ? name : `${relative}/${name}`
    const stat = hidden.has(path) ? undefined : await allowed(() => lstat(join(root, path)))
    if (stat === undefined) continue
    const kind = stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'symlink' : undefined
    if (kind === undefined) continue
    const { mode, size, mtimeMs, uid, gid } = stat
    yield { relative: path, kind, mode: mode & 0o7777, size, mtimeMs, uid, gid }
    if (kind === 'directory') yield* walk(root, hidden, path)
  }
}

async function copyItem(from: string, to: string, item: Item): Promise<void> {
  const [source, target] = [join(from, item.relative), join(to, item.relative)]
  if (item.kind === 'directory') await mkdir(target, { mode: 0o700 })
  else if (item.kind === 'symlink') await symlink(await readlink(source), target)
  else if ((await allowed(() => copyFile(source, target, constants.COPYFILE_FICLONE).then(() => true))) === undefined) return
  if (process.geteuid?.() === 0) await lchown(target, item.uid, item.gid)
  if (item.kind === 'symlink') return
  // Its owner inside is root, who may write what it may not read outside; the directory stays ours to fill.
  await chmod(target, item.kind === 'directory' ? item.mode | 0o700 : item.mode)
  if (item.kind === 'file') await utimes(target, item.mtimeMs / 1000, item.mtimeMs / 1000)
}

const made = new Map<string, Promise<string>>()

/** The path of the copy below `cache`, made if need be: of /etc as it was when this process first asked, for looking again costs 50 ms and more. */
export async function etcCopy(cache: string): Promise<string> {
  const known = made.get(cache)
  if (known !== undefined) {
    const path = await known
    if ((await allowed(() => lstat(path))) !== undefined) return path
    // Somebody else found it gone first.
    const newer = made.get(cache)
    if (newer !== undefined && newer !== known) return newer
  }
  const making = copyEtc(cache)
  made.set(cache, making)
  making.catch(() => made.delete(cache))
  return making
}

/** The same for a directory as it is now; safe for several processes at once. */
export async function copyEtc(cache: string, etc = '/etc'): Promise<string> {
  const items: Item[] = []
  const hash = createSha256()
  for await (const item of walk(etc, new Set(etcSecrets(etc)))) {
    items.push(item)
    hash.update(utf8(`${JSON.stringify(item)}\n`))
  }
  const path = join(cache, `host-etc-${hash.hex().slice(0, 16)}`)
  if ((await allowed(() => lstat(path))) !== undefined) return path
  const making = await mkdtemp(join(cache, 'making-'))
  try {
    for (const item of items) await copyItem(etc, making, item)
    await chmod(making, 0o755)
    await rename(making, path)
  } catch (error) {
    await rm(making, { recursive: true, force: true })
    // Another process was faster; its copy is the same.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  return path
}
