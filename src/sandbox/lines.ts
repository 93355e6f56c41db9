// Text lines out of byte chunks. A line ends with \n or \r\n; the last may have no end.
import { StringDecoder } from 'node:string_decoder'

// Without a bound a program that never ends a line would fill the host's memory.
const LINE_MAX = 1024 * 1024

/** Feeds chunks in, gets whole lines out. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  /** The lines that `chunk` completes. A line past 1 MiB is cut there. */
  push(chunk: Uint8Array): string[] {
    const parts = (this.#rest + this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))).split('\n')
    this.#rest = parts.pop() as string
    if (this.#rest.length > LINE_MAX) {
      parts.push(this.#rest)
      this.#rest = ''
    }
    return parts.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  }

  /** What stands after the last line's end, if anything. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    return rest === '' ? [] : [rest]
  }
}
