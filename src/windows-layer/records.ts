// Metadata of Windows as PAX records: MSWINDOWS.fileattr (decimal), .rawsd (base64), .sd (SDDL, old), .mountpoint, .xattr.NAME (base64), LIBARCHIVE.creationtime.
import { decodePath, FormatError, utf8 } from '../core/index.js'
import type { InodeEntry } from '../layer/index.js'
import { formatPaxTime, paxTimeNs } from '../tar/index.js'
import { decodeBase64, encodeBase64 } from './base64.js'
import { FILE_ATTRIBUTE, type WindowsMetadata } from './entry.js'
import { securityFromSddl } from './security/sddl.js'

const KEY = {
  attributes: 'MSWINDOWS.fileattr',
  security: 'MSWINDOWS.rawsd',
  sddl: 'MSWINDOWS.sd',
  mountPoint: 'MSWINDOWS.mountpoint',
  extended: 'MSWINDOWS.xattr.',
  created: 'LIBARCHIVE.creationtime',
  accessed: 'atime',
  changed: 'ctime',
} as const

type Records = Readonly<Record<string, Uint8Array>>
const NONE: Records = Object.freeze({})

/** The metadata of an entry. @throws FormatError for records that are not what they should be */
export function metadataOf(entry: InodeEntry): WindowsMetadata {
  const { records = NONE, path, mtimeNs } = entry
  const time = (key: string): bigint | undefined => {
    const value = records[key]
    return value === undefined || value.length === 0 ? undefined : within(path, () => paxTimeNs(value, key, 0))
  }
  const isDirectory = entry.type === 'directory'
  return {
    attributes: attributesOf(path, records) ?? (isDirectory ? FILE_ATTRIBUTE.directory : 0),
    security: securityOf(path, records),
    mtimeNs,
    creationTimeNs: time(KEY.created) ?? mtimeNs,
    atimeNs: time(KEY.accessed),
    ctimeNs: time(KEY.changed),
    extendedAttributes: extendedOf(path, records),
  }
}

/** Whether a link is a mount point. */
export const isMountPoint = ({ records = NONE }: InodeEntry): boolean => {
  const value = records[KEY.mountPoint]
  return value !== undefined && text(value) === '1'
}

function attributesOf(path: string, records: Records): number | undefined {
  const value = records[KEY.attributes]
  if (value === undefined) return undefined
  const number = /^\d{1,10}$/.test(text(value)) ? Number(text(value)) : Number.NaN
  if (!(number <= 0xffffffff)) throw new FormatError(`${path}: ${KEY.attributes} is no number: ${JSON.stringify(text(value).slice(0, 40))}`)
  return number
}

function securityOf(path: string, records: Records): Uint8Array | undefined {
  const raw = records[KEY.security]
  if (raw !== undefined) return within(path, () => decodeBase64(text(raw)))
  const sddl = records[KEY.sddl]
  return sddl === undefined ? undefined : within(path, () => securityFromSddl(text(sddl)))
}

function extendedOf(path: string, records: Records): Records {
  const names = Object.keys(records).filter((key) => key.startsWith(KEY.extended))
  return Object.fromEntries(names.map((key) => [key.slice(KEY.extended.length), within(path, () => decodeBase64(text(records[key]!)))]))
}

/** The records that say a file's metadata. */
export function recordsOf(metadata: WindowsMetadata, isMount = false): Records {
  const { attributes, security, creationTimeNs, atimeNs, ctimeNs, extendedAttributes } = metadata
  if (!Number.isInteger(attributes) || attributes < 0 || attributes > 0xffffffff)
    throw new RangeError(`attributes must be 32 bits, not ${attributes}`)
  return {
    [KEY.attributes]: utf8(`${attributes}`),
    ...(security === undefined ? {} : { [KEY.security]: utf8(encodeBase64(security)) }),
    ...(isMount ? { [KEY.mountPoint]: utf8('1') } : {}),
    [KEY.created]: utf8(formatPaxTime(creationTimeNs)),
    ...(atimeNs === undefined ? {} : { [KEY.accessed]: utf8(formatPaxTime(atimeNs)) }),
    ...(ctimeNs === undefined ? {} : { [KEY.changed]: utf8(formatPaxTime(ctimeNs)) }),
    ...Object.fromEntries(Object.entries(extendedAttributes).map(([name, value]) => [KEY.extended + name, utf8(encodeBase64(value))])),
  }
}

const text = (bytes: Uint8Array): string => decodePath(bytes)

function within<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof FormatError) throw new FormatError(`${path}: ${cause.message}`, { cause })
    throw cause
  }
}
