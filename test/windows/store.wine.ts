// The store on Windows: the same layout, locks that end with their process, trees removed name by name.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { Store } from '../../src/index.js'

const home = mkdtempSync(join(tmpdir(), 'store-'))
after(() => rmSync(home, { recursive: true, force: true }))

describe('a store on Windows', () => {
  it('keeps images: built, tagged, listed, saved, loaded, unpacked, collected', async () => {
    const store = await Store.open({ path: join(home, 'kept') })
    const image = await store.build('scratch').write('/app/x.txt', 'x'.repeat(5000)).write('/app/old', 'old').commit({ tag: 'app:1' })
    const next = await store.build('app:1').remove('/app/old').write('/app/new', 'new').commit({ tag: 'app:2' })
    assert.notEqual(image.digest, next.digest)
    const names: string[] = []
    for await (const { ref } of store.list()) names.push(ref)
    assert.deepEqual(names.sort(), ['app:1', 'app:2'])
    const archive = join(home, 'app.tar')
    await store.save('app:2', archive, { format: 'oci-archive' })
    await store.unpack('app:2', join(home, 'tree'))
    assert.deepEqual(readdirSync(join(home, 'tree', 'Files', 'app')).sort(), ['new', 'x.txt'])
    assert.equal(readFileSync(join(home, 'tree', 'Files', 'app', 'x.txt'), 'utf8').length, 5000)
    const other = await Store.open({ path: join(home, 'other') })
    assert.equal((await other.load(archive))[0]?.digest, next.digest)
    await other.close()
    await store.untag('app:1')
    await store.untag('app:2')
    assert.equal((await store.gc()).removedBlobs > 0, true)
    assert.deepEqual((await store.verify()).problems, [])
    await store.close()
    assert.deepEqual(readdirSync(join(home, 'kept', 'leases')), [])
  })

  it('refuses names that Windows reads as something else', async () => {
    const store = await Store.open({ path: join(home, 'names') })
    for (const [k, name] of ['a:b', 'NUL', 'con.txt', 'COM1', 'dot.', 'space ', 'a\\b', 'what?', 'a|b'].entries()) {
      const image = await store.build('scratch').write(`/${name}`, 'hostile').commit({ platform: 'linux/amd64' })
      await assert.rejects(store.unpack(image, join(home, `names-${k}`)), { code: 'EINVAL' }, name)
      assert.deepEqual(existsSync(join(home, `names-${k}`)) ? readdirSync(join(home, `names-${k}`)) : [], [])
    }
    await store.close()
  })

  it('sweeps what a process left that ended in the midst of it', async () => {
    const path = join(home, 'swept')
    const store = await Store.open({ path })
    const [mine] = readdirSync(join(path, 'leases')) as [string]
    const dead = '4294967295-000000000000'
    mkdirSync(join(path, 'leases', dead))
    writeFileSync(join(path, 'leases', dead, 'lock'), '')
    mkdirSync(join(path, 'sandboxes', `${dead}.0`, 'deep', 'deeper'), { recursive: true })
    writeFileSync(join(path, 'sandboxes', `${dead}.0`, 'deep', 'deeper', 'file'), 'left')
    // A read-only file is no obstacle.
    execFileSync('attrib', ['+r', join(path, 'sandboxes', `${dead}.0`, 'deep', 'deeper', 'file')])
    mkdirSync(join(path, 'sandboxes', `${mine}.7`))
    const second = await Store.open({ path })
    assert.deepEqual(readdirSync(join(path, 'sandboxes')), [`${mine}.7`])
    assert.equal(existsSync(join(path, 'leases', dead)), false)
    await second.close()
    await store.close()
    assert.deepEqual(readdirSync(join(path, 'sandboxes')), [])
  })
})
