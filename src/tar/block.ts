// The 512-byte header block. Sources: POSIX pax "ustar Interchange Format"; GNU tar manual "Basic Tar Format"; star(5).
//
//   0 name 100 | 100 mode 8 | 108 uid 8 | 116 gid 8 | 124 size 12 | 136 mtime 12 | 148 checksum 8 | 156 typeflag 1 | 157 linkname 100
//   257 magic+version 8 | 265 uname 32 | 297 gname 32 | 329 devmajor 8 | 337 devminor 8 | 345 prefix 155 (star: 131)
//   GNU, typeflag S: 386 sparse map 4 × 24 | 482 isextended 1 | 483 realsize 12

export const BLOCK_BYTES = 512

export const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeflag: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
  starPrefix: [345, 131],
  starMagic: [508, 4],
  sparse: [386, 96],
  isExtended: [482, 1],
  realSize: [483, 12],
} as const satisfies Record<string, readonly [number, number]>

/** A field's bytes. */
export const field = (block: Uint8Array, name: keyof typeof FIELD): Uint8Array => {
  const [start, length] = FIELD[name]
  return block.subarray(start, start + length)
}

/** Sum of all bytes with the checksum field as spaces; signed: as some old tars computed it. */
export function checksum(block: Uint8Array, isSigned = false): number {
  const [start, length] = FIELD.checksum
  let sum = 0x20 * length
  for (let at = 0; at < start; at++) sum += block[at]!
  for (let at = start + length; at < BLOCK_BYTES; at++) sum += block[at]!
  if (!isSigned) return sum
  const negative = block.filter((byte, at) => byte > 127 && (at < start || at >= start + length))
  return sum - 256 * negative.length
}

/** Whether a block holds zeros only, as the two at the end do. */
export const isZeroBlock = (block: Uint8Array): boolean => block[0] === 0 && block.every((byte) => byte === 0)

/** Bytes from the end of `size` bytes to the next block. */
export const paddingAfter = (size: number): number => (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES
