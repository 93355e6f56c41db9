// Programs of the host and all that they need to start, found without running anything. Sources: execve(2), ld.so(8).
import { baseName, FormatError } from '../../core/index.js'
import { hasElfMagic } from './elf-header.js'
import { hostError } from './host-error.js'
import { withHostFile } from './host-file.js'
import { type Found, HostTree } from './host-tree.js'
import { placeLibraries } from './libraries.js'
import type { ProgramFile } from './program-file.js'
import { envCommand, isScript, parseShebang, SHEBANG_MAX_BYTES } from './shebang.js'

/** Where a command of `#!/usr/bin/env` is looked up: the PATH of a sandbox whose image sets none. */
const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** What to look at, and when to stop. */
export interface ProgramOptions {
  /** The directory that counts as the host's root. Default '/'. */
  readonly root?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Everything that the executables at `hostPaths` need to start, sorted by path bytes, parents before children, without '/' itself.
 *
 *  Each program stands at its own path; where the host has a link on the way (/bin → usr/bin, /bin/sh → dash) the link is kept and what it leads to is taken too.
 *  ELF programs bring their dynamic loader and shared libraries, found by the loader's own rules; a cache or path file of the loader comes along only if a library
 *  is found through it. Scripts bring their interpreter; for `#!/usr/bin/env NAME` that is env and NAME, looked up in the default PATH of a sandbox
 *  (/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin), then among `hostPaths`.
 *
 *  What a program opens only while it runs cannot be seen: modules of an interpreter (Python's library), dlopen(3), locales, /etc/passwd. Copy those beside it.
 *  @param hostPaths absolute paths
 *  @throws TypeError for a path that is not absolute
 *  @throws SyscallError ENOENT for a missing program, interpreter or library (with who needs it), EISDIR, EACCES for what may not be executed or read, ELOOP
 *  @throws FormatError for what is neither ELF nor script, or malformed */
export async function programFiles(hostPaths: readonly string[], options: ProgramOptions = {}): Promise<ProgramFile[]> {
  for (const path of hostPaths) {
    if (typeof path !== 'string' || !path.startsWith('/') || path.includes('\0')) {
      throw new TypeError(
        `program: not an absolute path: ${JSON.stringify(path)} (a program is placed where it lies on the host: give its full path)`,
      )
    }
  }
  const root = options.root ?? '/'
  if (!root.startsWith('/')) throw new TypeError(`program: root must be an absolute path, not ${JSON.stringify(root)}`)
  options.signal?.throwIfAborted()
  const programs = new Programs(new HostTree(root, options.signal), hostPaths)
  for (const path of hostPaths) await programs.add(path)
  return programs.tree.placed()
}

class Programs {
  readonly tree: HostTree
  readonly #given: readonly string[]
  readonly #done = new Set<string>()
  readonly #underWay = new Set<string>()

  constructor(tree: HostTree, given: readonly string[]) {
    this.tree = tree
    this.#given = given
  }

  /** @param wantedBy the script whose interpreter it is */
  async add(path: string, wantedBy?: string): Promise<void> {
    const found = await this.#executable(path, wantedBy)
    this.tree.place(found)
    if (this.#done.has(found.path)) return
    if (this.#underWay.has(found.path)) throw hostError('ELOOP', 'execve', path, `${path} is a script that is its own interpreter`)
    this.#underWay.add(found.path)
    const head = await withHostFile(found.source, (file) => file.upTo(0, SHEBANG_MAX_BYTES))
    if (isScript(head)) await this.#addInterpreter(head, path)
    else if (hasElfMagic(head)) await placeLibraries(this.tree, found)
    else
      throw new FormatError(`${path} is neither an ELF file nor a script`, {
        remedy: `begin a script with a '#!' line, or take it in with copy()`,
      })
    this.#underWay.delete(found.path)
    this.#done.add(found.path)
  }

  async #addInterpreter(head: Uint8Array, script: string): Promise<void> {
    const { interpreter, argument } = parseShebang(head, script)
    await this.add(interpreter, script)
    if (baseName(interpreter) !== 'env') return
    const command = envCommand(argument)
    if (command !== undefined) await this.add(await this.#lookUp(command, script), script)
  }

  async #lookUp(command: string, script: string): Promise<string> {
    if (command.startsWith('/')) return command
    for (const directory of PATH) {
      const path = `${directory}/${command}`
      if ((await this.tree.find(path))?.executable) return path
    }
    const given = this.#given.find((path) => baseName(path) === command)
    if (given !== undefined) return given
    throw hostError('ENOENT', 'execve', command, `no ${command} in ${PATH.join(':')}; it is the interpreter of ${script}`, {
      remedy: 'give its full path to program() too, and let the image set PATH',
    })
  }

  async #executable(path: string, wantedBy: string | undefined): Promise<Found> {
    const who = wantedBy === undefined ? path : `${path}, the interpreter of ${wantedBy}`
    const found = await this.tree.find(path)
    const fail = (code: 'ENOENT' | 'EISDIR' | 'EACCES', what: string, remedy: string) =>
      hostError(code, 'execve', path, `${who}: ${what}`, { remedy })
    if (found === undefined) throw fail('ENOENT', 'no such program on this host', 'check the path, or install the program')
    if (found.kind === 'directory') throw fail('EISDIR', 'a directory, not a program', 'name a program in it, or take it in with copy()')
    if (found.kind === 'other') throw fail('EACCES', 'not a regular file', 'name a program')
    if (!found.executable) throw fail('EACCES', 'not executable', `chmod +x it, or take it in with copy()`)
    return found
  }
}
