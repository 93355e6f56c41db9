// Key node (regf specification, "Key node"): 0 'nk' · 2 flags · 4 last written · 12 access bits · 13 layer bits · 14 spare · 16 parent
// 20 subkeys · 24 volatile subkeys · 28 subkey list · 32 volatile list · 36 values · 40 value list · 44 security · 48 class
// 52 largest subkey name (16 bits) and flags (16) · 56 largest class · 60 largest value name · 64 largest data · 68 work · 72 name length · 74 class length · 76 name
import { FormatError } from '../../core/index.js'
import { decodeLatin1, decodeUtf16, isCompressible, nameSize, writeName } from '../text.js'
import type { View } from '../view.js'
import { NIL, signature } from './cell.js'

/** Bits of `flags`. */
export const KEY_FLAG = {
  volatile: 0x1,
  hiveExit: 0x2,
  hiveEntry: 0x4,
  noDelete: 0x8,
  symlink: 0x10,
  compressedName: 0x20,
  predefinedHandle: 0x40,
} as const
/** Bits of `layerBits`. */
export const LAYER = { semantics: 0x03, inheritClass: 0x80 } as const
/** The two letters. */
export const NK = signature('nk')
const NAME_AT = 76

/** What a key node says of itself, apart from its place. */
export interface KeyFields {
  readonly name: string
  readonly flags: number
  readonly lastWritten: bigint
  /** Byte 12: when the key was opened, relative to boot. */
  readonly accessBits: number
  /** Byte 13: inherit-class and layer semantics, meaningful in layered hives. */
  readonly layerBits: number
  /** Upper half of the word at 52: virtualization, user and debug flags. */
  readonly userFlags: number
}

/** Where a key node points; counts beside offsets. */
export interface KeyLinks {
  readonly parent: number
  readonly subkeyCount: number
  readonly subkeyList: number
  readonly valueCount: number
  readonly valueList: number
  readonly security: number
  readonly classAt: number
  /** In bytes. */
  readonly classLength: number
}

/** Largest lengths below the key, in bytes (of UTF-16LE for names). */
export interface KeyMaxima {
  readonly subkeyName: number
  readonly className: number
  readonly valueName: number
  readonly data: number
}

/** @throws FormatError where the cell holds no key node */
export function parseKeyNode(cell: View): KeyFields & KeyLinks {
  if (cell.u16(0) !== NK) throw new FormatError('not a key node', { offset: cell.origin })
  const flags = cell.u16(2)
  const nameBytes = cell.bytes(NAME_AT, cell.u16(72))
  return {
    name: (flags & KEY_FLAG.compressedName) !== 0 ? decodeLatin1(nameBytes) : decodeUtf16(nameBytes),
    flags,
    lastWritten: cell.u64(4),
    accessBits: cell.u8(12),
    layerBits: cell.u8(13),
    userFlags: cell.u16(54),
    parent: cell.u32(16),
    subkeyCount: cell.u32(20),
    subkeyList: cell.u32(28),
    valueCount: cell.u32(36),
    valueList: cell.u32(40),
    security: cell.u32(44),
    classAt: cell.u32(48),
    classLength: cell.u16(74),
  }
}

/** Length of the record of a key with this name. */
export const keyNodeSize = (name: string): number => NAME_AT + nameSize(name)

/** The record's bytes, without padding. */
export function encodeKeyNode(fields: KeyFields, links: KeyLinks, maxima: KeyMaxima): Uint8Array {
  const nameLength = nameSize(fields.name)
  const out = new Uint8Array(NAME_AT + nameLength)
  const numbers = new DataView(out.buffer)
  const onDisk = fields.flags & ~(KEY_FLAG.volatile | KEY_FLAG.hiveExit | KEY_FLAG.compressedName)
  numbers.setUint16(0, NK, true)
  numbers.setUint16(2, onDisk | (isCompressible(fields.name) ? KEY_FLAG.compressedName : 0), true)
  numbers.setBigUint64(4, fields.lastWritten, true)
  numbers.setUint8(12, fields.accessBits)
  numbers.setUint8(13, fields.layerBits)
  numbers.setUint32(16, links.parent, true)
  numbers.setUint32(20, links.subkeyCount, true)
  numbers.setUint32(28, links.subkeyList, true)
  numbers.setUint32(32, NIL, true)
  numbers.setUint32(36, links.valueCount, true)
  numbers.setUint32(40, links.valueList, true)
  numbers.setUint32(44, links.security, true)
  numbers.setUint32(48, links.classAt, true)
  numbers.setUint16(52, maxima.subkeyName, true)
  numbers.setUint16(54, fields.userFlags, true)
  numbers.setUint32(56, maxima.className, true)
  numbers.setUint32(60, maxima.valueName, true)
  numbers.setUint32(64, maxima.data, true)
  numbers.setUint16(72, nameLength, true)
  numbers.setUint16(74, links.classLength, true)
  writeName(fields.name, out, NAME_AT)
  return out
}
