// What two letters of SDDL stand for in an entry: its type, its flags, its rights. Source: MS-DTYP 2.5.1.1.

/** Numbers of ACE types by their letters. Entries with conditions (XA …) and resource attributes (RA) are not among them. */
export const ACE_TYPES: ReadonlyMap<string, number> = new Map([
  ['A', 0x00],
  ['D', 0x01],
  ['AU', 0x02],
  ['AL', 0x03],
  ['OA', 0x05],
  ['OD', 0x06],
  ['OU', 0x07],
  ['OL', 0x08],
  ['ML', 0x11],
  ['SP', 0x13],
])
/** SYSTEM_MANDATORY_LABEL_ACE: its rights have names of their own. */
export const MANDATORY_LABEL = 0x11

/** Whether entries of this type have object types in them. */
export const isObjectAce = (type: number): boolean => type >= 0x05 && type <= 0x08

export const ACE_FLAGS: ReadonlyMap<string, number> = new Map([
  ['OI', 0x01],
  ['CI', 0x02],
  ['NP', 0x04],
  ['IO', 0x08],
  ['ID', 0x10],
  ['SA', 0x40],
  ['FA', 0x80],
])

/** Names of whole masks; the first that equals a mask is its text. */
export const WHOLE_RIGHTS: ReadonlyMap<string, number> = new Map([
  ['FA', 0x1f01ff],
  ['FR', 0x120089],
  ['FW', 0x120116],
  ['FX', 0x1200a0],
  ['KA', 0xf003f],
  ['KR', 0x20019],
  ['KW', 0x20006],
  ['KX', 0x20019],
])

/** Names of single bits, in the order Windows writes them. */
export const SINGLE_RIGHTS: ReadonlyMap<string, number> = new Map([
  ['GA', 0x10000000],
  ['GR', 0x80000000],
  ['GW', 0x40000000],
  ['GX', 0x20000000],
  ['CC', 0x1],
  ['DC', 0x2],
  ['LC', 0x4],
  ['SW', 0x8],
  ['RP', 0x10],
  ['WP', 0x20],
  ['DT', 0x40],
  ['LO', 0x80],
  ['CR', 0x100],
  ['SD', 0x10000],
  ['RC', 0x20000],
  ['WD', 0x40000],
  ['WO', 0x80000],
])

export const LABEL_RIGHTS: ReadonlyMap<string, number> = new Map([
  ['NW', 0x1],
  ['NR', 0x2],
  ['NX', 0x4],
])
