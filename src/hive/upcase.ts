// Upper case as Windows compares names: one UTF-16 unit to one unit, no locale, the mapping of Unicode 5.1 (what RtlUpcaseUnicodeChar does).

// Upper-case letters that Unicode got later, or that Windows does not map to (ß stays ß): their lower-case partners stay as they are.
const UNMAPPED: readonly (readonly [first: number, last: number])[] = [
  [0x37f, 0x37f],
  [0x524, 0x52f],
  [0x10c7, 0x10cd],
  [0x13a0, 0x13ff],
  [0x1c80, 0x1cbf],
  [0x1e9e, 0x1e9e],
  [0x2c2f, 0x2c2f],
  [0x2c70, 0x2c70],
  [0x2c7e, 0x2c7f],
  [0x2ceb, 0x2cf2],
  [0xa660, 0xa660],
  [0xa698, 0xa69f],
  [0xa78d, 0xff20],
  [0xff3b, 0xffff],
]

let table: Uint16Array | undefined

function buildTable(): Uint16Array {
  const upper = Uint16Array.from({ length: 0x10000 }, (_, unit) => unit)
  for (let unit = 0; unit < 0x10000; unit++) {
    const lower = String.fromCharCode(unit).toLowerCase()
    const at = lower.charCodeAt(0)
    // The first wins: K is the upper case of k, the Kelvin sign is not.
    if (lower.length !== 1 || at === unit || upper[at] !== at) continue
    if (!UNMAPPED.some(([first, last]) => unit >= first && unit <= last)) upper[at] = unit
  }
  return upper
}

/** `name` in upper case: equal for two names exactly where Windows takes them for the same. */
export function upcase(name: string): string {
  if (!/[^\0-\x7f]/.test(name)) return name.toUpperCase()
  table ??= buildTable()
  let out = ''
  for (let i = 0; i < name.length; i++) out += String.fromCharCode(table[name.charCodeAt(i)]!)
  return out
}

/** Order of two names that `upcase` gave, by UTF-16 unit: the order of subkey lists. */
export const compareUpcased = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
