// What Node, the supervisor, PID 1 and the file helper say to each other. The other half is native/linux/supervisor/protocol.h.
import { encodePath } from '../core/index.js'

/** Operations by number; their ints and strings are listed in protocol.h. */
export const OP = {
  inMemfd: 1,
  configure: 10,
  mapped: 11,
  create: 12,
  close: 13,
  helper: 14,
  userns: 15,
  killAll: 16,
  socket: 17,
  blank: 18,
  resume: 19,
  configured: 30,
  needsMap: 31,
  failed: 32,
  exited: 33,
  closed: 34,
  usernsReady: 35,
  helperReady: 36,
  socketReady: 37,
  spawn: 50,
  signal: 51,
  signalAll: 52,
  resize: 53,
  ready: 60,
  spawned: 61,
  spawnFailed: 62,
  exit: 63,
  denied: 70,
  makeGroup: 100,
  writeFile: 101,
  intoGroup: 103,
  namespaces: 104,
  openTree: 106,
  removeAtEnd: 107,
  oomScore: 108,
  attachGroup: 119,
  setIds: 120,
  privateMounts: 121,
  hostname: 122,
  loopback: 123,
  newMount: 124,
  attach: 125,
  enter: 126,
  chdir: 127,
  mkdir: 128,
  symlink: 129,
  file: 130,
  whiteout: 131,
  overlay: 132,
  tree: 133,
  pivot: 134,
  handOutRoot: 135,
  openUpper: 136,
  dropCaps: 137,
  chown: 138,
  setattr: 139,
  makePath: 140,
  attachOver: 141,
  sysctl: 142,
  attachAt: 143,
  openHere: 144,
  reconfigure: 145,
  leaveKeyring: 160,
  confine: 161,
  fsOpen: 200,
  fsStat: 201,
  fsScan: 202,
  fsMkdir: 203,
  fsUnlink: 204,
  fsRename: 205,
  fsLink: 206,
  fsSymlink: 207,
  fsReadlink: 208,
  fsChmod: 209,
  fsChown: 210,
  fsUtimes: 211,
  fsTruncate: 212,
  fsCopyTree: 213,
  fsMknod: 214,
  fsSetxattr: 215,
  fsAccess: 216,
  fsRealpath: 217,
  fsRemoveTree: 218,
  fsReaddir: 219,
  fsRead: 220,
  fsReply: 250,
} as const

/** One step of a plan, or one message's content. */
export interface Step {
  readonly op: number
  readonly ints?: readonly (number | bigint)[]
  /** Text goes as path bytes (core's encodePath); a NUL follows each. */
  readonly strings?: readonly (string | Uint8Array)[]
}

/** A step as received. */
export interface ReceivedStep {
  readonly op: number
  readonly ints: readonly bigint[]
  readonly strings: readonly Uint8Array[]
}

/** Longer messages travel in a memfd. */
export const INLINE_MAX = 64 * 1024

/** A step with its numbers and texts. */
export const step = (op: number, ints: readonly (number | bigint)[] = [], ...strings: (string | Uint8Array)[]): Step => ({
  op,
  ints,
  strings,
})

// Every message of this process is put together here, and copied out: a start is some hundred small texts, each of which would be an array of its own.
let buffer = new Uint8Array(16 * 1024)
let view = new DataView(buffer.buffer)

function reserve(at: number, more: number): void {
  if (at + more <= buffer.length) return
  const grown = new Uint8Array(2 * (at + more))
  grown.set(buffer)
  buffer = grown
  view = new DataView(buffer.buffer)
}

/** An i64 at `at`. */
function putInt(at: number, value: number | bigint): void {
  if (typeof value === 'bigint' || !Number.isSafeInteger(value)) return view.setBigInt64(at, BigInt(value), true)
  view.setUint32(at, value >>> 0, true)
  view.setInt32(at + 4, Math.floor(value / 2 ** 32), true)
}

/** A text at `at`, as path bytes; where it ends. */
function putText(at: number, text: string | Uint8Array): number {
  const size = text.length
  reserve(at, size)
  if (typeof text !== 'string') {
    buffer.set(text, at)
    return at + size
  }
  for (let k = 0; k < size; k++) {
    const unit = text.charCodeAt(k)
    if (unit >= 0x80) {
      const bytes = encodePath(text)
      reserve(at, bytes.length)
      buffer.set(bytes, at)
      return at + bytes.length
    }
    buffer[at + k] = unit
  }
  return at + size
}

/** A message's bytes. */
export function encodeMessage(id: number, steps: readonly Step[]): Uint8Array {
  view.setUint32(0, id, true)
  view.setUint32(4, 0, true)
  let at = 8
  for (const { op, ints = [], strings = [] } of steps) {
    reserve(at, 8 + 8 * ints.length)
    view.setUint16(at, op, true)
    view.setUint16(at + 2, ints.length, true)
    view.setUint16(at + 4, strings.length, true)
    view.setUint16(at + 6, 0, true)
    at += 8
    for (const value of ints) {
      putInt(at, value)
      at += 8
    }
    for (const text of strings) {
      reserve(at, 5)
      const start = at + 4
      const end = putText(start, text)
      reserve(end, 1)
      view.setUint32(at, end - start, true)
      buffer[end] = 0
      at = end + 1
    }
  }
  return buffer.slice(0, at)
}

/** Reads what came from PID 1 or a helper, `stepsMax` steps of it: hostile, so anything malformed ends the list where it stands. */
export function decodeMessage(bytes: Uint8Array, stepsMax = Number.POSITIVE_INFINITY): { id: number; steps: ReceivedStep[] } {
  if (bytes.length < 8) return { id: 0, steps: [] }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const steps: ReceivedStep[] = []
  let at = 8
  while (at + 8 <= bytes.length && steps.length < stepsMax) {
    const op = view.getUint16(at, true)
    const intCount = view.getUint16(at + 2, true)
    const stringCount = view.getUint16(at + 4, true)
    at += 8
    if (at + 8 * intCount > bytes.length) break
    const ints = Array.from({ length: intCount }, (_, k) => view.getBigInt64(at + 8 * k, true))
    at += 8 * intCount
    const strings: Uint8Array[] = []
    for (let k = 0; k < stringCount && at + 5 <= bytes.length; k++) {
      const length = view.getUint32(at, true)
      if (at + 5 + length > bytes.length) break
      strings.push(bytes.subarray(at + 4, at + 4 + length))
      at += 5 + length
    }
    if (strings.length !== stringCount) break
    steps.push({ op, ints, strings })
  }
  return { id: view.getUint32(0, true), steps }
}
