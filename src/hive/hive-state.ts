// What a key is made with: the state it shares with its hive, the place it is read from, or nothing.
import type { LoadedKey } from './read/load-key.js'
import type { Source } from './read/source.js'
import type { StoredKey } from './stored.js'

/** What the keys of one hive share. */
export interface HiveState {
  readonly isLayered: boolean
  /** The time that changes are stamped with. */
  readonly now: () => Date
  /** Counts changes, so that merged views know when to look again. */
  changes: number
}

/** Where a key is read from. */
export interface Origin {
  readonly source: Source
  readonly key: LoadedKey
}

/** A key that holds nothing. */
export const BLANK_KEY: Omit<StoredKey, 'name' | 'lastWritten' | 'security'> = {
  flags: 0,
  accessBits: 0,
  layerBits: 0,
  userFlags: 0,
  className: undefined,
  predefinedHandle: undefined,
}
