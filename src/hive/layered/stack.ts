// Which keys of which layers make up one merged key (regf specification, "Layered keys").
import type { HiveKey } from '../hive-key.js'
import { upcase } from '../upcase.js'

/** A key and the number of its layer; the base is 0. */
export interface LayerNode {
  readonly layer: number
  readonly key: HiveKey
}

/** A merged key. Both lists go from the top layer down. */
export interface Stack {
  /** Where subkeys are looked for. */
  readonly nodes: readonly LayerNode[]
  /** What values, class, times and security come from: shorter than `nodes` below a supersede-local key. */
  readonly visible: readonly HiveKey[]
}

/** The merged key of all keys at one path, from the top layer down; undefined where there is none, or a tombstone hides it. */
export function combine(candidates: readonly LayerNode[]): Stack | undefined {
  const nodes: LayerNode[] = []
  const visible: HiveKey[] = []
  let isSuperseded = false
  for (const node of candidates) {
    const { layer } = node.key
    if (layer === 'tombstone') break
    nodes.push(node)
    if (!isSuperseded) visible.push(node.key)
    if (layer === 'supersede-tree') break
    isSuperseded ||= layer === 'supersede-local'
  }
  return nodes.length === 0 ? undefined : { nodes, visible }
}

/** The merged subkey of this name. */
export function combineSubkey(nodes: readonly LayerNode[], name: string): Stack | undefined {
  return combine(
    nodes.flatMap(({ layer, key }) => {
      const subkey = key.subkey(name)
      return subkey === undefined ? [] : [{ layer, key: subkey }]
    }),
  )
}

/** Names of all subkeys in any layer, by upper-cased name, hidden ones too; spelled as the topmost layer has them. */
export function subkeyNames(nodes: readonly LayerNode[]): Map<string, string> {
  const names = new Map<string, string>()
  for (const { key } of nodes) {
    for (const { name } of key.subkeys()) {
      const upcased = upcase(name)
      if (!names.has(upcased)) names.set(upcased, name)
    }
  }
  return names
}
