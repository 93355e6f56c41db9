// Executables with all that they need to start, at their own paths: interpreter, shared libraries, and the links that lead there.
import { lstat, readlink, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { FormatError, imagePath, joinPath } from '../../core/index.js'
import { readElf } from '../elf/elf.js'
import { librariesOf } from '../elf/libraries.js'
import { headOf, hostContent, unreadable } from '../host-file.js'
import type { LayerDraft } from '../layer-draft.js'

const HOPS_MAX = 40
const SCRIPT_DEPTH_MAX = 4
const SHEBANG_MAX_BYTES = 256
const SEARCHED = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin']

/** Adds the executables at these absolute host paths. @throws FormatError for what is no executable the kernel starts
 *  @throws StrataError `ENOENT` …, `ERR_LIBRARY_MISSING` */
export async function addPrograms(draft: LayerDraft, hostPaths: readonly string[]): Promise<void> {
  for (const path of hostPaths) {
    try {
      await addProgram(draft, path, 0)
    } catch (error) {
      throw unreadable('program', path, error)
    }
  }
}

async function addProgram(draft: LayerDraft, path: string, depth: number): Promise<void> {
  const found = await stat(path)
  if (!found.isFile()) throw new FormatError(`program: ${path} is not a file`)
  if ((found.mode & 0o111) === 0) throw new FormatError(`program: ${path} is not executable`)
  await addHostFile(draft, path)
  const head = await headOf(path, SHEBANG_MAX_BYTES)
  if (head.subarray(0, 2).toString() === '#!') return addInterpreters(draft, path, head, depth)
  const elf = await readElf(path)
  if (elf === undefined) throw new FormatError(`program: ${path} is neither an ELF executable nor a script with #!`)
  if (elf.interpreter === undefined) return
  await addHostFile(draft, elf.interpreter)
  const libraries = await librariesOf(path, elf)
  const libc = libraries.find((library) => /^libc\.(so\.6|musl-)/.test(basename(library.path)))
  for (const library of libraries) {
    await addHostFile(draft, library.path)
    // The image has no linker cache: a link puts the library where the linker looks anyway.
    if (!library.isInDefaultDirectory && libc !== undefined)
      await addLink(draft, join(dirname(libc.path), basename(library.path)), library.path)
  }
}

/** execve(2), "Interpreter scripts". */
async function addInterpreters(draft: LayerDraft, path: string, head: Buffer, depth: number): Promise<void> {
  if (depth >= SCRIPT_DEPTH_MAX)
    throw new FormatError(`program: ${path}: scripts whose interpreters are scripts, more than ${SCRIPT_DEPTH_MAX} deep`)
  const [interpreter = '', ...args] = (head.toString().slice(2).split('\n')[0] ?? '').trim().split(/\s+/)
  if (!isAbsolute(interpreter)) throw new FormatError(`program: ${path} names no absolute path after #!`)
  await addProgram(draft, interpreter, depth + 1)
  if (basename(interpreter) !== 'env') return
  const command = args.find((arg) => !arg.startsWith('-') && !arg.includes('='))
  const program = command === undefined ? undefined : await onPath(command)
  if (program !== undefined) await addProgram(draft, program, depth + 1)
}

async function onPath(command: string): Promise<string | undefined> {
  if (isAbsolute(command)) return command
  for (const directory of SEARCHED) {
    try {
      if ((await stat(join(directory, command))).isFile()) return join(directory, command)
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  return undefined
}

/** Adds a host file so that its path works in the image: each link on the way becomes the same link, unless the image has something else there. */
async function addHostFile(draft: LayerDraft, path: string): Promise<void> {
  // Where we are on the host and in the image. They part where the image has a directory (or its own link) and the host a link.
  let host = '/'
  let inside = '/'
  let todo = imagePath(path).slice(1).split('/')
  for (let hops = 0; todo.length > 0; ) {
    const [name, ...rest] = todo as [string, ...string[]]
    const from = join(host, name)
    const to = joinPath(inside, name)
    const here = await lstat(from)
    const there = await draft.find(to)
    if (here.isSymbolicLink()) {
      if (++hops > HOPS_MAX) throw new FormatError(`program: ${path}: links in a circle`)
      const target = await readlink(from)
      if (there === undefined ? host === inside : there.type === 'symlink' && there.target === target) {
        await addLink(draft, to, target)
        todo = [
          ...imagePath(target.startsWith('/') ? target : `${host}/${target}`)
            .slice(1)
            .split('/'),
          ...rest,
        ]
        host = inside = '/'
        continue
      }
    }
    todo = rest
    if (rest.length === 0) return addFile(draft, to, await realpath(from))
    host = await realpath(from)
    inside = there?.type === 'symlink' ? await draft.tree.resolve(to, { last: true }) : to
  }
}

async function addFile(draft: LayerDraft, path: string, host: string): Promise<void> {
  if (draft.has(path)) return
  const { mode, size } = await stat(host)
  await draft.add({ type: 'file', path, mode: mode & 0o7777, uid: 0, gid: 0, size, content: () => hostContent(host) })
}

async function addLink(draft: LayerDraft, path: string, target: string): Promise<void> {
  const found = await draft.find(path)
  if (found?.type === 'symlink' && found.target === target) return
  await draft.add({ type: 'symlink', path, mode: 0o777, uid: 0, gid: 0, target })
}
