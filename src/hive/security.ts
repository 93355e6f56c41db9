// The security descriptor of a new hive's root, self-relative (MS-DTYP 2.4.6): O:BAG:SYD:(A;CI;KA;;;BA)(A;CI;KA;;;SY)(A;CI;KR;;;BU).
import { concat } from '../core/index.js'

const KEY_ALL_ACCESS = 0xf003f
const KEY_READ = 0x20019
const CONTAINER_INHERIT = 0x02
// SE_DACL_PRESENT | SE_SELF_RELATIVE
const CONTROL = 0x8004

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)
const halves = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer)

/** A SID of the NT authority. */
const sid = (...parts: number[]): Uint8Array => concat([Uint8Array.of(1, parts.length, 0, 0, 0, 0, 0, 5), words(...parts)])
const ADMINISTRATORS = sid(32, 544)
const USERS = sid(32, 545)
const SYSTEM = sid(18)

const allow = (mask: number, who: Uint8Array): Uint8Array =>
  concat([Uint8Array.of(0, CONTAINER_INHERIT), halves(8 + who.length), words(mask), who])

/** Administrators and the system have all rights, users read. */
export function defaultSecurity(): Uint8Array {
  const entries = [allow(KEY_ALL_ACCESS, ADMINISTRATORS), allow(KEY_ALL_ACCESS, SYSTEM), allow(KEY_READ, USERS)]
  const acl = concat([Uint8Array.of(2, 0), halves(8 + concat(entries).length, entries.length, 0), ...entries])
  const dacl = 20
  const owner = dacl + acl.length
  const group = owner + ADMINISTRATORS.length
  return concat([Uint8Array.of(1, 0), halves(CONTROL), words(owner, group, 0, dacl), acl, ADMINISTRATORS, SYSTEM])
}
