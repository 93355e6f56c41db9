// Where a test registry keeps its files: in memory or in a directory.
import { createReadStream } from 'node:fs'
import { appendFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Files by path, as much of them as a registry needs. */
export interface Files {
  /** Bytes; undefined where there is no such file. */
  size(path: string): Promise<number | undefined>
  /** From `start` to before `end`. */
  read(path: string, start: number, end: number): AsyncIterable<Uint8Array>
  write(path: string, bytes: Uint8Array): Promise<void>
  append(path: string, bytes: Uint8Array): Promise<void>
  move(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** The paths of all files below a directory, relative to it, sorted. */
  list(directory: string): Promise<readonly string[]>
}

/** Files that last as long as the process. */
export class MemoryFiles implements Files {
  readonly #files = new Map<string, Buffer[]>()

  async size(path: string): Promise<number | undefined> {
    return this.#files.get(path)?.reduce((sum, chunk) => sum + chunk.length, 0)
  }
  async *read(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    let at = 0
    for (const chunk of this.#files.get(path) ?? []) {
      const from = Math.max(0, start - at)
      const to = Math.min(chunk.length, end - at)
      if (from < to) yield chunk.subarray(from, to)
      at += chunk.length
    }
  }
  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.#files.set(path, bytes.length === 0 ? [] : [Buffer.from(bytes)])
  }
  async append(path: string, bytes: Uint8Array): Promise<void> {
    const chunks = this.#files.get(path) ?? []
    chunks.push(Buffer.from(bytes))
    this.#files.set(path, chunks)
  }
  async move(from: string, to: string): Promise<void> {
    this.#files.set(to, this.#files.get(from) ?? [])
    this.#files.delete(from)
  }
  async remove(path: string): Promise<void> {
    this.#files.delete(path)
  }
  async list(directory: string): Promise<readonly string[]> {
    const prefix = `${directory}/`
    return [...this.#files.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length))
      .sort()
  }
}

/** Files in a directory of the host. */
export class DirectoryFiles implements Files {
  constructor(readonly directory: string) {}

  async size(path: string): Promise<number | undefined> {
    return unlessAbsent(async () => (await stat(this.#at(path))).size, undefined)
  }
  async *read(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    if (start < end) yield* createReadStream(this.#at(path), { start, end: end - 1, highWaterMark: 256 * 1024 })
  }
  async write(path: string, bytes: Uint8Array): Promise<void> {
    await writeFile(await this.#making(path), bytes)
  }
  async append(path: string, bytes: Uint8Array): Promise<void> {
    await appendFile(await this.#making(path), bytes)
  }
  async move(from: string, to: string): Promise<void> {
    await rename(this.#at(from), await this.#making(to))
  }
  async remove(path: string): Promise<void> {
    await rm(this.#at(path), { force: true })
  }
  async list(directory: string): Promise<readonly string[]> {
    const found = await unlessAbsent(() => readdir(this.#at(directory), { recursive: true, withFileTypes: true }), [])
    return found
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.#at(directory).length + 1))
      .sort()
  }

  readonly #at = (path: string): string => join(this.directory, path)
  async #making(path: string): Promise<string> {
    await mkdir(dirname(this.#at(path)), { recursive: true })
    return this.#at(path)
  }
}

async function unlessAbsent<T, U>(body: () => Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await body()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise
    throw error
  }
}
