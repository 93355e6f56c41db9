// References: the descriptors of index.json with `org.opencontainers.image.ref.name`. Source: image-spec image-layout.md "index.json file".
import { readFile } from 'node:fs/promises'
import { type Descriptor, decodeIndex, layoutIndex, refNameOf, withRefName } from '../oci/index.js'
import { replaceFile } from './durable.js'
import type { Lease } from './lease.js'
import { withLock } from './lock.js'
import type { StorePaths } from './paths.js'

/** A reference and what it names. */
export interface Ref {
  readonly ref: string
  readonly descriptor: Descriptor
}

/** The references of one store. Changes are whole or not at all, whoever else changes others at the same time. */
export class Refs {
  constructor(
    readonly paths: StorePaths,
    readonly lease: Lease,
  ) {}

  /** What `ref` names, without the annotation; undefined where there is no such reference. */
  async get(ref: string): Promise<Descriptor | undefined> {
    const found = (await this.#read()).find((descriptor) => refNameOf(descriptor) === ref)
    return found === undefined ? undefined : withRefName(found, undefined)
  }

  /** Lets `ref` name `descriptor` from now on. Its blobs must be in the store, and kept, until this resolves. */
  async set(ref: string, descriptor: Descriptor, options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#change(options.signal, (all) => [...all.filter((other) => refNameOf(other) !== ref), withRefName(descriptor, ref)])
  }

  /** Removes a reference; false where there was none. The blobs stay until the next collection. */
  async delete(ref: string, options: { signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    let found = false
    await this.#change(options.signal, (all) => {
      const others = all.filter((other) => refNameOf(other) !== ref)
      found = others.length < all.length
      return found ? others : undefined
    })
    return found
  }

  /** All references, by name. */
  async list(): Promise<readonly Ref[]> {
    const named = (await this.#read()).flatMap((descriptor) => {
      const ref = refNameOf(descriptor)
      return ref === undefined ? [] : [{ ref, descriptor: withRefName(descriptor, undefined) }]
    })
    return named.sort((a, b) => (a.ref < b.ref ? -1 : 1))
  }

  /** Every descriptor of index.json, those without a reference (that another tool wrote) too. */
  roots(): Promise<readonly Descriptor[]> {
    return this.#read()
  }

  async #read(): Promise<readonly Descriptor[]> {
    return decodeIndex(await readFile(this.paths.index())).manifests
  }

  async #change(signal: AbortSignal | undefined, change: (all: readonly Descriptor[]) => readonly Descriptor[] | undefined): Promise<void> {
    this.lease.checkWritable('changing a reference')
    await withLock(this.paths.indexLock(), true, signal, async () => {
      const changed = change(await this.#read())
      if (changed !== undefined) await replaceFile(this.paths.index(), layoutIndex(changed), this.lease.temporary())
    })
  }
}
