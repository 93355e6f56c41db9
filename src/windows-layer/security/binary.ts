// Security descriptors as bytes, self-relative. Source: MS-DTYP 2.4.6 (SECURITY_DESCRIPTOR), 2.4.5 (ACL), 2.4.4 (ACE).
//   u8 revision 1, u8 0, u16 control, u32 owner, u32 group, u32 SACL, u32 DACL: offsets, 0 for none
import { concat, FormatError, UnsupportedError } from '../../core/index.js'
import { ACE_TYPES, isObjectAce } from './ace-types.js'
import { decodeGuid, encodeGuid } from './guid.js'
import { decodeSid, encodeSid } from './sid.js'
import { type Ace, SE, SE_TEXT_BITS, type SecurityDescriptor } from './types.js'

const HEADER = 20
const ACL_HEADER = 8
const OBJECT_TYPE_PRESENT = 1
const INHERITED_OBJECT_TYPE_PRESENT = 2
const KNOWN_TYPES = new Set(ACE_TYPES.values())

/** The bytes of a descriptor: lists first, then owner and group, as Windows lays out what it makes self-relative. */
export function encodeSecurityDescriptor({ control, owner, group, dacl, sacl }: SecurityDescriptor): Uint8Array {
  const parts: Uint8Array[] = []
  let at = HEADER
  const place = (bytes: Uint8Array | undefined): number => {
    if (bytes === undefined) return 0
    parts.push(bytes)
    at += bytes.length
    return at - bytes.length
  }
  const saclAt = place(sacl ? encodeAcl(sacl) : undefined)
  const daclAt = place(dacl ? encodeAcl(dacl) : undefined)
  const ownerAt = place(owner === undefined ? undefined : encodeSid(owner))
  const groupAt = place(group === undefined ? undefined : encodeSid(group))
  const header = new Uint8Array(HEADER)
  const view = new DataView(header.buffer)
  const present = (dacl === undefined ? 0 : SE.daclPresent) | (sacl === undefined ? 0 : SE.saclPresent)
  header[0] = 1
  view.setUint16(2, SE.selfRelative | present | (control & SE_TEXT_BITS), true)
  for (const [k, offset] of [ownerAt, groupAt, saclAt, daclAt].entries()) view.setUint32(4 + 4 * k, offset, true)
  return concat([header, ...parts])
}

function encodeAcl(entries: readonly Ace[]): Uint8Array {
  const aces = entries.map(encodeAce)
  const size = aces.reduce((sum, ace) => sum + ace.length, ACL_HEADER)
  if (size > 0xffff) throw new UnsupportedError('a security descriptor with a list of more than 64 KiB')
  const header = new Uint8Array(ACL_HEADER)
  const view = new DataView(header.buffer)
  // ACL_REVISION_DS where an entry has object types.
  header[0] = entries.some(({ type }) => isObjectAce(type)) ? 4 : 2
  view.setUint16(2, size, true)
  view.setUint16(4, entries.length, true)
  return concat([header, ...aces])
}

function encodeAce({ type, flags, mask, sid, objectType, inheritedObjectType }: Ace): Uint8Array {
  const object: Uint8Array[] = []
  if (isObjectAce(type)) {
    const present =
      (objectType === undefined ? 0 : OBJECT_TYPE_PRESENT) | (inheritedObjectType === undefined ? 0 : INHERITED_OBJECT_TYPE_PRESENT)
    object.push(Uint8Array.of(present, 0, 0, 0))
    for (const guid of [objectType, inheritedObjectType]) if (guid !== undefined) object.push(encodeGuid(guid))
  }
  const tail = concat([...object, encodeSid(sid)])
  const head = new Uint8Array(8)
  const view = new DataView(head.buffer)
  head.set([type, flags])
  view.setUint16(2, head.length + tail.length, true)
  view.setUint32(4, mask, true)
  return concat([head, tail])
}

/** Reads a self-relative descriptor. @throws FormatError for bytes that are none @throws UnsupportedError for entries that SDDL without conditions cannot say */
export function decodeSecurityDescriptor(bytes: Uint8Array): SecurityDescriptor {
  if (bytes.length < HEADER || bytes[0] !== 1) throw new FormatError('not a security descriptor', { offset: 0 })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const control = view.getUint16(2, true)
  if ((control & SE.selfRelative) === 0) throw new FormatError('not a self-relative security descriptor', { offset: 2 })
  const [owner, group, sacl, dacl] = [4, 8, 12, 16].map((at) => view.getUint32(at, true)) as [number, number, number, number]
  const list = (bit: number, at: number) => ((control & bit) === 0 ? undefined : at === 0 ? null : decodeAcl(view, at))
  return {
    control: control & SE_TEXT_BITS,
    owner: owner === 0 ? undefined : decodeSid(view, owner, bytes.length),
    group: group === 0 ? undefined : decodeSid(view, group, bytes.length),
    dacl: list(SE.daclPresent, dacl),
    sacl: list(SE.saclPresent, sacl),
  }
}

function decodeAcl(view: DataView, at: number): readonly Ace[] {
  if (at + ACL_HEADER > view.byteLength) throw new FormatError('an access control list is cut off', { offset: at })
  const end = at + view.getUint16(at + 2, true)
  if (end > view.byteLength) throw new FormatError('an access control list is longer than its descriptor', { offset: at })
  const aces: Ace[] = []
  let next = at + ACL_HEADER
  for (let left = view.getUint16(at + 4, true); left > 0; left--) {
    if (next + 8 > end) throw new FormatError('an access control entry is cut off', { offset: next })
    const size = view.getUint16(next + 2, true)
    if (size < 16 || next + size > end) throw new FormatError('an access control entry of a wrong size', { offset: next })
    aces.push(decodeAce(view, next, next + size))
    next += size
  }
  return aces
}

function decodeAce(view: DataView, at: number, end: number): Ace {
  const type = view.getUint8(at)
  if (!KNOWN_TYPES.has(type))
    throw new UnsupportedError(`a security descriptor with an entry of type ${type}, which has no plain text`, {
      remedy: 'use the bytes of the descriptor',
    })
  const plain = { type, flags: view.getUint8(at + 1), mask: view.getUint32(at + 4, true) }
  if (!isObjectAce(type)) return { ...plain, sid: decodeSid(view, at + 8, end) }
  if (at + 12 > end) throw new FormatError('an object entry is cut off', { offset: at })
  const present = view.getUint32(at + 8, true)
  let next = at + 12
  const guid = (bit: number): string | undefined => {
    if ((present & bit) === 0) return undefined
    next += 16
    if (next > end) throw new FormatError('an object entry is cut off', { offset: at })
    return decodeGuid(view, next - 16)
  }
  const objectType = guid(OBJECT_TYPE_PRESENT)
  const inheritedObjectType = guid(INHERITED_OBJECT_TYPE_PRESENT)
  return { ...plain, objectType, inheritedObjectType, sid: decodeSid(view, next, end) }
}
