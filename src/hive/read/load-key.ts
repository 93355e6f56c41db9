// Reads one key: node, class, security. Damage to class or security costs only them.
import { FormatError } from '../../core/index.js'
import { NIL } from '../records/cell.js'
import { KEY_FLAG, type KeyFields, type KeyLinks, parseKeyNode } from '../records/nk.js'
import type { StoredKey } from '../stored.js'
import { decodeUtf16 } from '../text.js'
import type { Source } from './source.js'

/** A key as the file has it. */
export interface LoadedKey {
  readonly offset: number
  readonly links: KeyLinks
  readonly stored: StoredKey
}

/** Takes the key node at `offset`. `where` names the key's parent in warnings. @throws FormatError where there is no key node */
export function loadKey(source: Source, offset: number, where: () => string): LoadedKey {
  const node = parseKeyNode(source.cells.take(offset))
  const hasClass = node.classLength !== 0 && node.classAt !== NIL
  const isPredefined = (node.flags & KEY_FLAG.predefinedHandle) !== 0
  return {
    offset,
    links: node,
    stored: {
      name: node.name,
      flags: node.flags,
      lastWritten: node.lastWritten,
      accessBits: node.accessBits,
      layerBits: node.layerBits,
      userFlags: node.userFlags,
      className: hasClass
        ? source.warnings.attempt<string | undefined>(
            () => `${where()}: class of '${node.name}'`,
            undefined,
            () => classOf(source, node),
          )
        : undefined,
      security: securityOf(source, node, where),
      predefinedHandle: isPredefined ? node.valueCount : undefined,
    },
  }
}

/** Without closures: every key of a hive comes this way. */
function securityOf(source: Source, node: KeyFields & KeyLinks, where: () => string): Uint8Array | undefined {
  try {
    return source.security(node.security)
  } catch (error) {
    source.warnings.note(error, `${where()}: security of '${node.name}'`)
    return undefined
  }
}

/** Undefined where it has no whole letter. */
function classOf(source: Source, { classAt, classLength }: KeyFields & KeyLinks): string | undefined {
  const cell = source.cells.take(classAt)
  if (classLength > cell.size) throw new FormatError(`${classLength} bytes of class in a cell of ${cell.size}`, { offset: cell.origin })
  return decodeUtf16(cell.bytes(0, classLength)) || undefined
}
