// Where a sandbox's root comes from: options to lowers, and what the image says about its commands.

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { BASE_ANNOTATION } from '../builder/index.js'
import { type ContentStore, type IdMode, unpackMerged } from '../content/index.js'
import { SyscallError } from '../core/index.js'
import type { Image } from '../image/index.js'
import type { LayerEntry } from '../layer/index.js'
import { type CommandDefaults, noDefaults, type RootInput } from '../sandbox/index.js'
import { fromWindowsEntry } from '../windows-layer/index.js'

/** A root ready to be mounted. */
export interface ResolvedRoot {
  readonly input: RootInput
  readonly image: Image | undefined
  readonly defaults: CommandDefaults
}

/** What an image says about its commands. */
export async function defaultsOf(image: Image): Promise<CommandDefaults> {
  const { config = {} } = await image.config()
  const text = (value: string | undefined) => (value === undefined || value === '' ? undefined : value)
  return {
    env: config.Env ?? [],
    entrypoint: config.Entrypoint ?? [],
    cmd: config.Cmd ?? [],
    cwd: text(config.WorkingDir),
    user: text(config.User),
  }
}

/** A host directory, read-only below. @throws SyscallError when it is not there */
export function directoryRoot(path: string): ResolvedRoot {
  const absolute = resolve(path)
  let isDirectory: boolean
  try {
    isDirectory = statSync(absolute).isDirectory()
  } catch (cause) {
    const { errno = 0, code = 'EIO' } = cause as NodeJS.ErrnoException
    throw new SyscallError(
      { errno: Math.abs(errno), code, syscall: 'stat', path: absolute, step: 'root' },
      { remedy: 'root must be an existing directory, an image or a reference', cause },
    )
  }
  if (!isDirectory)
    throw new SyscallError(
      { errno: 20, code: 'ENOTDIR', syscall: 'stat', path: absolute, step: 'root' },
      { remedy: 'root must be a directory' },
    )
  return { input: { kind: 'directory', path: absolute }, image: undefined, defaults: noDefaults }
}

const isKept = ({ type }: LayerEntry): boolean => ['file', 'directory', 'hardlink', 'whiteout', 'opaque'].includes(type)

/** What writes an image's files out where Windows is to run it: those below Files, where it is made for Windows. */
async function writerOf(image: Image): Promise<Extract<RootInput, { kind: 'tree' }>['write']> {
  const isForWindows = (await image.config()).os === 'windows'
  return async (directory, signal) => {
    let links = 0
    const entry = (found: LayerEntry): LayerEntry | undefined => {
      if (!isKept(found)) links++
      return !isKept(found) ? undefined : isForWindows ? fromWindowsEntry(found) : found
    }
    await unpackMerged(image, directory, { idMode: 'single', signal, entry })
    return { links }
  }
}

/** An image's layers, unpacked as far as they are not yet. */
export async function imageRootOf(
  image: Image,
  content: ContentStore,
  idMode: IdMode,
  signal: AbortSignal | undefined,
): Promise<ResolvedRoot> {
  const { annotations } = await image.manifest()
  const isHost = annotations?.[BASE_ANNOTATION] === 'host'
  if (process.platform === 'win32')
    return { input: { kind: 'tree', isHost, write: await writerOf(image) }, image, defaults: await defaultsOf(image) }
  const lowers = await content.unpacked(image, { idMode, signal })
  const input: RootInput = isHost ? { kind: 'host', layers: lowers } : { kind: 'lowers', lowers }
  return { input, image, defaults: await defaultsOf(image) }
}
