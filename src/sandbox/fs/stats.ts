// The helper's stat as node:fs's own Stats and BigIntStats, with the ids inside. Source: stat(2), statx(2); native/linux/supervisor/files.cc PutStat.
import { type BigIntStats, type PathLike, Stats, statSync } from 'node:fs'
import { OP, step } from '../../native/index.js'
import { pathText } from './arguments.js'
import { type Call, type Inside, SELF, withMode } from './inside.js'

const NS_PER_MS = 1_000_000n

/** stat(2) as the helper tells it. */
export interface RawStat {
  readonly mode: bigint
  readonly uid: bigint
  readonly gid: bigint
  readonly size: bigint
  readonly nlink: bigint
  readonly ino: bigint
  readonly dev: bigint
  readonly major: bigint
  readonly minor: bigint
  readonly mtimeNs: bigint
  readonly atimeNs: bigint
  readonly ctimeNs: bigint
  readonly blocks: bigint
  readonly blksize: bigint
  readonly birthtimeNs: bigint
}

/** A stat's ints in PutStat's order. */
export function rawStat(ints: readonly bigint[]): RawStat {
  const [mode = 0n, uid = 0n, gid = 0n, size = 0n, nlink = 0n, ino = 0n, dev = 0n, major = 0n, minor = 0n, ...rest] = ints
  const [mtimeNs = 0n, atimeNs = 0n, ctimeNs = 0n, blocks = 0n, blksize = 4096n, birthtimeNs = 0n] = rest
  return { mode, uid, gid, size, nlink, ino, dev, major, minor, mtimeNs, atimeNs, ctimeNs, blocks, blksize, birthtimeNs }
}

// glibc's gnu_dev_makedev: 12 bits of major and 8 of minor in the low half, the rest above.
const deviceNumber = (major: bigint, minor: bigint): bigint =>
  (minor & 0xffn) | ((major & 0xfffn) << 8n) | ((minor & ~0xffn) << 12n) | ((major & ~0xfffn) << 32n)

const milliseconds = (ns: bigint): number => Number(ns / NS_PER_MS) + Number(ns % NS_PER_MS) / 1e6

let bigPrototype: object | undefined

/** As Node would have given it. */
export function statsOf(raw: RawStat, bigint: boolean): Stats | BigIntStats {
  // Its class is not exported.
  if (bigint) bigPrototype ??= Object.getPrototypeOf(statSync('/', { bigint: true })) as object
  const stats = Object.create(bigint ? (bigPrototype as object) : Stats.prototype) as Stats
  const set = (name: string, value: unknown) =>
    Object.defineProperty(stats, name, { value, writable: true, enumerable: true, configurable: true })
  const rdev = deviceNumber(raw.major, raw.minor)
  const { dev, mode, nlink, uid, gid, blksize, ino, size, blocks } = raw
  for (const [name, value] of Object.entries({ dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks }))
    set(name, bigint ? value : Number(value))
  const times = { atime: raw.atimeNs, mtime: raw.mtimeNs, ctime: raw.ctimeNs, birthtime: raw.birthtimeNs }
  for (const [name, ns] of Object.entries(times)) set(`${name}Ms`, bigint ? ns / NS_PER_MS : milliseconds(ns))
  if (bigint) for (const [name, ns] of Object.entries(times)) set(`${name}Ns`, ns)
  for (const [name, ns] of Object.entries(times)) set(name, new Date(milliseconds(ns)))
  return stats
}

const isBig = (options: unknown): boolean => (options as { bigint?: boolean } | undefined)?.bigint === true

/** stat(2), or lstat(2) with `follow` false. */
export async function stat(inside: Inside, path: PathLike, follow: boolean, options?: unknown): Promise<Stats | BigIntStats> {
  const text = pathText(path)
  return statsOf(await statPath(inside, { syscall: follow ? 'stat' : 'lstat', path: text }, follow), isBig(options))
}

/** What a path is; `at` where it is another than the one the caller named. */
export async function statPath(inside: Inside, call: Call & { readonly at?: string }, follow: boolean): Promise<RawStat> {
  return rawStat((await inside.ask(step(OP.fsStat, [follow ? 1 : 0], call.at ?? call.path), call)).ints)
}

/** fstat(2) of a descriptor of the sandbox. */
export async function statFd(inside: Inside, base: number, path: string, options?: unknown): Promise<Stats | BigIntStats> {
  const { ints } = await inside.ask(step(OP.fsStat, withMode(SELF, 1), ''), { syscall: 'fstat', path, base })
  return statsOf(rawStat(ints), isBig(options))
}

const S_IFMT = 0o170000n

/** Whether a mode is a directory's. */
export const isDirectory = ({ mode }: { readonly mode: bigint }): boolean => (mode & S_IFMT) === 0o040000n
