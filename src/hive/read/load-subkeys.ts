// Reads the subkeys of one key, in stored order. What is damaged is left out, with a warning.
import { FormatError } from '../../core/index.js'
import { DEPTH_MAX } from '../key.js'
import { type KeyLinks, NK } from '../records/nk.js'
import { firstElement, parseSubkeyList } from '../records/subkey-list.js'
import { compareUpcased, upcase } from '../upcase.js'
import { type LoadedKey, loadKey } from './load-key.js'
import type { Source } from './source.js'

/** The key whose subkeys are wanted. */
export interface Parent {
  readonly offset: number
  readonly links: KeyLinks
  /** The root is 0. */
  readonly depth: number
  readonly path: () => string
}

/** Subkeys by upper-cased name, each as `make` makes it. `early`: those that were found before, by offset. */
export function loadSubkeys<T>(
  source: Source,
  parent: Parent,
  early: ReadonlyMap<number, { readonly loaded: LoadedKey }>,
  make: (key: LoadedKey) => T,
): Map<string, T> {
  const found = new Map<string, T>()
  const { subkeyCount, subkeyList } = parent.links
  if (subkeyCount === 0) return found
  const warn = (what: string) => source.warnings.add(`${label(parent)}: ${what}`)
  if (parent.depth >= DEPTH_MAX) {
    warn(`keys lie deeper than ${DEPTH_MAX} levels`)
    return found
  }
  const offsets = source.warnings.attempt(
    () => `${label(parent)}: list of subkeys`,
    [],
    () => listOffsets(source, parent, subkeyList, warn),
  )
  let last = ''
  let isSorted = true
  const where = () => label(parent)
  const add = (offset: number): void => {
    try {
      checkParent(source, parent, offset)
      const key = early.get(offset)?.loaded ?? loadKey(source, offset, where)
      const upcased = upcase(key.stored.name)
      if (upcased === '') throw new FormatError('a key without a name', { offset })
      if (found.has(upcased)) throw new FormatError(`a second subkey named ${JSON.stringify(key.stored.name)}`, { offset })
      isSorted &&= last < upcased
      last = upcased
      found.set(upcased, make(key))
    } catch (error) {
      source.warnings.note(error, `${label(parent)}: subkey`)
    }
  }
  offsets.forEach(add)
  if (!isSorted) warn('its list of subkeys is not sorted')
  if (found.size >= subkeyCount) return found
  warn(`${found.size} of ${subkeyCount} subkeys are in its list`)
  const lost = salvage(source, parent, offsets)
  if (lost.length === 0) return found
  lost.forEach(add)
  warn(`${found.size} subkeys were found after a search of the whole file`)
  return new Map([...found].sort(([a], [b]) => compareUpcased(a, b)))
}

/** Keys that name `parent` as theirs and are not in its list. */
function salvage(source: Source, parent: Parent, listed: readonly number[]): number[] {
  const known = new Set(listed)
  return source.childrenOf(parent.offset).filter((offset) => !known.has(offset) && offset !== parent.offset)
}

const NK_PARENT_AT = 16
/** The key as warnings name it. */
export const label = (parent: Parent) => `key '${parent.path()}'`

function listOffsets(source: Source, parent: Parent, offset: number, warn: (what: string) => void): number[] {
  checkOwner(source, parent, offset)
  const list = parseSubkeyList(source.cells.take(offset))
  if (list.missing > 0) warn(`${list.missing} elements of the list of subkeys lie past its cell`)
  if (!list.isRoot) return [...list.offsets]
  const leaves: number[] = []
  for (const leafOffset of list.offsets) {
    source.warnings.attempt(
      () => `${label(parent)}: leaf of the list of subkeys`,
      undefined,
      () => {
        const leaf = parseSubkeyList(source.cells.take(leafOffset))
        if (leaf.isRoot) throw new FormatError('an index root inside an index root', { offset: leafOffset })
        for (const at of leaf.offsets) leaves.push(at)
        if (leaf.missing > 0) warn(`${leaf.missing} elements of a leaf lie past its cell`)
      },
    )
  }
  return leaves
}

/** Two keys may point to one list. It is that key's which its first element names as parent. @throws FormatError where it is another's */
export function checkOwner(source: Source, parent: Parent, offset: number): void {
  const first = firstElement(source.cells.peek(offset))
  const claimed = first === undefined ? undefined : nodeAt(source, first)?.parent
  if (claimed === undefined || claimed === parent.offset) return
  const owner = nodeAt(source, claimed)
  if (owner !== undefined && owner.subkeyCount > 0 && owner.subkeyList === offset)
    throw new FormatError('the list belongs to another key', { offset })
}

/** A subkey that names another, sound parent is that one's; where the named parent is no key, the field is what is damaged. */
function checkParent(source: Source, parent: Parent, offset: number): void {
  const cell = source.cells.peek(offset)
  if (cell.u16(0) !== NK) return
  const named = cell.u32(NK_PARENT_AT)
  if (named === parent.offset) return
  if (nodeAt(source, named) !== undefined) throw new FormatError('it names another key as its parent', { offset })
  source.warnings.add(`${label(parent)}: the subkey at ${offset} names as its parent what is no key`)
}

interface Node {
  readonly parent: number
  readonly subkeyCount: number
  readonly subkeyList: number
}

/** A question, not a reading: a cell that is no key node is an answer. Names stay undecoded, as one node may be asked for a million times. */
function nodeAt(source: Source, offset: number): Node | undefined {
  try {
    const cell = source.cells.peek(offset)
    return cell.u16(0) === NK ? { parent: cell.u32(NK_PARENT_AT), subkeyCount: cell.u32(20), subkeyList: cell.u32(28) } : undefined
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}
