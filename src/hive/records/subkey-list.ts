// Any list of subkeys: a leaf (li, lf, lh) or a root of leaves (ri). All begin with signature and count (regf specification).
import { FormatError } from '../../core/index.js'
import { upcase } from '../upcase.js'
import type { View } from '../view.js'
import { LF, LF_ELEMENT, nameHint } from './lf.js'
import { LH, LH_ELEMENT, nameHash } from './lh.js'
import { LI, LI_ELEMENT } from './li.js'
import { RI, RI_ELEMENT } from './ri.js'

/** Elements of a leaf at most, so that a leaf fits one bin of 4096 bytes, as Windows keeps them. */
export const LEAF_MAX = 500
const ELEMENTS_AT = 4

/** A parsed list. `isRoot`: the offsets are of leaves. `missing`: elements past the end of the cell. */
export interface SubkeyList {
  readonly isRoot: boolean
  readonly offsets: readonly number[]
  readonly missing: number
}

/** @throws FormatError where the cell holds no list of subkeys */
export function parseSubkeyList(cell: View): SubkeyList {
  const kind = cell.u16(0)
  const step = kind === LF ? LF_ELEMENT : kind === LH ? LH_ELEMENT : kind === LI ? LI_ELEMENT : kind === RI ? RI_ELEMENT : 0
  if (step === 0) throw new FormatError('not a list of subkeys', { offset: cell.origin })
  const count = cell.u16(2)
  const held = Math.min(count, Math.floor((cell.size - ELEMENTS_AT) / step))
  const offsets = new Array<number>(held)
  for (let i = 0; i < held; i++) offsets[i] = cell.u32(ELEMENTS_AT + step * i)
  return { isRoot: kind === RI, offsets, missing: count - held }
}

/** The leaves of a list: itself, or those of a root. `peek`: the cell at an offset. */
export function* leavesOf(list: View, peek: (offset: number) => View): Generator<View> {
  if (list.u16(0) !== RI) yield list
  else for (const offset of parseSubkeyList(list).offsets) yield peek(offset)
}

/** Offsets of the keys of a leaf whose names have this hash; none where the leaf has no hashes. */
export function* hashedOffsets(leaf: View, hash: number): Generator<number> {
  const end = ELEMENTS_AT + LH_ELEMENT * (leaf.u16(0) === LH ? leaf.u16(2) : 0)
  for (let at = ELEMENTS_AT; at < end; at += LH_ELEMENT) if (leaf.u32(at + 4) === hash) yield leaf.u32(at)
}

/** The first key of a leaf; undefined where the cell holds no leaf, or an empty one. */
export function firstElement(cell: View): number | undefined {
  const kind = cell.u16(0)
  return (kind === LF || kind === LH || kind === LI) && cell.u16(2) > 0 ? cell.u32(ELEMENTS_AT) : undefined
}

/** A leaf for keys that are sorted: lh from version 1.5, lf before. */
export function encodeLeaf(keys: readonly { readonly name: string; readonly offset: number }[], minor: number): Uint8Array {
  const out = new Uint8Array(ELEMENTS_AT + LH_ELEMENT * keys.length)
  const numbers = new DataView(out.buffer)
  numbers.setUint16(0, minor >= 5 ? LH : LF, true)
  numbers.setUint16(2, keys.length, true)
  keys.forEach(({ name, offset }, i) => {
    numbers.setUint32(ELEMENTS_AT + LH_ELEMENT * i, offset, true)
    numbers.setUint32(ELEMENTS_AT + LH_ELEMENT * i + 4, minor >= 5 ? nameHash(upcase(name)) : nameHint(name), true)
  })
  return out
}

/** A root of leaves. */
export function encodeIndexRoot(leaves: readonly number[]): Uint8Array {
  const out = new Uint8Array(ELEMENTS_AT + RI_ELEMENT * leaves.length)
  const numbers = new DataView(out.buffer)
  numbers.setUint16(0, RI, true)
  numbers.setUint16(2, leaves.length, true)
  for (const [i, offset] of leaves.entries()) numbers.setUint32(ELEMENTS_AT + RI_ELEMENT * i, offset, true)
  return out
}
