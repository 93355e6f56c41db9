// A registry hive: opened from bytes (and logs), or new; changed through its keys; written with toBytes.
import { FormatError, optionsObject, rejectUnknown } from '../core/index.js'
import { dateToFiletime } from './filetime.js'
import { HiveKey } from './hive-key.js'
import { BLANK_KEY, type HiveState } from './hive-state.js'
import { checkKeyName, createKey, findKey, type Key } from './key.js'
import { recover } from './log/recover.js'
import { endOfBins } from './read/bins.js'
import { Cells } from './read/cells.js'
import { findRoot } from './read/find-root.js'
import { Source } from './read/source.js'
import { BASE_BLOCK_SIZE, type BaseBlock, FLAG_LAYERED, newBaseBlock, parseBaseBlock } from './records/base-block.js'
import { BIN_ALIGN } from './records/hive-bin.js'
import { LAYER } from './records/nk.js'
import { defaultSecurity } from './security.js'
import { View } from './view.js'
import { Warnings } from './warnings.js'
import { writeHive } from './write/write-hive.js'

/** Options of `Hive.open` and `Hive.create`. */
export interface HiveOptions {
  /** The time that changes are stamped with. Default: the clock's. */
  readonly now?: (() => Date) | undefined
}

/** Options of `Hive.create`. */
export interface HiveCreateOptions extends HiveOptions {
  /** Keys and values carry layer bits: the hive can be a delta. Default: false. */
  readonly layered?: boolean | undefined
  /** Minor version, 3 to 6. Default: 5, with layers 6. */
  readonly version?: number | undefined
  /** Name of the root key. Default: 'ROOT'. */
  readonly name?: string | undefined
}

/** A registry hive in memory. Keys are read when they are first asked for. */
export class Hive {
  readonly root: Key
  /** Damage found so far, as sentences: at opening, and in each key when it is first read. `verify` reads all. */
  readonly warnings: string[]
  /** Whether keys and values carry layer bits. */
  readonly isLayered: boolean
  /** Minor version, 3 to 6. */
  readonly version: number
  readonly #block: Uint8Array
  readonly #state: HiveState
  readonly #cells: Cells | undefined

  private constructor(parts: {
    state: HiveState
    root: HiveKey
    warnings: string[]
    isLayered: boolean
    version: number
    block: Uint8Array
    cells?: Cells
  }) {
    this.#cells = parts.cells
    this.#state = parts.state
    this.root = parts.root
    this.warnings = parts.warnings
    this.isLayered = parts.isLayered
    this.version = parts.version
    this.#block = parts.block
  }

  /** Reads a hive of version 1.3 to 1.6. `logs`: its transaction logs, old or new, in any order; they count when the hive is dirty.
   *  `bytes` must not be changed afterwards. Damage is told in `warnings`. @throws FormatError where there is no base block or no root key */
  static open(bytes: Uint8Array, logs: readonly Uint8Array[] = [], options?: HiveOptions): Hive {
    const { now = () => new Date() } = checkOptions(options, ['now'], 'Hive.open')
    const warnings = new Warnings()
    const image = recover(bytes, logs, warnings)
    const base = parseBaseBlock(image)
    if (base.fileType !== 0) throw new FormatError('a transaction log, not a hive', { offset: 28 })
    const isLayered = (base.flags & FLAG_LAYERED) !== 0
    const bins = hiveBins(image, base, warnings)
    const cells = new Cells(bins, warnings)
    const source = new Source(cells, warnings, base.minor, isLayered)
    const key = findRoot(source, bins, base.root)
    const state = { isLayered, now, changes: 0 }
    const root = new HiveKey(state, undefined, key.stored, { source, key })
    return new Hive({
      state,
      root,
      warnings: warnings.list,
      isLayered,
      version: base.minor,
      block: new Uint8Array(image.subarray(0, BASE_BLOCK_SIZE)),
      cells,
    })
  }

  /** A hive with nothing but a root key. */
  static create(options?: HiveCreateOptions): Hive {
    const given = checkOptions(options, ['layered', 'version', 'name', 'now'], 'Hive.create')
    const { layered: isLayered = false, version = isLayered ? 6 : 5, name = 'ROOT', now = () => new Date() } = given
    if (!Number.isInteger(version) || version < 3 || version > 6) throw new RangeError(`version must be 3 to 6, not ${version}`)
    // Over a base, the root is to change neither class nor security.
    const own = isLayered ? { layerBits: LAYER.inheritClass, security: undefined } : { security: defaultSecurity() }
    const stored = { ...BLANK_KEY, name: checkKeyName(name), lastWritten: dateToFiletime(now()), ...own }
    const state = { isLayered, now, changes: 0 }
    const root = new HiveKey(state, undefined, stored)
    return new Hive({
      state,
      root,
      warnings: [],
      isLayered,
      version,
      block: newBaseBlock(version, isLayered ? FLAG_LAYERED : 0),
    })
  }

  /** How many changes were made through keys since the hive was opened or created. */
  get changeCount(): number {
    return this.#state.changes
  }

  /** The key at a path of names joined by `\`; '' is the root. Undefined where there is none. */
  key(path: string): Key | undefined {
    return findKey(this.root, path)
  }

  /** The key at `path`, with all parts that were missing made. */
  createKey(path: string): Key {
    return createKey(this.root, path)
  }

  /** Reads every key, every value and the headers of all bins. Returns all warnings: none for a sound hive. */
  verify(): string[] {
    const walk = (key: HiveKey): void => {
      key.storedValues()
      for (const subkey of key.subkeys()) walk(subkey)
    }
    void this.#cells?.binEnds
    walk(rootOf(this))
    return this.warnings
  }

  /** The hive as a clean file: what could be read and what was changed. The same keys give the same bytes. @throws UnsupportedError past 2 GiB */
  toBytes(): Uint8Array {
    return writeHive(rootOf(this), this.#block, this.version)
  }
}

/** The root with what only this room may use. */
export const rootOf = (hive: Hive): HiveKey => hive.root as HiveKey

function hiveBins(image: Uint8Array, base: BaseBlock, warnings: Warnings): View {
  const rest = View.of(image).window(Math.min(BASE_BLOCK_SIZE, image.length), Math.max(0, image.length - BASE_BLOCK_SIZE))
  // A size under a wrong checksum says nothing.
  const dataSize = base.isSound ? base.dataSize : endOfBins(rest)
  if (rest.size < dataSize) warnings.add(`the file is truncated: ${rest.size} of ${dataSize} bytes of hive bins are there`)
  if (dataSize % BIN_ALIGN !== 0) warnings.add(`the hive bins' size ${dataSize} is not a multiple of ${BIN_ALIGN}`)
  return rest.window(0, Math.min(rest.size, dataSize))
}

function checkOptions<T extends object>(options: T | undefined, known: readonly string[], of: string): T {
  const given = optionsObject(options, of)
  rejectUnknown(given, known, of)
  return given
}
