// What PAX records say of the member after them.
import { FormatError } from '../core/index.js'
import { parsePax, paxInteger, paxText, paxTimeNs } from './pax.js'

/** Records that change a member, decoded; absent ones are undefined. */
export interface Extended {
  path?: string
  linkPath?: string
  size?: number
  uid?: number
  gid?: number
  mtimeNs?: bigint
  readonly xattrs: Record<string, Uint8Array>
  readonly sparse: SparseRecords
  /** Records of Windows; absent where there are none. */
  records?: Record<string, Uint8Array>
}

/** The `GNU.sparse.` records. */
export interface SparseRecords {
  major?: string
  minor?: string
  name?: string
  realSize?: number
  size?: number
  numBlocks?: number
  map?: string
  /** Offsets and lengths of version 0.0, in order. */
  readonly pairs: string[]
}

const XATTR = 'SCHILY.xattr.'
const PAIRS_MAX = 2 ** 18
const WINDOWS = 'MSWINDOWS.'
/** As libarchive names it. */
const CREATION_TIME = 'LIBARCHIVE.creationtime'

/** Whether a key is one of those that are kept as they are: `MSWINDOWS.…` and the times that belong to them. */
export const isForeignRecord = (key: string): boolean =>
  key.startsWith(WINDOWS) || key === CREATION_TIME || key === 'atime' || key === 'ctime'

/** @throws FormatError for a malformed record or value. An empty value leaves the header's own; unknown keys are passed over. */
export function parseExtended(bytes: Uint8Array, offset: number): Extended {
  const extended: Extended = { xattrs: Object.create(null) as Record<string, Uint8Array>, sparse: { pairs: [] } }
  for (const [key, value] of parsePax(bytes, offset)) {
    if (key.startsWith(XATTR)) setXattr(extended, key.slice(XATTR.length), value, offset)
    else if (key.startsWith('GNU.sparse.')) setSparse(extended.sparse, key.slice('GNU.sparse.'.length), value, offset)
    else if (isForeignRecord(key)) setRecord(extended, key, value)
    else if (value.length > 0 || key === 'size') setField(extended, key, value, offset)
  }
  // Access and change times alone are in many a Linux layer too, and mean nothing there.
  if (extended.records !== undefined && !Object.keys(extended.records).some((key) => key.length > 'atime'.length)) delete extended.records
  return extended
}

function setXattr(extended: Extended, name: string, value: Uint8Array, offset: number): void {
  if (name === '') throw new FormatError('PAX xattr without a name', { offset })
  extended.xattrs[name] = value.slice()
}

function setRecord(extended: Extended, key: string, value: Uint8Array): void {
  extended.records ??= Object.create(null) as Record<string, Uint8Array>
  extended.records[key] = value.slice()
}

function setField(extended: Extended, key: string, value: Uint8Array, offset: number): void {
  switch (key) {
    case 'path':
      extended.path = paxText(value, key, offset)
      return
    case 'linkpath':
      extended.linkPath = paxText(value, key, offset)
      return
    case 'size':
      extended.size = paxInteger(value, key, offset)
      return
    case 'uid':
      extended.uid = paxInteger(value, key, offset)
      return
    case 'gid':
      extended.gid = paxInteger(value, key, offset)
      return
    case 'mtime':
      extended.mtimeNs = paxTimeNs(value, key, offset)
      return
  }
}

function setSparse(sparse: SparseRecords, key: string, value: Uint8Array, offset: number): void {
  switch (key) {
    case 'major':
    case 'minor':
    case 'map':
    case 'name':
      sparse[key] = paxText(value, key, offset)
      return
    case 'realsize':
      sparse.realSize = paxInteger(value, key, offset)
      return
    case 'size':
      sparse.size = paxInteger(value, key, offset)
      return
    case 'numblocks':
      sparse.numBlocks = paxInteger(value, key, offset)
      return
    case 'offset':
    case 'numbytes': {
      const isOffset = key === 'offset'
      if (isOffset !== (sparse.pairs.length % 2 === 0) || sparse.pairs.length >= PAIRS_MAX) {
        throw new FormatError('the sparse map is out of order or too long', { offset })
      }
      sparse.pairs.push(paxText(value, key, offset))
      return
    }
  }
}
