// Logs before Windows 8.1 (regf specification, "Old format"): a base block of type 1 or 2, 'DIRT' and a bitmap of 512-byte pages, then the dirty pages.
import { FormatError } from '../../core/index.js'
import { BASE_BLOCK_HEAD, type BaseBlock, parseBaseBlock } from '../records/base-block.js'
import { View } from '../view.js'

const DIRT = 0x54524944
const PAGE = 512

/** A log: all pages become valid together. */
export interface OldLog {
  readonly kind: 'old'
  readonly base: BaseBlock
  readonly baseBytes: Uint8Array
  readonly pages: readonly { readonly offset: number; readonly bytes: Uint8Array }[]
  /** Pages that the bitmap names and the file does not have. */
  readonly missing: number
}

/** @throws FormatError where base block or bitmap cannot be read */
export function parseOldLog(bytes: Uint8Array): OldLog {
  const base = parseBaseBlock(bytes)
  const view = View.of(bytes)
  // The clustering factor is 1 but on disks with sectors of 4096 bytes.
  const sector = PAGE * (base.clustering === 8 ? 8 : 1)
  if (view.u32(sector) !== DIRT) throw new FormatError('the log has no dirty vector', { offset: sector })
  const bitmapSize = Math.ceil(base.dataSize / PAGE / 8)
  const bitmap = view.bytes(sector + 4, bitmapSize)
  const pages: { offset: number; bytes: Uint8Array }[] = []
  let missing = 0
  let at = Math.ceil((sector + 4 + bitmapSize) / sector) * sector
  for (let page = 0; page < base.dataSize / PAGE; page++) {
    if ((bitmap[page >> 3]! & (1 << (page & 7))) === 0) continue
    if (at + PAGE > view.size) missing++
    else pages.push({ offset: page * PAGE, bytes: view.bytes(at, PAGE) })
    at += PAGE
  }
  return { kind: 'old', base, baseBytes: bytes.subarray(0, BASE_BLOCK_HEAD), pages, missing }
}
