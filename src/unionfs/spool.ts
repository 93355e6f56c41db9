// Where a view lays decompressed layers aside while it reads files out of them: here in memory, and so only a little. Node has spool.node.ts, behind the #spool import.

/** Room for the bytes of one layer's tar: put there in order, read at any offset. */
export interface Room {
  write(offset: number, bytes: Uint8Array): Promise<void>
  /** `length` bytes that were written. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** Room for the layers of one view. */
export interface Spool {
  /** Room for so many bytes, or undefined where there is none. */
  room(bytes: number): Promise<Room | undefined>
  /** Gives all of it back. The rooms are not to be used any more; new ones can be had. */
  close(): void
}

/** All that one view lays aside in memory. */
const MEMORY_MAX_BYTES = 64 * 2 ** 20

/** A spool in memory. */
export function createSpool(): Spool {
  let left = MEMORY_MAX_BYTES
  return {
    async room(bytes) {
      if (bytes > left) return undefined
      left -= bytes
      const memory = new Uint8Array(bytes)
      return {
        write: async (offset, part) => memory.set(part, offset),
        read: async (offset, length) => memory.subarray(offset, offset + length),
      }
    },
    close() {
      left = MEMORY_MAX_BYTES
    },
  }
}
