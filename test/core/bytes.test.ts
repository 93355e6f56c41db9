// Text and bytes: the lossless form of names, and their order.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comparePaths, decodePath, encodePath } from '../../src/core/index.js'

const text = fc.array(
  fc.constantFrom('a', 'b', '/', 'é', '\0', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}', '\udc80', '\udcff'),
  { maxLength: 6 },
)

describe('decodePath and encodePath', () => {
  it('give back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        expect([...encodePath(decodePath(bytes))]).toEqual([...bytes])
      }),
    )
  })
})

describe('comparePaths', () => {
  it('is the order of the bytes', () => {
    fc.assert(
      fc.property(text, text, (x, y) => {
        const [a, b] = [x.join(''), y.join('')]
        expect(Math.sign(comparePaths(a, b))).toBe(Math.sign(Buffer.compare(encodePath(a), encodePath(b))))
      }),
      { numRuns: 5000 },
    )
  })
})
