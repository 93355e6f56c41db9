// Where a command's paths lead on the host: what begins with '/' is inside the quarantine, and so is what an image says of its drive C:.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ERRNO, SyscallError } from '../../../core/index.js'
import { insideNames } from './inside-path.js'

const DRIVE = /^[A-Za-z]:[\\/]/
const SYSTEM_DRIVE = /^[Cc]:[\\/]/
const EXTENSIONS = '.COM;.EXE'

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

/** Paths of one sandbox. */
export class CommandPaths {
  readonly #root: string
  readonly #isImage: boolean

  /** `root`: the quarantine's directory. `isImage`: its files stand for those of C:. */
  constructor(root: string, isImage: boolean) {
    this.#root = root
    this.#isImage = isImage
  }

  /** A path as the host has it. */
  onHost(path: string): string {
    if (/^[\\/](?![\\/])/.test(path)) return join(this.#root, ...insideNames(path))
    if (!this.#isImage || !SYSTEM_DRIVE.test(path)) return path
    const inside = join(this.#root, ...insideNames(path.slice(2)))
    // The image brings what it brings; Windows itself is the host's.
    return statSync(inside, { throwIfNoEntry: false }) === undefined ? path : inside
  }

  /** The variable PATH with its places inside. */
  search(path: string): string {
    return path
      .split(';')
      .filter((place) => place !== '')
      .flatMap((place) => [...new Set([this.onHost(place), place])])
      .join(';')
  }

  /** The program of a command: a path as it is meant, a bare name as PATH has it; never looked for beside this process's own program or in the working
   *  directory, as CreateProcess would. @throws SyscallError ENOENT */
  program(name: string, environment: Readonly<Record<string, string | undefined>>): string {
    const variable = (wanted: string) => Object.entries(environment).find(([key]) => key.toUpperCase() === wanted)?.[1]
    const candidates = (path: string) => [path, ...(variable('PATHEXT') ?? EXTENSIONS).split(';').map((extension) => path + extension)]
    const places = /[\\/]/.test(name)
      ? ['']
      : (variable('PATH') ?? '').split(';').filter((place) => DRIVE.test(place) || place.startsWith('\\\\'))
    for (const place of places) {
      const found = candidates(place === '' ? this.onHost(name) : join(place, name)).find(isFile)
      if (found !== undefined) return found
    }
    throw new SyscallError(
      { errno: ERRNO.ENOENT, code: 'ENOENT', syscall: 'CreateProcess', path: name },
      { remedy: 'name a program that is there, or add its directory to PATH' },
    )
  }
}
