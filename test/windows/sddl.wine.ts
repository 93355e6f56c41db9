// SDDL beside the system's own conversion.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { securityFromSddl, securityToSddl } from '../../src/windows/index.js'
import { helper } from './support.js'

const TEXTS = [
  'O:BAG:SYD:(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1200a9;;;BU)',
  'O:BAG:SYD:(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICIIO;GA;;;CO)(A;OICI;0x1200a9;;;BU)(A;CI;LC;;;BU)(A;CI;DC;;;BU)',
  'D:P(A;;GA;;;WD)',
  'O:S-1-5-21-1-2-3-500D:(D;;SD;;;AN)(A;ID;KR;;;AU)S:(AU;SAFA;GR;;;WD)',
]

for (const text of TEXTS) {
  it(`${text} means to the system what it means to us`, () => {
    const theirs = new Uint8Array(Buffer.from(helper('sddl', text).trim(), 'hex'))
    assert.equal(securityToSddl(theirs), text)
    assert.equal(securityToSddl(securityFromSddl(text)), text)
    assert.equal(theirs.length, securityFromSddl(text).length)
  })
}
