// Results and errnos of single calls, as Linux has them. overlayfs.test.ts asks a kernel the same.
import { expect, it } from 'vitest'
import { CASES, sequenceOf } from './oracle/cases.js'
import { runOnView } from './oracle/view.js'

it.each(CASES.map((given) => [given[0], given] as const))('%s', async (_, given) => {
  expect((await runOnView(sequenceOf(given))).results.at(-1)).toEqual(given[2])
})
