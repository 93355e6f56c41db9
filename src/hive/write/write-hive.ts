// Writes a whole hive anew: compact, in one order, so the same keys always give the same bytes, and nothing deleted stays behind.
import { concat } from '../../core/index.js'
import type { HiveKey } from '../hive-key.js'
import { parseBaseBlock, sealBaseBlock } from '../records/base-block.js'
import { NIL } from '../records/cell.js'
import { defaultSecurity } from '../security.js'
import { Allocator } from './allocator.js'
import { SecurityRing } from './security-ring.js'
import { writeKey } from './write-keys.js'

/** `block`: the base block, from which all that is not said here is taken over. */
export function writeHive(root: HiveKey, block: Uint8Array, minor: number): Uint8Array {
  const cells = new Allocator()
  const security = new SecurityRing(cells)
  const rootAt = writeKey({ cells, security, minor }, root, { parent: NIL, security: defaultSecurity() })
  security.finish()
  // A new hive has no time yet: that of its root, not the clock's, so that the same keys give the same bytes.
  const lastWritten = parseBaseBlock(block).lastWritten || root.lastWrittenFiletime
  const bins = cells.finish(lastWritten)
  return concat([sealBaseBlock(block, { root: rootAt, dataSize: bins.length, lastWritten }), bins])
}
