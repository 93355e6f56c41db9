// Writing tar: ustar headers, and PAX records for what does not fit them. Source: POSIX pax. Equal members give equal bytes.
import { StrataError } from '../core/index.js'
import { BLOCK_BYTES, paddingAfter } from './block.js'
import { encodeHeader } from './encode-header.js'
import { Gather } from './gather.js'
import type { TarHeader } from './types.js'

/** A member to write. `content` must give exactly `size` bytes; undefined: none. */
export interface TarMember extends TarHeader {
  content?(): AsyncIterable<Uint8Array>
}

const ZEROS = new Uint8Array(2 * BLOCK_BYTES)

/** A tar of these members, in this order, with two zero blocks at the end.
 *  @throws UnsupportedError for what no tar can say @throws StrataError `ERR_SIZE_CHANGED` when content has another length than `size` */
export async function* writeTar(members: AsyncIterable<TarMember> | Iterable<TarMember>): AsyncGenerator<Uint8Array> {
  const gather = new Gather()
  for await (const member of members) {
    for (const ready of gather.push(encodeHeader(member))) yield ready
    if (member.size === 0) continue
    let left = member.size
    const content = member.content?.()
    if (content !== undefined) {
      for await (const chunk of content) {
        left -= chunk.length
        if (left < 0) throw sizeChanged(member, 'more')
        for (const ready of gather.push(chunk)) yield ready
      }
    }
    if (left > 0) throw sizeChanged(member, `${member.size - left}`)
    for (const ready of gather.push(ZEROS.subarray(0, paddingAfter(member.size)))) yield ready
  }
  for (const ready of gather.push(ZEROS)) yield ready
  yield* gather.rest()
}

const sizeChanged = (member: TarMember, actual: string) =>
  new StrataError(`${member.name}: content has ${actual} bytes, not ${member.size}`, {
    code: 'ERR_SIZE_CHANGED',
    remedy: 'leave the file alone while it is read',
  })
