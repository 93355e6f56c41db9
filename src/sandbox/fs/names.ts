// Names and links: rename(2), link(2), symlink(2), readlink(2), realpath(3), unlink(2), rmdir(2).
import type { PathLike } from 'node:fs'
import { OP, step } from '../../native/index.js'
import { encodeName, optionsOf, pathText } from './arguments.js'
import type { Inside } from './inside.js'

/** rename(2). A directory of the image below may be EXDEV, as for every program inside (overlayfs). */
export async function rename(inside: Inside, from: PathLike, to: PathLike): Promise<void> {
  const path = pathText(from, 'oldPath')
  const dest = pathText(to, 'newPath')
  await inside.ask(step(OP.fsRename, [], path, dest), { syscall: 'rename', path, dest })
}

/** link(2): a link to a symbolic link is one to the link itself. */
export async function link(inside: Inside, existing: PathLike, created: PathLike): Promise<void> {
  const path = pathText(existing, 'existingPath')
  const dest = pathText(created, 'newPath')
  await inside.ask(step(OP.fsLink, [], path, dest), { syscall: 'link', path, dest })
}

/** symlink(2). The target is stored as it is and leads to what it names inside. */
export async function symlink(inside: Inside, target: PathLike, path: PathLike): Promise<void> {
  const text = pathText(target, 'target')
  const dest = pathText(path)
  const { uid, gid } = await inside.user()
  await inside.ask(step(OP.fsSymlink, [uid, gid], text, dest), { syscall: 'symlink', path: text, dest })
}

/** readlink(2). */
export async function readlink(inside: Inside, path: PathLike, options?: unknown): Promise<string | Buffer> {
  const text = pathText(path)
  const { strings } = await inside.ask(step(OP.fsReadlink, [], text), { syscall: 'readlink', path: text })
  return encodeName(strings[0] ?? '', optionsOf(options).encoding)
}

/** realpath(3), as seen inside. */
export async function realpath(inside: Inside, path: PathLike, options?: unknown): Promise<string | Buffer> {
  const text = pathText(path)
  const { strings } = await inside.ask(step(OP.fsRealpath, [], text), { syscall: 'realpath', path: text })
  return encodeName(strings[0] ?? '', optionsOf(options).encoding)
}

/** unlink(2). */
export async function unlink(inside: Inside, path: PathLike): Promise<void> {
  const text = pathText(path)
  await inside.ask(step(OP.fsUnlink, [0], text), { syscall: 'unlink', path: text })
}

/** rmdir(2). */
export async function rmdir(inside: Inside, path: PathLike): Promise<void> {
  const text = pathText(path)
  await inside.ask(step(OP.fsUnlink, [1], text), { syscall: 'rmdir', path: text })
}
