// The host's files as ld.so and execve would reach them, link by link, and what of them a program needs. Source: path_resolution(7).
import type { Stats } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { comparePaths, decodePath, encodePath, joinPath, parentPath } from '../../core/index.js'
import { type Elf, readElf } from './elf.js'
import { fromNode, hostError } from './host-error.js'
import { withHostFile } from './host-file.js'
import type { ProgramFile } from './program-file.js'

/** As in the kernel: more links on one way are ELOOP. */
const LINKS_MAX = 40

/** What is at the end of a path. */
export interface Found {
  /** The path without links. */
  readonly path: string
  /** Where to read it on the host. */
  readonly source: string
  readonly kind: 'file' | 'directory' | 'other'
  /** Whether anybody may execute it. */
  readonly executable: boolean
  /** Every directory, link and file on the way. */
  readonly way: readonly ProgramFile[]
}

type Node = ProgramFile | { readonly path: string; readonly kind: 'other' } | undefined

/** A host's tree below `root`, looked at once: what was seen is kept until the end. */
export class HostTree {
  readonly #root: string
  readonly #signal: AbortSignal | undefined
  readonly #seen = new Map<string, Node>()
  readonly #elves = new Map<string, Elf>()
  readonly #placed = new Map<string, ProgramFile>()

  /** @param root absolute; what links below it point to is looked up below it, as after chroot(2) */
  constructor(root: string, signal: AbortSignal | undefined) {
    this.#root = root.replace(/\/+$/, '')
    this.#signal = signal
  }

  /** What `path` leads to; undefined where there is nothing. @throws SyscallError ELOOP, EACCES … */
  async find(path: string): Promise<Found | undefined> {
    const way = new Map<string, ProgramFile>()
    const rest = path.split('/').reverse()
    let at = '/'
    let links = 0
    while (rest.length > 0) {
      const name = rest.pop()!
      if (name === '..') at = parentPath(at)
      if (name === '' || name === '.' || name === '..') continue
      const node = await this.#look(joinPath(at, name))
      if (node === undefined) return undefined
      if (node.kind !== 'other') way.set(node.path, node)
      if (node.kind === 'symlink') {
        if (++links > LINKS_MAX) throw hostError('ELOOP', 'open', path, `${path} leads through more than ${LINKS_MAX} symbolic links`)
        if (node.target.startsWith('/')) at = '/'
        rest.push(...node.target.split('/').reverse())
      } else if (node.kind === 'directory') {
        at = node.path
      } else {
        return rest.length > 0 ? undefined : this.#found(node, way)
      }
    }
    return { path: at, source: this.#source(at), kind: 'directory', executable: false, way: [...way.values()] }
  }

  /** Takes everything on the way to `found` into the list. */
  place(found: Found): void {
    for (const file of found.way) this.#placed.set(file.path, file)
  }

  /** What was placed, in byte order of the paths: parents before children. */
  placed(): ProgramFile[] {
    return [...this.#placed.values()].sort((a, b) => comparePaths(a.path, b.path))
  }

  /** The ELF file that was found. @throws FormatError where it is none */
  async elf(found: Found): Promise<Elf> {
    const known = this.#elves.get(found.path)
    if (known !== undefined) return known
    const elf = await withHostFile(found.source, readElf)
    this.#elves.set(found.path, elf)
    return elf
  }

  #found(node: Exclude<Node, undefined>, way: ReadonlyMap<string, ProgramFile>): Found {
    const executable = node.kind === 'file' && (node.mode & 0o111) !== 0
    return {
      path: node.path,
      source: this.#source(node.path),
      kind: node.kind === 'file' ? 'file' : 'other',
      executable,
      way: [...way.values()],
    }
  }

  async #look(path: string): Promise<Node> {
    this.#signal?.throwIfAborted()
    if (!this.#seen.has(path)) this.#seen.set(path, await this.#read(path))
    return this.#seen.get(path)
  }

  async #read(path: string): Promise<Node> {
    const source = this.#source(path)
    const name = Buffer.from(encodePath(source))
    try {
      const stat = await lstat(name)
      return stat.isSymbolicLink()
        ? { path, kind: 'symlink', target: decodePath(await readlink(name, { encoding: 'buffer' })) }
        : node(path, source, stat)
    } catch (error) {
      // A name longer than the file system allows is the name of nothing.
      if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
      throw fromNode(error, source)
    }
  }

  readonly #source = (path: string): string => (this.#root === '' ? path : `${this.#root}${path}`)
}

function node(path: string, source: string, stat: Stats): Node {
  if (stat.isDirectory()) return { path, kind: 'directory', mode: stat.mode & 0o1777 }
  if (stat.isFile()) return { path, kind: 'file', mode: stat.mode & 0o777, source, size: stat.size }
  return { path, kind: 'other' }
}
