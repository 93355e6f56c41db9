// The pure subpaths in a real browser: Chromium, headless.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, describe, expect, it, type TestContext } from 'vitest'
import { requires } from '../support/requires.js'
import { bundleFile } from './bundle.js'
import { buildEditCommit, type Outcome } from './page.js'

const EXECUTABLE = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path))
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage']

let browser: Browser | undefined
afterAll(() => browser?.close())

async function pageWith(ctx: TestContext, code: string) {
  requires(ctx, 'chromium')
  browser ??= await chromium.launch({ executablePath: EXECUTABLE!, headless: true, args: FLAGS })
  const page = await browser.newPage()
  // A page of nowhere: whatever asks the network for something fails.
  await page.route('**', (route) => route.abort())
  await page.addScriptTag({ content: code })
  return page
}

describe('in Chromium', () => {
  it('an image is built, edited through the view and committed, with the digests that Node gives', async (ctx) => {
    const page = await pageWith(ctx, await bundleFile(fileURLToPath(new URL('page.ts', import.meta.url))))
    const outcome = (await page.evaluate('entry.buildEditCommit()')) as Outcome
    expect(outcome.problems).toBe(0)
    expect(outcome.content).toBe('edited\n')
    expect(outcome.changes).toContain('delete /etc/issue')
    expect(outcome.tree).toContain('moved/b\udcff')
    expect(outcome).toEqual(await buildEditCommit())
  })
})
