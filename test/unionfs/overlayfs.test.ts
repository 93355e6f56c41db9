// The oracle: random calls on UnionFs and on the kernel's overlayfs over the same layers must not differ in result, errno, tree or changes.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sequence } from './oracle/arbitrary.js'
import { CASES, sequenceOf } from './oracle/cases.js'
import { check } from './oracle/check.js'
import { Kernel, kernelMissing } from './oracle/kernel.js'

const RUNS = Number(process.env['STRATABOX_FUZZ_RUNS'] ?? 2000)
/** Unmounting waits for the kernel more than it works: several at the same time wait together. */
const KERNELS = 4
const missing = kernelMissing()
if (missing !== undefined) console.log(`overlayfs comparison skipped: ${missing}`)

describe.skipIf(missing !== undefined)('UnionFs beside the kernel', () => {
  let kernel: Kernel
  beforeAll(() => {
    kernel = new Kernel()
  })
  afterAll(() => kernel.close())

  it.each(CASES.map((given) => [given[0], given] as const))('agrees: %s', async (_, given) => {
    await check(kernel, sequenceOf(given))
  })

  it(
    `gives the results, errnos, tree and changes of overlayfs in ${RUNS} random sequences`,
    async () => {
      const kernels = Array.from({ length: KERNELS }, () => new Kernel())
      try {
        await Promise.all(
          kernels.map((each) =>
            fc.assert(
              fc.asyncProperty(sequence, (given) => check(each, given)),
              { numRuns: Math.ceil(RUNS / KERNELS) },
            ),
          ),
        )
      } finally {
        await Promise.all(kernels.map((each) => each.close()))
      }
      expect.assertions(0)
    },
    60_000 + RUNS * 200,
  )
})
