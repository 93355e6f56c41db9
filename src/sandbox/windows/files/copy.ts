// Copies of whole trees by CopyFile, which shares blocks where the file system can (ReFS, from Windows 11 24H2 on). Hard links to what others use would do
// no: a write through one is a write to all of them.
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { native } from '../../../native/index.js'
import type { MountSource } from '../../../rootfs/index.js'
import { kindOf, openTop, walk } from './tree.js'

/** What a copy leaves out: links, which it takes a privilege to make and which would lead out. */
export interface Copied {
  readonly links: number
}

/** The files and directories below one directory into another, which is there. A file of several names becomes several. */
export async function copyBelow(from: string, to: string, skip: (path: string) => boolean, signal?: AbortSignal): Promise<Copied> {
  const top = openTop(from)
  let links = 0
  try {
    for (const { path, stat: found } of walk(top, skip)) {
      signal?.throwIfAborted()
      const kind = kindOf(found)
      if (kind === 'directory') await mkdir(join(to, path), { recursive: true })
      else if (kind === 'file') await copyFile(join(from, path), join(to, path))
      else links++
    }
    return { links }
  } finally {
    native().close(top)
  }
}

/** A file, or a directory with what is below it, as `to`. */
export async function copyAs(source: MountSource, to: string, signal?: AbortSignal): Promise<Copied> {
  if (source.kind === 'directory') {
    await mkdir(to, { recursive: true })
    return copyBelow(source.path, to, () => false, signal)
  }
  await mkdir(dirname(to), { recursive: true })
  await copyFile(source.path, to)
  return { links: 0 }
}
