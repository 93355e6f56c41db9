// The libraries of one executable, found breadth first as its loader would. Source: ld.so(8); gABI, "Shared Object Dependencies".
import { FormatError, parentPath, SyscallError } from '../../core/index.js'
import type { Elf } from './elf.js'
import { glibcLoader } from './glibc.js'
import { hostError } from './host-error.js'
import type { Found, HostTree } from './host-tree.js'
import type { Candidate, LoadedFile, Loader } from './loader.js'
import { fits } from './machine.js'
import { isMusl, muslLoader } from './musl.js'
import { expandTokens } from './tokens.js'

/** Far more than any program has; without a bound, a hostile tree of files could keep the search going. */
const LIBRARIES_MAX = 4096

/** Places the loader and all libraries of the executable `found`. Static ones have neither.
 *  @throws SyscallError ENOENT that names a missing library and who needs it | FormatError for a malformed file */
export async function placeLibraries(tree: HostTree, found: Found): Promise<void> {
  const elf = await tree.elf(found)
  if (elf.interpreter === undefined && elf.needed.length === 0) return
  // The kernel gives the loader the executable's path without links: /proc/self/exe.
  const main: LoadedFile = { path: found.path, origin: parentPath(found.path), elf, loadedBy: undefined }
  const names = new Set<string>()
  const queue = [main]
  if (elf.interpreter !== undefined) {
    const interpreter = await placeInterpreter(tree, elf.interpreter, main)
    names.add(elf.interpreter).add(interpreter.soname ?? elf.interpreter)
  }
  const loader =
    elf.interpreter !== undefined && isMusl(elf.interpreter) ? await muslLoader(tree, elf.interpreter) : await glibcLoader(tree, elf)

  const loaded = new Set([found.path])
  for (const file of queue) {
    for (const name of file.elf.needed) {
      // A name that was asked for before, or that a loaded library calls its own, is not looked up again: the first one serves all.
      if (names.has(name) || loader.provides(name)) continue
      names.add(name)
      const library = await findLibrary(tree, loader, name, file)
      if (loaded.has(library.found.path)) continue
      loaded.add(library.found.path)
      if (loaded.size > LIBRARIES_MAX) throw new FormatError(`${found.path} needs more than ${LIBRARIES_MAX} libraries`)
      if (library.elf.soname !== undefined) names.add(library.elf.soname)
      queue.push({ path: library.path, origin: parentPath(library.path), elf: library.elf, loadedBy: file })
    }
  }
}

async function placeInterpreter(tree: HostTree, path: string, main: LoadedFile): Promise<Elf> {
  const remedy = 'install the C library that the program was linked against'
  if (!path.startsWith('/')) throw new FormatError(`${main.path}: its interpreter is a relative path: ${JSON.stringify(path)}`)
  const found = await tree.find(path)
  if (found?.kind !== 'file') throw hostError('ENOENT', 'execve', path, `no file ${path}, the interpreter of ${main.path}`, { remedy })
  const elf = await tree.elf(found)
  if (!fits(elf, main.elf)) throw new FormatError(`${path}, the interpreter of ${main.path}, is for another machine`, { remedy })
  tree.place(found)
  return elf
}

async function findLibrary(
  tree: HostTree,
  loader: Loader,
  name: string,
  neededBy: LoadedFile,
): Promise<{ path: string; found: Found; elf: Elf }> {
  const { elf, origin } = neededBy
  const places: Candidate[] = name.includes('/')
    ? expandTokens(name, elf, origin).map((path) => ({ path }))
    : await loader.candidates(name, neededBy)
  for (const { path, configuration } of places) {
    const found = await tree.find(path).catch(passOver)
    if (found?.kind !== 'file') continue
    const candidate = await tree.elf(found)
    if (!fits(candidate, elf)) continue
    tree.place(found)
    if (configuration !== undefined) tree.place((await tree.find(configuration))!)
    return { path, found, elf: candidate }
  }
  throw missing(name, neededBy)
}

/** The loader goes on to the next directory where it may not look into one. */
function passOver(error: unknown): undefined {
  if (!(error instanceof SyscallError && ['EACCES', 'ELOOP'].includes(error.code))) throw error
}

function missing(name: string, neededBy: LoadedFile): SyscallError {
  const chain: string[] = []
  for (let at = neededBy.loadedBy; at !== undefined; at = at.loadedBy) chain.push(at.path)
  const why = chain.length === 0 ? '' : `, which is needed by ${chain.join(', needed by ')}`
  return hostError('ENOENT', 'open', name, `library ${name} not found; it is needed by ${neededBy.path}${why}`, {
    remedy: 'install it, or run ldconfig if it lies in a directory of /etc/ld.so.conf; LD_LIBRARY_PATH is not looked at',
  })
}
