// File requests on Windows: what the supervisor's helper does on Linux, done here on handles below the quarantine. A link (a junction) is never followed.
import { constants, ftruncateSync } from 'node:fs'
import { decodePath, ERRNO, encodePath, errnoName, FsError } from '../../../core/index.js'
import { native, nativeWindows, OP, type ReceivedStep, type Step } from '../../../native/index.js'
import type { FileAnswer } from '../../backend.js'
import { insideNames } from './inside-path.js'
import { below, ifThere, kindOf, namesIn, removeAt, statAt, type WindowsStat } from './tree.js'

const DIRENT_TYPE = { file: 8n, directory: 4n, symlink: 10n } as const
const BLOCK_BYTES = 4096n
const AT_REMOVEDIR = 0x200
const SELF = 1
const NOTHING: FileAnswer = { ints: [], strings: [], fd: undefined, entries: [] }

const answer = (part: Partial<FileAnswer>): FileAnswer => ({ ...NOTHING, ...part })

/** In the order of a stat of the helper's. */
const intsOf = (stat: WindowsStat): bigint[] => [
  BigInt(stat.mode),
  0n,
  0n,
  stat.size,
  BigInt(stat.nlink),
  stat.ino,
  stat.dev,
  0n,
  0n,
  stat.mtimeNs,
  stat.atimeNs,
  stat.ctimeNs,
  stat.blocks,
  BLOCK_BYTES,
  stat.birthtimeNs,
]

function failure(errno: number, syscall: string, path: string): FsError {
  return new FsError({ code: errnoName(errno), errno: -errno, syscall, path })
}

function entry(base: number, directory: string, name: string): ReceivedStep[] {
  const path = name === '' ? directory : below(directory, name)
  const stat = ifThere(() => statAt(base, path))
  if (stat === undefined) return []
  const target =
    kindOf(stat) === 'symlink' ? (ifThere(() => native().readlinkat(base, encodePath(path))) ?? new Uint8Array()) : new Uint8Array()
  const own = name === '' ? (path.split('/').at(-1) ?? '') : name
  return [{ op: OP.fsReply, ints: [0n, ...intsOf(stat)], strings: [encodePath(own), target, new Uint8Array()] }]
}

function scan(base: number, path: string, one: boolean): FileAnswer {
  if (!one) return answer({ entries: namesIn(base, path).flatMap((name) => entry(base, path, name)) })
  statAt(base, path)
  return answer({ entries: entry(base, path, '') })
}

function list(base: number, path: string): FileAnswer {
  const entries = namesIn(base, path).flatMap((name) => {
    const stat = ifThere(() => statAt(base, below(path, name)))
    return stat === undefined ? [] : [{ op: OP.fsReply, ints: [DIRENT_TYPE[kindOf(stat)]], strings: [encodePath(name)] }]
  })
  return answer({ entries })
}

/** As access(2) for whoever owns the file: what is read-only cannot be written. */
function access(base: number, path: string, mode: number): FileAnswer {
  const stat = statAt(base, path)
  if ((mode & constants.W_OK) !== 0 && kindOf(stat) === 'file' && (stat.mode & 0o222) === 0) throw failure(ERRNO.EACCES, 'access', path)
  return NOTHING
}

function truncate(base: number, path: string, length: number): FileAnswer {
  const fd = native().openat2(base, encodePath(path), constants.O_WRONLY, 0, 0)
  try {
    ftruncateSync(fd, length)
    return NOTHING
  } finally {
    native().close(fd)
  }
}

/** A link where no link may be: stat() of one would lead out of the quarantine. */
function followed(base: number, path: string): WindowsStat {
  const stat = statAt(base, path)
  if (kindOf(stat) === 'symlink') throw failure(ERRNO.ELOOP, 'stat', path)
  return stat
}

/** Does one request below `base`, an open directory, or about `base` itself. @throws SyscallError | FsError with Linux's errnos */
export function fileRequest({ op, ints = [], strings = [] }: Step, base: number): FileAnswer {
  const texts = strings.map((text) => (typeof text === 'string' ? text : decodePath(text)))
  const int = (k: number) => ints[k] ?? 0
  const path = (k: number) => (Number(int(8)) === SELF ? '' : insideNames(texts[k] ?? '').join('/'))
  const bytes = (k: number) => encodePath(path(k))
  switch (op) {
    case OP.fsOpen:
      return answer({ fd: native().openat2(base, bytes(0), Number(int(0)), Number(int(1)), 0) })
    case OP.fsStat:
      return answer({ ints: intsOf(Number(int(0)) === 0 ? statAt(base, path(0)) : followed(base, path(0))) })
    case OP.fsScan:
      return scan(base, path(0), Number(int(1)) !== 0)
    case OP.fsReaddir:
      return list(base, path(0))
    case OP.fsMkdir:
      native().mkdirat(base, bytes(0), Number(int(0)))
      return NOTHING
    case OP.fsUnlink:
      native().unlinkat(base, bytes(0), Number(int(0)) === 0 ? 0 : AT_REMOVEDIR)
      return NOTHING
    case OP.fsRemoveTree:
      if (path(0) === '') throw failure(ERRNO.EBUSY, 'rm', '/')
      removeAt(base, path(0))
      return answer({ ints: [0n] })
    case OP.fsRename:
      native().renameat2(base, bytes(0), base, bytes(1), 0)
      return NOTHING
    case OP.fsLink:
      native().linkat(base, bytes(0), base, bytes(1))
      return NOTHING
    case OP.fsSymlink:
      native().symlinkat(encodePath(texts[0] ?? ''), base, bytes(1))
      return NOTHING
    case OP.fsReadlink:
      return answer({ strings: [native().readlinkat(base, bytes(0))] })
    case OP.fsRealpath:
      followed(base, path(0))
      return answer({ strings: [encodePath(`/${path(0)}`)] })
    case OP.fsChmod:
      native().fchmodat(base, bytes(0), Number(int(0)))
      return NOTHING
    case OP.fsChown:
      // As Node does on Windows: owners are no numbers there.
      statAt(base, path(0))
      return NOTHING
    case OP.fsUtimes:
      nativeWindows().utimensat(base, bytes(0), BigInt(int(1)), BigInt(int(0)))
      return NOTHING
    case OP.fsTruncate:
      return truncate(base, path(0), Number(int(0)))
    case OP.fsAccess:
      return access(base, path(0), Number(int(0)))
    default:
      throw failure(ERRNO.EOPNOTSUPP, 'open', texts[0] ?? '')
  }
}
