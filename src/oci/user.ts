// Who a `user:` string means inside. Source: OCI image-spec, config.md "User"; passwd(5), group(5). What looks like a number is an id and never
// a name, or an image's /etc/passwd could call its root '1000' (CVE-2024-40635 and its like).
import { FormatError, StrataError } from '../core/index.js'

/** Largest user or group id; one more means "leave as it is" to chown(2). */
const ID_MAX = 2 ** 32 - 2

/** Longer passwd and group files are refused; do not read more than this (and a byte) of either. */
export const USER_DATABASE_MAX_BYTES = 1 << 20

/** Ids as inside the sandbox. */
export interface ResolvedUser {
  readonly uid: number
  readonly gid: number
  /** Supplementary groups; empty when the string names a group. */
  readonly groups: readonly number[]
  /** '/' where the user has no entry. */
  readonly home: string
}

// What useradd(8) takes, upper case and dots added. A sign, blank or other oddity is refused rather than looked up.
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}\$?$/
const DIGITS = /^[0-9]+$/

function parseId(text: string, spec: string): number {
  const id = Number(text)
  if (id > ID_MAX) throw new RangeError(`user: '${spec}': ids go from 0 to ${ID_MAX}`)
  return id
}

// Ids in the files; undefined for what is none.
const idField = (field: string | undefined): number | undefined => {
  if (field === undefined || !DIGITS.test(field)) return undefined
  const id = Number(field)
  return id <= ID_MAX ? id : undefined
}

function* records(text: string, file: string): Generator<readonly string[]> {
  if (text.length > USER_DATABASE_MAX_BYTES) throw new FormatError(`${file} is larger than ${USER_DATABASE_MAX_BYTES} bytes`)
  for (const line of text.split('\n')) if (line !== '' && !line.startsWith('#')) yield line.split(':')
}

interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

// The first entry counts, as for getpwnam(3); entries with broken ids do not.
function findUser(passwdText: string, matches: (name: string, uid: number) => boolean): PasswdEntry | undefined {
  for (const [name = '', , uidField, gidField, , home = ''] of records(passwdText, '/etc/passwd')) {
    const uid = idField(uidField)
    const gid = idField(gidField)
    if (uid !== undefined && gid !== undefined && matches(name, uid)) return { name, uid, gid, home: home.startsWith('/') ? home : '/' }
  }
  return undefined
}

function findGroup(groupText: string, wanted: string): number | undefined {
  for (const [name, , field] of records(groupText, '/etc/group')) if (name === wanted) return idField(field)
  return undefined
}

function groupsOf(groupText: string, userName: string): number[] {
  const groups = new Set<number>()
  for (const [, , field, members = ''] of records(groupText, '/etc/group')) {
    const gid = idField(field)
    if (gid !== undefined && members.split(',').includes(userName)) groups.add(gid)
  }
  return [...groups].sort((a, b) => a - b)
}

function unknown(kind: 'user' | 'group', name: string): never {
  throw new StrataError(`user: there is no ${kind} '${name}' in its /etc/${kind === 'user' ? 'passwd' : 'group'}`, {
    code: `ERR_UNKNOWN_${kind.toUpperCase()}`,
    remedy: `use a numeric id, or add the ${kind}`,
  })
}

/** Resolves `name`, `uid`, `name:group`, `name:gid`, `uid:group` or `uid:gid` against the own files of the image or sandbox ('' where there is none). The group
 *  defaults to the user's entry, or 0. @throws TypeError | RangeError for what is none of these; StrataError (`ERR_UNKNOWN_USER`,
 *  `ERR_UNKNOWN_GROUP`) for a name without an entry; FormatError for files past the limit */
export function resolveUser(spec: string, passwdText: string, groupText: string): ResolvedUser {
  const [userPart = '', groupPart, ...rest] = spec.split(':')
  if (rest.length > 0 || !NAME.test(userPart) || (groupPart !== undefined && !NAME.test(groupPart))) {
    throw new TypeError(`user: ${JSON.stringify(spec.slice(0, 300))} is not of the form 'name', 'uid', 'name:group' or 'uid:gid'`)
  }
  const numericUid = DIGITS.test(userPart) ? parseId(userPart, spec) : undefined
  const entry = findUser(passwdText, (name, uid) => (numericUid === undefined ? name === userPart : uid === numericUid))
  const uid = numericUid ?? entry?.uid ?? unknown('user', userPart)
  const home = entry?.home ?? '/'
  if (groupPart === undefined)
    return { uid, gid: entry?.gid ?? 0, groups: entry === undefined ? [] : groupsOf(groupText, entry.name), home }
  const gid = DIGITS.test(groupPart) ? parseId(groupPart, spec) : (findGroup(groupText, groupPart) ?? unknown('group', groupPart))
  return { uid, gid, groups: [], home }
}
