// Where the dynamic linker finds libraries: ld.so(8), "DESCRIPTION"; musl's own paths where its loader is the interpreter.
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { StrataError } from '../../core/index.js'
import { type ElfFile, type ElfKind, readElf } from './elf.js'

/** Multiarch directories (Debian) and processor names, by e_machine. */
const MACHINES: ReadonlyMap<number, { readonly triplet: string; readonly platform: string }> = new Map([
  [3, { triplet: 'i386-linux-gnu', platform: 'i686' }],
  [40, { triplet: 'arm-linux-gnueabihf', platform: 'v7l' }],
  [62, { triplet: 'x86_64-linux-gnu', platform: 'x86_64' }],
  [183, { triplet: 'aarch64-linux-gnu', platform: 'aarch64' }],
  [243, { triplet: 'riscv64-linux-gnu', platform: 'riscv64' }],
])
const OBJECTS_MAX = 10_000
const CONF_DEPTH_MAX = 8

/** A file that a program needs at run time. */
export interface Library {
  /** The path under which the linker opens it. */
  readonly path: string
  /** Whether the linker looks in that directory without a cache or configuration file. */
  readonly isInDefaultDirectory: boolean
}

/** All libraries that a dynamically linked file loads at its start, by the linker's rules, its interpreter not among them.
 *  @throws StrataError `ERR_LIBRARY_MISSING` */
export async function librariesOf(program: string, elf: ElfFile): Promise<readonly Library[]> {
  const isMusl = elf.interpreter !== undefined && basename(elf.interpreter).startsWith('ld-musl')
  const places: Places = {
    configured: isMusl ? await muslPaths(elf.interpreter!) : await configuredDirectories('/etc/ld.so.conf'),
    defaults: isMusl ? ['/lib', '/usr/local/lib', '/usr/lib'] : defaultDirectories(elf),
  }
  const found = new Map<string, Library>()
  const queue: { path: string; elf: ElfFile; inherited: readonly string[] }[] = [{ path: program, elf, inherited: [] }]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const own = await expand(next.path, next.elf, next.elf.rpath)
    const runpath = await expand(next.path, next.elf, next.elf.runpath)
    // An object with DT_RUNPATH ignores every DT_RPATH, and its own does not reach what its libraries need.
    const rpath = runpath.length > 0 ? [] : [...own, ...next.inherited]
    for (const name of next.elf.needed) {
      if (found.has(name) || name === basename(elf.interpreter ?? '')) continue
      const library = await locate(name, elf, [...rpath, ...runpath], places)
      if (library === undefined) {
        throw new StrataError(`${next.path} needs ${name}, which is not on this machine`, {
          code: 'ERR_LIBRARY_MISSING',
          remedy: 'install the library',
        })
      }
      found.set(name, library)
      if (found.size > OBJECTS_MAX)
        throw new StrataError(`${program} needs more than ${OBJECTS_MAX} libraries`, { code: 'ERR_LIBRARY_MISSING' })
      const its = await readElf(library.path)
      if (its !== undefined) queue.push({ path: library.path, elf: its, inherited: runpath.length > 0 ? next.inherited : rpath })
    }
  }
  return [...found.values()]
}

interface Places {
  readonly configured: readonly string[]
  readonly defaults: readonly string[]
}

async function locate(name: string, kind: ElfKind, first: readonly string[], places: Places): Promise<Library | undefined> {
  if (name.includes('/')) return { path: name, isInDefaultDirectory: true }
  for (const directory of first)
    if (await fits(join(directory, name), kind)) return { path: join(directory, name), isInDefaultDirectory: true }
  // Before the cache, although the linker looks there first: what both have is the same on a sane machine, and the image has no cache.
  for (const directory of places.defaults) {
    if (await fits(join(directory, name), kind)) return { path: join(directory, name), isInDefaultDirectory: true }
  }
  for (const directory of places.configured) {
    if (await fits(join(directory, name), kind)) return { path: join(directory, name), isInDefaultDirectory: false }
  }
  return undefined
}

async function fits(path: string, kind: ElfKind): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
  const elf = await readElf(path)
  return elf !== undefined && elf.bits === kind.bits && elf.machine === kind.machine
}

async function expand(object: string, kind: ElfKind, paths: readonly string[]): Promise<readonly string[]> {
  if (paths.length === 0) return []
  const origin = dirname(await realpath(object))
  const lib = kind.bits === 64 ? 'lib64' : 'lib'
  const platform = MACHINES.get(kind.machine)?.platform ?? ''
  return paths
    .filter((path) => path !== '')
    .map((path) =>
      path
        .replace(/\$(ORIGIN|\{ORIGIN\})/g, origin)
        .replace(/\$(LIB|\{LIB\})/g, lib)
        .replace(/\$(PLATFORM|\{PLATFORM\})/g, platform),
    )
}

function defaultDirectories(kind: ElfKind): readonly string[] {
  const triplet = MACHINES.get(kind.machine)?.triplet
  const multiarch = triplet === undefined ? [] : [`/lib/${triplet}`, `/usr/lib/${triplet}`]
  return [...multiarch, ...(kind.bits === 64 ? ['/lib64', '/usr/lib64'] : []), '/lib', '/usr/lib']
}

/** ldconfig(8): directories, one a line, `include` with globs. */
async function configuredDirectories(file: string, depth = 0): Promise<readonly string[]> {
  if (depth > CONF_DEPTH_MAX) return []
  const text = await textOf(file)
  const directories: string[] = []
  for (const line of text.split('\n').map((raw) => raw.replace(/#.*/, '').trim())) {
    const include = /^include\s+(.+)$/.exec(line)
    if (include === null) {
      if (line.startsWith('/')) directories.push(line)
      continue
    }
    for (const each of await matching(include[1]!, dirname(file))) directories.push(...(await configuredDirectories(each, depth + 1)))
  }
  return directories
}

async function matching(pattern: string, from: string): Promise<readonly string[]> {
  const directory = pattern.startsWith('/') ? dirname(pattern) : join(from, dirname(pattern))
  const name = new RegExp(
    `^${basename(pattern)
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )
  try {
    return (await readdir(directory))
      .filter((each) => name.test(each))
      .sort()
      .map((each) => join(directory, each))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function muslPaths(interpreter: string): Promise<readonly string[]> {
  const architecture = basename(interpreter).replace(/^ld-musl-|\.so\.\d+$/g, '')
  return (await textOf(`/etc/ld-musl-${architecture}.path`)).split(/[\n:]/).filter((path) => path.startsWith('/'))
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
