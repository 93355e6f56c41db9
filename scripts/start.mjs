// npm start: makes the clone ready and runs the whole loop (build, run isolated, change, commit, run again) with timings.
import { join } from 'node:path'
import { foreground, main, root } from './run.mjs'
import { setup } from './setup.mjs'

await main(import.meta.url, async () => {
  await setup(console.error)
  process.exitCode = await foreground(process.execPath, [join(root, 'examples', 'loop.mjs'), ...process.argv.slice(2)])
})
