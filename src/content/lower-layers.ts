// The layers below one that is being unpacked, opened when something is first looked up in them.
import { join } from 'node:path'
import type { InodeEntry } from '../layer/index.js'
import { readUnapplied, TREE } from './layer-record.js'
import { Beneath } from './tree/beneath.js'
import { findLower, type UnpackedTree } from './tree/lower.js'

/** Names of the layers below, the lowest first, once they are unpacked. */
export type Below = () => Promise<readonly string[]>

/** A stack to look things up in. */
export class LowerLayers implements AsyncDisposable {
  #trees: Promise<readonly UnpackedTree[]> | undefined

  constructor(
    readonly root: string,
    readonly below: Below,
  ) {}

  /** What the stack shows at `path`. */
  async find(path: string): Promise<InodeEntry | undefined> {
    this.#trees ??= this.#openAll()
    return findLower(await this.#trees, path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#trees === undefined) return
    const [opened] = await Promise.allSettled([this.#trees])
    if (opened.status === 'fulfilled') for (const { tree } of opened.value) tree[Symbol.dispose]()
  }

  async #openAll(): Promise<readonly UnpackedTree[]> {
    const trees: UnpackedTree[] = []
    for (const key of await this.below()) {
      const unapplied = await readUnapplied(join(this.root, key))
      trees.unshift({ tree: new Beneath(join(this.root, key, TREE)), unapplied })
    }
    return trees
  }
}
