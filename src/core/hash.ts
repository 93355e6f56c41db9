// SHA-256 for any JavaScript host (FIPS 180-4), by @noble/hashes. Node uses hash.node.ts, seven times faster, behind the #hash import.
import { sha256 } from '@noble/hashes/sha2.js'

/** A running SHA-256. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** Lower-case hexadecimal; the hasher cannot be used afterwards. */
  hex(): string
}

/** A new SHA-256 over no bytes yet. */
export function createSha256(): Hasher {
  const hash = sha256.create()
  return {
    update: (bytes) => void hash.update(bytes),
    hex: () => Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, '0')).join(''),
  }
}
