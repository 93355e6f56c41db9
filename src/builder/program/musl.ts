// Where musl's loader looks for a library. Source: musl's manual, "The dynamic linker"; observed behaviour of ldso 1.2.
import { decodePath, parentPath } from '../../core/index.js'
import { withHostFile } from './host-file.js'
import type { HostTree } from './host-tree.js'
import type { Candidate, LoadedFile, Loader } from './loader.js'
import { expandPath } from './tokens.js'

const INTERPRETER = /^ld-musl-([^/]+)\.so\.1$/
/** Parts of the C library that musl has in one file; it answers to all of their names itself. */
const BUILT_IN = /^lib(c|pthread|rt|m|dl|util|xnet)\./
const DIRECTORIES = ['/lib', '/usr/local/lib', '/usr/lib']
const PATH_FILE_MAX_BYTES = 1 << 16

/** Whether `interpreter` is musl's loader. */
export const isMusl = (interpreter: string): boolean => INTERPRETER.test(interpreter.slice(interpreter.lastIndexOf('/') + 1))

/** The rules for programs of this interpreter. Its search path is in /etc/ld-musl-ARCH.path of the prefix that it is installed in. */
export async function muslLoader(tree: HostTree, interpreter: string): Promise<Loader> {
  const arch = INTERPRETER.exec(interpreter.slice(interpreter.lastIndexOf('/') + 1))?.[1]
  const prefix = parentPath(parentPath(interpreter))
  const configuration = `${prefix === '/' ? '' : prefix}/etc/ld-musl-${arch}.path`
  const found = await tree.find(configuration)
  const isConfigured = found?.kind === 'file'
  const directories = isConfigured ? await readPathFile(found.source) : DIRECTORIES
  return {
    provides: (name) => BUILT_IN.test(name),
    async candidates(name, neededBy) {
      const inside = (directory: string): Candidate => ({ path: `${directory}/${name}` })
      const system = directories.map(inside).map((place) => (isConfigured ? { ...place, configuration } : place))
      return [...searchPaths(neededBy).map(inside), ...system]
    },
  }
}

/** musl makes no difference between the two kinds of path (DT_RUNPATH wins), and both are inherited. */
function searchPaths(file: LoadedFile): string[] {
  const paths: string[] = []
  for (let at: LoadedFile | undefined = file; at !== undefined; at = at.loadedBy) {
    paths.push(...expandPath(at.elf.runpath ?? at.elf.rpath, at.elf, at.origin))
  }
  return paths
}

async function readPathFile(source: string): Promise<string[]> {
  const bytes = await withHostFile(source, (file) => file.upTo(0, PATH_FILE_MAX_BYTES))
  return decodePath(bytes)
    .split(/[:\n]/)
    .filter((path) => path.startsWith('/'))
}
