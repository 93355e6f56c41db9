// Our side: the same layers and calls on a UnionFs, with outcomes in the same words.
import type { Change, LayerEntry } from '../../../src/layer/entry.js'
import { type FileHandle, type Stats, UnionFs } from '../../../src/unionfs/index.js'
import {
  type Bytes,
  bytesOf,
  digestOf,
  hex,
  type ModelEntry,
  type Op,
  type Outcome,
  type Result,
  type Row,
  type Sequence,
  unhex,
} from './model.js'

const NOW_NS = 1_800_000_000n * 10n ** 9n

/** A layer of given entries: all that a view needs of one. */
export const layerOf = (entries: readonly LayerEntry[]) => ({
  async *entries() {
    yield* entries
  },
})

/** An entry of a model as one of a layer. */
export function entryOf(entry: ModelEntry): LayerEntry {
  if (entry.type === 'whiteout') return entry
  if (entry.type === 'hardlink') return { ...entry, mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, xattrs: {} }
  const xattrs = Object.fromEntries(Object.entries(entry.xattrs).map(([name, value]) => [name, unhex(value)]))
  const described = { ...entry, mtimeNs: BigInt(entry.mtimeNs), xattrs }
  if (described.type !== 'file') return described
  const { content, ...rest } = described
  return { ...rest, size: bytesOf(content).length, content: () => slowly(bytesOf(content)) }
}

/** The other way: a change as an entry of a model. */
export async function modelOf(change: Change): Promise<ModelEntry> {
  if (change.kind === 'delete') return { type: 'whiteout', path: change.path }
  const { entry } = change
  if (entry.type === 'hardlink') return { type: 'hardlink', path: entry.path, target: entry.target }
  const xattrs = Object.fromEntries(Object.entries(entry.xattrs).map(([name, value]) => [name, hex(value)]))
  const described = { ...entry, mtimeNs: String(entry.mtimeNs), xattrs }
  if (described.type !== 'file') return described as ModelEntry
  const chunks: Uint8Array[] = []
  for await (const chunk of described.content()) chunks.push(chunk)
  return { ...described, content: Buffer.concat(chunks).toString('hex') }
}

// In uneven pieces, as a decompressor gives them.
async function* slowly(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0, length = 3; at < bytes.length; at += length, length = (length * 37) % 40_009) yield bytes.slice(at, at + length)
}

/** A view of model layers. Its clock stands still. */
export const viewOf = (layers: Sequence['layers']): Promise<UnionFs> =>
  UnionFs.of(
    layers.map((entries) => layerOf(entries.map(entryOf))),
    { nowNs: () => NOW_NS },
  )

/** Runs a sequence. The view is given back for further questions. */
export async function runOnView(sequence: Sequence): Promise<Outcome & { ops: Op[]; view: UnionFs; changes: Change[] }> {
  const view = await viewOf(sequence.layers)
  const caller = sequence.user === undefined ? view : view.as(sequence.user)
  const before = await rowsOf(view)
  const handles = new Map<string, FileHandle>()
  const results: Result[] = []
  const ops: Op[] = []
  for (const given of sequence.ops) {
    const op = await concrete(view, given)
    ops.push(op)
    results.push(await attempt(caller, handles, op))
  }
  for (const handle of handles.values()) await handle.close()
  const changes: Change[] = []
  for await (const change of view.changes()) changes.push(change)
  return { ops, results, before, after: await rowsOf(view), view, changes }
}

/** `?N` at the head of a path is the Nth of all paths that are there (N modulo their number), `?fN` of all regular files. Other paths are as they are. */
async function concrete(view: UnionFs, [name, ...args]: Op): Promise<Op> {
  const paths = await view.readdir('/', { recursive: true })
  const types = await view.readdir('/', { recursive: true, withFileTypes: true })
  const files = paths.filter((_, at) => types[at]?.isFile())
  const pick = (_: string, f: string, number: string) => {
    const from = f === 'f' ? files : paths
    return `/${from[Number(number) % from.length] ?? 'none'}`
  }
  return [name, ...args.map((arg) => (typeof arg === 'string' ? arg.replace(/^\?(f?)(\d+)/, pick) : arg))]
}

async function attempt(view: UnionFs, handles: Map<string, FileHandle>, op: Op): Promise<Result> {
  try {
    const value = await call(view, handles, op)
    return { value: value ?? null }
  } catch (error) {
    const { errno } = error as { errno?: unknown }
    if (typeof errno !== 'number') throw error
    return { errno: -errno }
  }
}

async function call(view: UnionFs, handles: Map<string, FileHandle>, [name, ...args]: Op): Promise<unknown> {
  const [a, b, c, d, e] = args as [string, string, string, never, never]
  const number = b as unknown as number
  switch (name) {
    case 'mkdir':
      return view.mkdir(a, number)
    case 'mkfifo':
      return view.mknod(a, { type: 'fifo' }, number)
    case 'rmdir':
    case 'unlink':
    case 'readlink':
    case 'readdir':
      return view[name](a)
    case 'rename':
    case 'link':
    case 'symlink':
      return view[name](a, b)
    case 'stat':
    case 'lstat':
      return described(await view[name](a))
    case 'readFile':
      return digestOf(await view.readFile(a))
    case 'writeFile':
    case 'appendFile':
      return view[name](a, bytesOf(b as unknown as Bytes))
    case 'truncate':
    case 'chmod':
      return view[name](a, number)
    case 'chown':
    case 'lchown':
      return view[name](a, number, c as unknown as number)
    case 'utimes':
    case 'lutimes':
      return view[name](a, BigInt(b), BigInt(b))
    case 'getxattr':
      return hex(await view.getxattr(a, b, { followSymlinks: c as unknown as boolean }))
    case 'setxattr':
      return view.setxattr(a, b, unhex(c), { mode: ([undefined, 'create', 'replace'] as const)[d as number], followSymlinks: e })
    case 'listxattr':
      return view.listxattr(a, { followSymlinks: b as unknown as boolean })
    case 'removexattr':
      return view.removexattr(a, b, { followSymlinks: c as unknown as boolean })
    case 'open': {
      await handles.get(a)?.close()
      handles.delete(a)
      handles.set(a, await view.open(b, c as unknown as number, d))
      return null
    }
    default:
      return onHandle(handles, name, a, args)
  }
}

async function onHandle(handles: Map<string, FileHandle>, name: string, slot: string, args: Op[number][]): Promise<unknown> {
  const handle = handles.get(slot)
  if (handle === undefined) throw Object.assign(new Error('not open'), { errno: -9 })
  const [, first, second] = args as [string, number & Bytes, number]
  const read = async (length: number, position: number | null) => {
    const buffer = new Uint8Array(length)
    return digestOf(buffer.subarray(0, (await handle.read(buffer, 0, length, position)).bytesRead))
  }
  switch (name) {
    case 'read':
      return read(first, second)
    case 'readNext':
      return read(first, null)
    case 'write':
      return (await handle.write(bytesOf(first), 0, undefined, second)).bytesWritten
    case 'writeNext':
      return (await handle.write(bytesOf(first))).bytesWritten
    case 'ftruncate':
      return handle.truncate(first)
    case 'fstat': {
      const { nlink: _, ...rest } = described(await handle.stat()) as { nlink?: number }
      return rest
    }
    case 'close': {
      handles.delete(slot)
      return handle.close()
    }
    default:
      throw new Error(`no such operation: ${name}`)
  }
}

const clock = (ns: bigint): string => (ns === NOW_NS ? 'now' : String(ns))

function described(stats: Stats) {
  const { type, uid, gid, nlink, size, rdev } = stats
  const row = { type, mode: stats.mode & 0o7777, uid, gid, mtime: clock(stats.mtimeNs) }
  return { ...row, ...(type === 'directory' ? {} : { nlink, size }), ...(type === 'char' || type === 'block' ? { rdev } : {}) }
}

/** The whole tree of a view, as overlay.py's walk() gives it. */
export async function rowsOf(view: UnionFs): Promise<Row[]> {
  const rows: Row[] = []
  const groups = new Map<number, string>()
  const visit = async (path: string): Promise<void> => {
    const stats = await view.lstat(path)
    const xattrs: Record<string, string> = {}
    for (const name of await view.listxattr(path, { followSymlinks: false }))
      xattrs[name] = hex(await view.getxattr(path, name, { followSymlinks: false }))
    if (!groups.has(stats.ino)) groups.set(stats.ino, path)
    rows.push({
      ...described(stats),
      path,
      xattrs,
      ...(stats.isFile() ? { content: digestOf(await view.readFile(path)) } : {}),
      ...(stats.isSymbolicLink() ? { target: await view.readlink(path) } : {}),
      ...(stats.isDirectory() ? {} : { group: groups.get(stats.ino)! }),
    })
    if (stats.isDirectory()) for (const name of await view.readdir(path)) await visit(path === '/' ? `/${name}` : `${path}/${name}`)
  }
  await visit('/')
  return rows
}
