// A whole small file from an fd that a sandbox's files were opened with.
import { closeSync, readSync } from 'node:fs'

/** At most `maxBytes` of it, as UTF-8 text; the fd is closed. */
export function readSmallFile(fd: number, maxBytes: number): string {
  try {
    const buffer = Buffer.alloc(65_536)
    const chunks: Buffer[] = []
    for (let total = 0; total < maxBytes; ) {
      const read = readSync(fd, buffer, 0, Math.min(buffer.length, maxBytes - total), total)
      if (read === 0) break
      chunks.push(Buffer.from(buffer.subarray(0, read)))
      total += read
    }
    return Buffer.concat(chunks).toString('utf8')
  } finally {
    closeSync(fd)
  }
}
