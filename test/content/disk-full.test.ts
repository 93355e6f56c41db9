// A store on a file system without room: what fails leaves nothing, what was there stays whole, and there is a way on.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contentOf, Store } from '../../src/api/store.js'
import { requires } from '../support/requires.js'
import { temporaryDirectory } from './support.js'

const place = temporaryDirectory()
const isRoot = process.getuid?.() === 0
let small = ''
beforeEach(() => {
  small = join(place.path, 'small')
  mkdirSync(small)
  if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small])
})
afterEach(() => {
  if (isRoot) execFileSync('umount', [small])
})

describe('a full disk', () => {
  it('fails a commit with its errno and a remedy, and takes nothing with it', async (ctx) => {
    requires(ctx, 'root')
    await using store = await Store.open({ path: join(small, 'store') })
    await store.build('scratch').write('/a', 'a').commit({ tag: 'a:1' })
    const big = store.build('scratch').write('/big', Buffer.alloc(2 << 20, 'x'))
    await expect(big.commit({ tag: 'big:1', compression: 'none' })).rejects.toMatchObject({
      code: 'ENOSPC',
      remedy: expect.stringContaining('gc'),
    })
    expect(readdirSync(join(small, 'store/tmp'))).toEqual([])
    expect(await store.get('big:1')).toBeUndefined()
    expect(await store.verify()).toEqual({ problems: [] })
    // There is room for small things still, and a collection needs none.
    await store.build('scratch').write('/b', 'b').commit({ tag: 'b:1' })
    await store.gc()
    expect(await store.verify()).toEqual({ problems: [] })
  })

  it('fails an unpacking, and leaves no half of a layer', async (ctx) => {
    requires(ctx, 'root')
    await using store = await Store.open({ path: join(small, 'store') })
    // Compressed it fits, unpacked it does not. (No zeros: those become holes.)
    const image = await store
      .build('scratch')
      .write('/big', Buffer.alloc(3 << 20, 'x'))
      .commit({ tag: 'big:1' })
    await expect(contentOf(store).unpacked(image, { idMode: 'root' })).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(readdirSync(join(small, 'store/layers/root'))).toEqual([])
    expect(readdirSync(join(small, 'store/tmp'))).toEqual([])
    expect(await store.verify()).toEqual({ problems: [] })
  })

  it('in the middle of many small writes leaves every reference whole', async (ctx) => {
    requires(ctx, 'root')
    await using store = await Store.open({ path: join(small, 'store') })
    let kept = 0
    try {
      for (; kept < 500; kept++) {
        const content = Buffer.alloc(20_000)
        for (let at = 0; at < content.length; at++) content[at] = (at * 7919 + kept * 31 + ((at * at) >> 3)) & 0xff
        await store
          .build('scratch')
          .write('/f', content)
          .commit({ tag: `n:${kept}`, compression: 'none' })
      }
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' })
    }
    expect(kept).toBeGreaterThan(3)
    expect(kept).toBeLessThan(500)
    expect(await store.verify()).toEqual({ problems: [] })
    for (let k = 0; k < kept; k++) await store.untag(`n:${k}`).catch((error) => expect(error).toMatchObject({ code: 'ENOSPC' }))
    await store.gc()
    expect(await store.verify()).toEqual({ problems: [] })
  })
})
