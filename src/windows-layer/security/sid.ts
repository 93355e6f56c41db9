// Security identifiers, binary and as text. Source: MS-DTYP 2.4.2; the two-letter names: 2.5.1.1.
import { FormatError, UnsupportedError } from '../../core/index.js'

const SUB_AUTHORITIES_MAX = 15
const AUTHORITY_MAX = 2 ** 48 - 1

const NAMES: ReadonlyMap<string, string> = new Map([
  ['AA', 'S-1-5-32-579'],
  ['AC', 'S-1-15-2-1'],
  ['AN', 'S-1-5-7'],
  ['AO', 'S-1-5-32-548'],
  ['AS', 'S-1-18-1'],
  ['AU', 'S-1-5-11'],
  ['BA', 'S-1-5-32-544'],
  ['BG', 'S-1-5-32-546'],
  ['BO', 'S-1-5-32-551'],
  ['BU', 'S-1-5-32-545'],
  ['CD', 'S-1-5-32-574'],
  ['CG', 'S-1-3-1'],
  ['CO', 'S-1-3-0'],
  ['CY', 'S-1-5-32-569'],
  ['ED', 'S-1-5-9'],
  ['ER', 'S-1-5-32-573'],
  ['ES', 'S-1-5-32-576'],
  ['HA', 'S-1-5-32-578'],
  ['HI', 'S-1-16-12288'],
  ['IS', 'S-1-5-32-568'],
  ['IU', 'S-1-5-4'],
  ['LS', 'S-1-5-19'],
  ['LU', 'S-1-5-32-559'],
  ['LW', 'S-1-16-4096'],
  ['ME', 'S-1-16-8192'],
  ['MP', 'S-1-16-8448'],
  ['MS', 'S-1-5-32-577'],
  ['MU', 'S-1-5-32-558'],
  ['NO', 'S-1-5-32-556'],
  ['NS', 'S-1-5-20'],
  ['NU', 'S-1-5-2'],
  ['OW', 'S-1-3-4'],
  ['PO', 'S-1-5-32-550'],
  ['PS', 'S-1-5-10'],
  ['PU', 'S-1-5-32-547'],
  ['RA', 'S-1-5-32-575'],
  ['RC', 'S-1-5-12'],
  ['RD', 'S-1-5-32-555'],
  ['RE', 'S-1-5-32-552'],
  ['RM', 'S-1-5-32-580'],
  ['RU', 'S-1-5-32-554'],
  ['SI', 'S-1-16-16384'],
  ['SO', 'S-1-5-32-549'],
  ['SS', 'S-1-18-2'],
  ['SU', 'S-1-5-6'],
  ['SY', 'S-1-5-18'],
  ['UD', 'S-1-5-84-0-0-0-0-0'],
  ['WD', 'S-1-1-0'],
  ['WR', 'S-1-5-33'],
])
const BY_SID: ReadonlyMap<string, string> = new Map([...NAMES].map(([name, sid]) => [sid, name]))
/** Groups and users of a domain: which SID they are depends on the machine. */
const OF_A_DOMAIN = new Set(['AP', 'CA', 'CN', 'DA', 'DC', 'DD', 'DG', 'DU', 'EA', 'EK', 'KA', 'LA', 'LG', 'PA', 'RO', 'RS', 'SA'])

/** The full SID of a two-letter name or of text that is one already, in normal form. @throws FormatError | UnsupportedError */
export function sidOfText(text: string): string {
  const known = NAMES.get(text)
  if (known !== undefined) return known
  if (OF_A_DOMAIN.has(text))
    throw new UnsupportedError(`SDDL: ${text} is another SID on every machine`, { remedy: 'write the SID itself: S-1-5-21-…' })
  return formatSid(parseSid(text))
}

/** The two-letter name of a SID, else the SID. */
export const textOfSid = (sid: string): string => BY_SID.get(sid) ?? sid

interface Sid {
  readonly authority: number
  readonly parts: readonly number[]
}

function parseSid(text: string): Sid {
  const match = /^S-1-(0x[0-9a-f]{1,12}|\d{1,15})((?:-(?:0x[0-9a-f]{1,8}|\d{1,10}))*)$/i.exec(text)
  const authority = Number(match?.[1])
  const parts = match?.[2]?.split('-').slice(1).map(Number) ?? []
  if (match === null || authority > AUTHORITY_MAX || parts.length > SUB_AUTHORITIES_MAX || parts.some((part) => part > 0xffffffff))
    throw new FormatError(`SDDL: not a SID: ${JSON.stringify(text.slice(0, 200))}`)
  return { authority, parts }
}

function formatSid({ authority, parts }: Sid): string {
  // Past 32 bits Windows writes the authority in hexadecimal.
  const first = authority > 0xffffffff ? `0x${authority.toString(16)}` : `${authority}`
  return ['S-1', first, ...parts].join('-')
}

/** The bytes of a SID: revision, count, authority (big-endian), sub-authorities (little-endian). @throws FormatError */
export function encodeSid(text: string): Uint8Array {
  const { authority, parts } = parseSid(text)
  const bytes = new Uint8Array(8 + 4 * parts.length)
  const view = new DataView(bytes.buffer)
  bytes.set([1, parts.length])
  view.setUint16(2, Math.floor(authority / 2 ** 32))
  view.setUint32(4, authority % 2 ** 32)
  for (const [k, part] of parts.entries()) view.setUint32(8 + 4 * k, part, true)
  return bytes
}

/** The text of a whole SID. @throws FormatError */
export const sidText = (bytes: Uint8Array): string => decodeSid(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)

/** The SID at `at`, which must end at or before `end`. @throws FormatError */
export function decodeSid(view: DataView, at: number, end: number): string {
  if (at + 8 > end) throw new FormatError('a SID is cut off', { offset: at })
  const count = view.getUint8(at + 1)
  if (view.getUint8(at) !== 1 || count > SUB_AUTHORITIES_MAX || at + 8 + 4 * count > end) throw new FormatError('not a SID', { offset: at })
  const authority = view.getUint16(at + 2) * 2 ** 32 + view.getUint32(at + 4)
  return formatSid({ authority, parts: Array.from({ length: count }, (_, k) => view.getUint32(at + 8 + 4 * k, true)) })
}
