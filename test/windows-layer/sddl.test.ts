// SDDL: known pairs of text and bytes, both ways; what no plain text says is refused.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FormatError, UnsupportedError } from '../../src/core/index.js'
import { securityFromSddl, securityToSddl } from '../../src/windows/index.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

/** S-1-5-32-544, S-1-5-18, S-1-1-0. */
const BA = '01020000000000052000000020020000'
const SY = '010100000000000512000000'
const WD = '010100000000000100000000'

describe('SDDL', () => {
  // Hand-assembled from MS-DTYP 2.4.6, 2.4.5 and 2.4.4.
  it.each([
    ['', `01000080${'00'.repeat(16)}`, 'nothing'],
    ['O:SY', `0100008014000000${'00'.repeat(12)}${SY}`, 'an owner'],
    ['O:BAG:SY', `0100008014000000240000000000000000000000${BA}${SY}`, 'owner and group'],
    ['D:NO_ACCESS_CONTROL', `01000480${'00'.repeat(16)}`, 'a null list, which allows all'],
    ['D:', `01000480${'00'.repeat(12)}14000000${'0200080000000000'}`, 'an empty list, which allows nothing'],
    ['D:P(A;OICI;FA;;;WD)', `01000490${'00'.repeat(12)}14000000${'02001c0001000000'}00031400ff011f00${WD}`, 'a protected list'],
    ['S:(ML;;NW;;;LW)', `01001080${'00'.repeat(8)}140000000000000002001c00010000001100140001000000010100000000001000100000`, 'a label'],
  ])('%s is %s (%s)', (text, expected) => {
    expect(hex(securityFromSddl(text))).toBe(expected)
    expect(securityToSddl(bytes(expected))).toBe(text)
  })

  it.each([
    'O:BAG:SYD:(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1200a9;;;BU)',
    'O:BAG:SYD:PAI(A;OICIIO;GA;;;CO)(D;;SDRC;;;S-1-5-21-1-2-3-500)S:ARAI(AU;SAFA;KA;;;WD)',
    'O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464D:(OA;CI;CR;00299570-246d-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;PS)',
    'D:(A;ID;KR;;;AC)(A;;GRGX;;;AU)',
    'O:S-1-0x123456789abc-1',
  ])('%s survives the way through bytes', (text) => expect(securityToSddl(securityFromSddl(text))).toBe(text))

  it.each([
    ['D:(A;;GAGR;;;SY)', 'D:(A;;0x90000000;;;SY)', 'D:(A;;GAGR;;;SY)'],
    ['d', undefined, undefined],
  ])('reads rights as letters and as a number (%s)', (letters, number, normal) => {
    if (number === undefined) expect(() => securityFromSddl(letters)).toThrow(FormatError)
    else expect([securityToSddl(securityFromSddl(letters)), securityToSddl(securityFromSddl(number))]).toEqual([normal, normal])
  })

  it.each([
    'X:SY',
    'O:SYO:SY',
    'O:',
    'O:S-1-5-99999999999',
    `O:S-1-5${'-1'.repeat(16)}`,
    'D:(A;;FA;;;SY',
    'D:(A;;FA;;SY)',
    'D:(A;ZZ;FA;;;SY)',
    'D:(A;;F;;;SY)',
    'D:(A;;FA;00299570-246d-11d0-a768-00aa006e0529;;SY)',
    'D:(OA;;FA;00299570;;SY)',
    'D:Q(A;;FA;;;SY)',
    'D:NO_ACCESS_CONTROL(A;;FA;;;SY)',
  ])('refuses %s', (text) => expect(() => securityFromSddl(text)).toThrow(FormatError))

  it('refuses what it cannot say: groups of a domain, conditions, resource attributes', () => {
    for (const text of ['O:DA', 'D:(XA;;FX;;;WD)', 'S:(RA;;;;;WD)']) expect(() => securityFromSddl(text)).toThrow(UnsupportedError)
    const callback = bytes(`01000480${'00'.repeat(12)}14000000` + `02001c00010000000900140000000000${WD}`)
    expect(() => securityToSddl(callback)).toThrow(UnsupportedError)
  })

  it('takes any bytes with an answer: text, or a typed error', () => {
    const sound = securityFromSddl('O:BAG:SYD:(A;;FA;;;BA)S:(AU;SA;GR;;;WD)')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 8 }), fc.nat(sound.length), (edits, length) => {
        const damaged = sound.slice(0, length)
        for (const [at, byte] of edits) if (at < damaged.length) damaged[at] = byte
        try {
          expect(typeof securityToSddl(damaged)).toBe('string')
        } catch (error) {
          expect(error instanceof FormatError || error instanceof UnsupportedError).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('gives back the bytes of every descriptor it wrote', () => {
    const sid = fc.constantFrom('BA', 'SY', 'WD', 'S-1-5-21-1-2-3-1000', 'S-1-15-2-99')
    const ace = fc
      .tuple(fc.constantFrom('A', 'D'), fc.constantFrom('', 'OI', 'CIIO', 'OICINP'), fc.nat(0xffffffff), sid)
      .map(([type, flags, mask, who]) => `(${type};${flags};0x${mask.toString(16)};;;${who})`)
    const acl = fc
      .tuple(fc.constantFrom('', 'P', 'AI', 'PARAI'), fc.array(ace, { maxLength: 5 }))
      .map(([flags, aces]) => flags + aces.join(''))
    fc.assert(
      fc.property(sid, sid, acl, acl, (owner, group, dacl, sacl) => {
        const first = securityFromSddl(`O:${owner}G:${group}D:${dacl}S:${sacl}`)
        expect(securityFromSddl(securityToSddl(first))).toEqual(first)
      }),
    )
  })
})
