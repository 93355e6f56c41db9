// The third way to a corpus image's tree: seen by a program in a sandbox on it. The first two are UnionFs (test/unionfs/corpus.test.ts) and the unpacked tree
// (test/content/corpus.test.ts), which is what is compared with here; and the field's own validator reads what was saved.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Sandbox, Store } from 'stratabox'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { requires } from '../support/requires.js'
import { sharedPath } from '../support/shared.js'
import { staticProgram } from '../support/static-program.js'

const WALKER = readFileSync(fileURLToPath(new URL('../fixtures/treewalk.c', import.meta.url)), 'utf8')
/** Ids that a sandbox has; all others are nobody's there. */
const IDS = 65_536
const NOBODY = 65_534

let home = ''
let store: Store
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'stratabox-corpus-'))
  store = await Store.open({ path: join(home, 'store') })
})
afterEach(async () => {
  await store.close()
  await rm(home, { recursive: true, force: true })
})

/** What the sandbox itself puts into every root, and the walker. */
const isOwn = (line: string) => /^\/(proc|sys|dev|tmp|walk)(\/| )/.test(line)

/** As an overlay in a user namespace shows it: other ids are nobody's, trusted attributes are not there, and names that a layer hides count as links. */
function seenInside(line: string): string {
  const id = (text: string) => (Number(text) < IDS ? text : String(NOBODY))
  const [path, mode, uid, gid, ...rest] = line.split(' ') as [string, string, string, string, ...string[]]
  return [path, mode, id(uid), id(gid), ...rest.filter((field) => !/^(trusted\.|n\d+$)/.test(field))].join(' ')
}

describe.each(['edge-oci', 'edge-zstd-oci', 'edge-uncompressed-oci', 'edge-docker.tar', 'pyapp-oci'])('the image %s', (name) => {
  it('is the same tree in a sandbox as unpacked', async (ctx) => {
    requires(ctx, 'root')
    const [image] = await store.load(sharedPath(ctx, `corpus/images/${name}`))
    const walker = staticProgram(WALKER)
    await store.unpack(image!, join(home, 'tree'))
    const lines = (text: string) => text.split('\n').filter((line) => line !== '' && !isOwn(line))
    const unpacked = lines(execFileSync(walker, [join(home, 'tree')], { encoding: 'utf8', maxBuffer: 2 ** 28 }))
      .map(seenInside)
      .sort()
    const mounts = { '/walk': { source: walker } }
    const { stdout } = await Sandbox.run(['/walk', '/'], {
      store,
      root: image!,
      mounts,
      user: '0:0',
      reject: true,
      maxOutputBytes: 2 ** 28,
    })
    const inside = lines(stdout).map(seenInside).sort()
    expect(inside.length).toBeGreaterThan(20)
    const [ours, theirs] = [new Set(unpacked), new Set(inside)]
    expect([unpacked.filter((line) => !theirs.has(line)), inside.filter((line) => !ours.has(line))]).toEqual([[], []])
  })

  it('is accepted by oci-image-tool in every OCI form that is saved', async (ctx) => {
    requires(ctx, 'oci-image-tool')
    const [image] = await store.load(sharedPath(ctx, `corpus/images/${name}`))
    await store.tag(image!, 'image:1')
    await store.save('image:1', join(home, 'oci'), { format: 'oci-layout' })
    const validate = (path: string) =>
      execFileSync('oci-image-tool', ['validate', '--type', 'image', path], { encoding: 'utf8', stdio: 'pipe' })
    for (const path of [join(home, 'oci'), store.path]) {
      // It is older than zstd in the specification, and says so; of all else it must not complain.
      if (name.includes('zstd'))
        expect(() => validate(path)).toThrow(/1 errors detected[\s\S]*invalid descriptor MediaType[\s\S]*tar\+zstd/)
      else expect(() => validate(path)).not.toThrow()
    }
  })
})
