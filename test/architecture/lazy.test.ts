// Importing the package is free of side effects on the host: the addon is loaded by the first call that needs it.
import { expect, it } from 'vitest'

const loadedAddons = () =>
  (process.report.getReport() as unknown as { sharedObjects: string[] }).sharedObjects.filter((path) => path.endsWith('stratabox.node'))

it('loads nothing native when stratabox is imported', async () => {
  await import('stratabox')
  expect(loadedAddons()).toEqual([])
})
