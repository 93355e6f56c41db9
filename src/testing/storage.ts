// What a registry knows: blobs and manifests by repository, tags, uploads under way.
import { createHash, randomUUID } from 'node:crypto'
import type { Files } from './files.js'

/** A manifest as it was sent. */
export interface StoredManifest {
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Uint8Array
}

const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/

/** Whether the text is a digest that this registry knows how to check. */
export const isKnownDigest = (text: string): boolean => DIGEST.test(text)

/** `sha256` of `sha256:…`. */
export const algorithmOf = (digest: string): string => digest.slice(0, digest.indexOf(':'))

/** The digest of bytes, by that algorithm. */
export async function digestBy(algorithm: string, bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash(algorithm)
  for await (const chunk of bytes) hash.update(chunk)
  return `${algorithm}:${hash.digest('hex')}`
}

/** As the name of a file: `sha256-0123…`. */
const nameOf = (digest: string): string => digest.replace(':', '-')

/** Repositories over files. Their names cannot begin with `_`, so what does is the registry's own. */
export class Storage {
  constructor(readonly files: Files) {}

  /** Bytes of a blob of a repository; undefined where it has none. */
  async blobSize(repository: string, digest: string): Promise<number | undefined> {
    if ((await this.files.size(blobLink(repository, digest))) === undefined) return undefined
    return this.files.size(blobFile(digest))
  }

  blob(digest: string, start: number, end: number): AsyncIterable<Uint8Array> {
    return this.files.read(blobFile(digest), start, end)
  }

  /** A repository that has a blob; undefined where none has. */
  async holderOf(digest: string): Promise<string | undefined> {
    for (const repository of await this.repositories()) if ((await this.blobSize(repository, digest)) !== undefined) return repository
    return undefined
  }

  /** Lets a repository have a blob that the registry has. */
  async link(repository: string, digest: string): Promise<void> {
    await this.files.write(blobLink(repository, digest), new Uint8Array())
  }

  /** Whether it was there. */
  async unlink(repository: string, digest: string): Promise<boolean> {
    const wasThere = (await this.blobSize(repository, digest)) !== undefined
    await this.files.remove(blobLink(repository, digest))
    return wasThere
  }

  /** Begins an upload. */
  async begin(): Promise<string> {
    const id = randomUUID()
    await this.files.write(uploadFile(id), new Uint8Array())
    return id
  }

  uploadSize(id: string): Promise<number | undefined> {
    return this.files.size(uploadFile(id))
  }

  append(id: string, bytes: Uint8Array): Promise<void> {
    return this.files.append(uploadFile(id), bytes)
  }

  cancel(id: string): Promise<void> {
    return this.files.remove(uploadFile(id))
  }

  /** Makes an upload a blob; false where its bytes are others. */
  async finish(id: string, repository: string, digest: string): Promise<boolean> {
    if ((await digestBy(algorithmOf(digest), this.files.read(uploadFile(id), 0, Number.POSITIVE_INFINITY))) !== digest) return false
    await this.files.move(uploadFile(id), blobFile(digest))
    await this.link(repository, digest)
    return true
  }

  async manifest(repository: string, digest: string): Promise<StoredManifest | undefined> {
    const [mediaType, bytes] = [await this.#text(manifestType(repository, digest)), await this.#bytes(blobFile(digest))]
    return mediaType === undefined || bytes === undefined ? undefined : { digest, mediaType, bytes }
  }

  async putManifest(repository: string, { digest, mediaType, bytes }: StoredManifest): Promise<void> {
    await this.files.write(blobFile(digest), bytes)
    await this.files.write(manifestType(repository, digest), Buffer.from(mediaType))
  }

  /** Removes it with its tags. Whether it was there. */
  async deleteManifest(repository: string, digest: string): Promise<boolean> {
    if ((await this.files.size(manifestType(repository, digest))) === undefined) return false
    for (const tag of await this.tags(repository))
      if ((await this.tag(repository, tag)) === digest) await this.files.remove(tagFile(repository, tag))
    await this.files.remove(manifestType(repository, digest))
    return true
  }

  /** The digests of all manifests of a repository. */
  async manifests(repository: string): Promise<readonly string[]> {
    return (await this.files.list(`repositories/${repository}/_manifests`)).map((name) => name.replace('-', ':'))
  }

  tag(repository: string, tag: string): Promise<string | undefined> {
    return this.#text(tagFile(repository, tag))
  }

  async setTag(repository: string, tag: string, digest: string): Promise<void> {
    await this.files.write(tagFile(repository, tag), Buffer.from(digest))
  }

  /** Whether it was there. */
  async deleteTag(repository: string, tag: string): Promise<boolean> {
    const wasThere = (await this.tag(repository, tag)) !== undefined
    await this.files.remove(tagFile(repository, tag))
    return wasThere
  }

  tags(repository: string): Promise<readonly string[]> {
    return this.files.list(`repositories/${repository}/_tags`)
  }

  /** Names of the repositories that anything was sent to, sorted. */
  async repositories(): Promise<readonly string[]> {
    const names = (await this.files.list('repositories')).map((path) => path.slice(0, path.indexOf('/_')))
    return [...new Set(names)].sort()
  }

  async #bytes(path: string): Promise<Uint8Array | undefined> {
    const size = await this.files.size(path)
    if (size === undefined) return undefined
    const chunks: Uint8Array[] = []
    for await (const chunk of this.files.read(path, 0, size)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  async #text(path: string): Promise<string | undefined> {
    const bytes = await this.#bytes(path)
    return bytes === undefined ? undefined : Buffer.from(bytes).toString()
  }
}

const blobFile = (digest: string) => `blobs/${nameOf(digest)}`
const uploadFile = (id: string) => `uploads/${id}`
const blobLink = (repository: string, digest: string) => `repositories/${repository}/_blobs/${nameOf(digest)}`
const manifestType = (repository: string, digest: string) => `repositories/${repository}/_manifests/${nameOf(digest)}`
const tagFile = (repository: string, tag: string) => `repositories/${repository}/_tags/${tag}`
