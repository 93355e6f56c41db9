// Security descriptors as text: `O:BAG:SYD:P(A;OICI;FA;;;BA)`. Source: MS-DTYP 2.5.1 (security descriptor description language).
import { FormatError, UnsupportedError } from '../../core/index.js'
import { ACE_FLAGS, ACE_TYPES, isObjectAce, LABEL_RIGHTS, MANDATORY_LABEL, SINGLE_RIGHTS, WHOLE_RIGHTS } from './ace-types.js'
import { decodeSecurityDescriptor, encodeSecurityDescriptor } from './binary.js'
import { encodeGuid } from './guid.js'
import { sidOfText, textOfSid } from './sid.js'
import { type Ace, SE, type SecurityDescriptor } from './types.js'

const NULL_ACL = 'NO_ACCESS_CONTROL'
const ACL_FLAGS = {
  D: { P: SE.daclProtected, AR: SE.daclAutoInheritRequired, AI: SE.daclAutoInherited },
  S: { P: SE.saclProtected, AR: SE.saclAutoInheritRequired, AI: SE.saclAutoInherited },
} as const
const TYPE_NAMES = inverse(ACE_TYPES)
const ACE_FLAGS_ALL = [...ACE_FLAGS.values()].reduce((all, bit) => all | bit, 0)

/** The self-relative security descriptor that SDDL text stands for. Rights may be letters or a number.
 *  @throws FormatError for anything else than owner, group, D: and S: parts @throws UnsupportedError for conditions, resource attributes, and names of a domain's groups */
export const securityFromSddl = (text: string): Uint8Array => encodeSecurityDescriptor(parseSddl(text))

/** SDDL text of a self-relative security descriptor, as Windows writes it. Flags that say only that a part was defaulted are lost.
 *  @throws FormatError | UnsupportedError where it has entries with conditions or resource attributes */
export const securityToSddl = (bytes: Uint8Array): string => formatSddl(decodeSecurityDescriptor(bytes))

function parseSddl(text: string): SecurityDescriptor {
  const parts = new Map<string, string>()
  // A part ends where the next begins: a letter and a colon, neither of which is in the text of a part but inside parentheses.
  const pattern = /([OGDS]):((?:\([^()]*\)|(?![OGDS]:)[^()])*)/y
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex
    const [, name = '', body = ''] = pattern.exec(text) ?? []
    if (name === '' || parts.has(name)) throw new FormatError(`SDDL: ${JSON.stringify(text.slice(at, at + 40))}`, { offset: at })
    parts.set(name, body)
  }
  const dacl = parseAcl(parts.get('D'), 'D')
  const sacl = parseAcl(parts.get('S'), 'S')
  const sid = (name: string) => {
    const body = parts.get(name)
    return body === undefined ? undefined : sidOfText(body)
  }
  return { control: dacl.control | sacl.control, owner: sid('O'), group: sid('G'), dacl: dacl.list, sacl: sacl.list }
}

function parseAcl(text: string | undefined, kind: 'D' | 'S'): { control: number; list: readonly Ace[] | null | undefined } {
  if (text === undefined) return { control: 0, list: undefined }
  const [head = ''] = /^[^(]*/.exec(text) ?? []
  const isNull = head.endsWith(NULL_ACL)
  let control = 0
  for (let flags = isNull ? head.slice(0, -NULL_ACL.length) : head; flags !== ''; ) {
    const name = (['P', 'AR', 'AI'] as const).find((flag) => flags.startsWith(flag))
    if (name === undefined) throw new FormatError(`SDDL: flags of a list: ${JSON.stringify(head.slice(0, 40))}`)
    control |= ACL_FLAGS[kind][name]
    flags = flags.slice(name.length)
  }
  const rest = text.slice(head.length)
  if (isNull && rest !== '') throw new FormatError('SDDL: entries in a list without access control')
  return { control, list: isNull ? null : (rest.match(/\([^()]*\)/g) ?? []).map((entry) => parseAce(entry.slice(1, -1))) }
}

function parseAce(text: string): Ace {
  const [typeName = '', flags = '', rights = '', objectType = '', inheritedObjectType = '', sid = '', ...more] = text.split(';')
  const type = ACE_TYPES.get(typeName.trim())
  if (/^(X[ADU]|ZA|RA|TL|FL)$/.test(typeName)) throw new UnsupportedError(`SDDL: entries of type ${typeName} are not supported`)
  if (type === undefined || more.length > 0) throw new FormatError(`SDDL: not an entry: ${JSON.stringify(text.slice(0, 100))}`)
  if ((objectType !== '' || inheritedObjectType !== '') && !isObjectAce(type))
    throw new FormatError(`SDDL: object types in an entry of type ${typeName}`)
  const guid = (value: string) => (value === '' ? undefined : checkedGuid(value))
  const object = isObjectAce(type) ? { objectType: guid(objectType), inheritedObjectType: guid(inheritedObjectType) } : {}
  return { type, flags: bits(flags, [ACE_FLAGS]), mask: parseRights(rights, type), sid: sidOfText(sid.trim()), ...object }
}

function checkedGuid(text: string): string {
  encodeGuid(text)
  return text.toLowerCase()
}

function parseRights(text: string, type: number): number {
  if (/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) && Number(text) <= 0xffffffff) return Number(text)
  return bits(text, type === MANDATORY_LABEL ? [LABEL_RIGHTS, SINGLE_RIGHTS] : [WHOLE_RIGHTS, SINGLE_RIGHTS])
}

function bits(text: string, tables: readonly ReadonlyMap<string, number>[]): number {
  let all = 0
  for (const pair of text.match(/.{1,2}/gs) ?? []) {
    const bit = tables.map((table) => table.get(pair)).find((found) => found !== undefined)
    if (bit === undefined) throw new FormatError(`SDDL: ${JSON.stringify(pair)} in ${JSON.stringify(text.slice(0, 60))}`)
    all |= bit
  }
  return all >>> 0
}

function formatSddl({ control, owner, group, dacl, sacl }: SecurityDescriptor): string {
  return [
    owner === undefined ? '' : `O:${textOfSid(owner)}`,
    group === undefined ? '' : `G:${textOfSid(group)}`,
    formatAcl('D', control, dacl),
    formatAcl('S', control, sacl),
  ].join('')
}

function formatAcl(kind: 'D' | 'S', control: number, list: SecurityDescriptor['dacl']): string {
  if (list === undefined) return ''
  const flags = Object.entries(ACL_FLAGS[kind]).filter(([, bit]) => (control & bit) !== 0)
  return `${kind}:${flags.map(([name]) => name).join('')}${list === null ? NULL_ACL : list.map(formatAce).join('')}`
}

function formatAce({ type, flags, mask, sid, objectType = '', inheritedObjectType = '' }: Ace): string {
  const unknown = flags & ~ACE_FLAGS_ALL
  if (unknown !== 0) throw new UnsupportedError(`a security descriptor with entry flags 0x${unknown.toString(16)}, which have no text`)
  return `(${[TYPE_NAMES.get(type), letters(flags, ACE_FLAGS), formatRights(mask, type), objectType, inheritedObjectType, textOfSid(sid)].join(';')})`
}

function formatRights(mask: number, type: number): string {
  if (type === MANDATORY_LABEL) return letters(mask, LABEL_RIGHTS) ?? number(mask)
  for (const [name, whole] of WHOLE_RIGHTS) if (mask === whole) return name
  return letters(mask, SINGLE_RIGHTS) ?? number(mask)
}

const number = (mask: number): string => `0x${mask.toString(16)}`

/** Names of all bits; undefined where one has no name. */
function letters(mask: number, table: ReadonlyMap<string, number>): string | undefined {
  let left = mask
  let text = ''
  for (const [name, bit] of table) {
    if ((left & bit) === 0) continue
    text += name
    left &= ~bit
  }
  return left === 0 ? text : undefined
}

function inverse<K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<V, K> {
  return new Map([...map].map(([key, value]) => [value, key]))
}
