// Real and odd images: the tree on disk, plain and as an overlay mounted by the kernel, is exactly the expected one.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, type TestContext } from 'vitest'
import { contentOf, Store } from '../../src/api/store.js'
import { requires } from '../support/requires.js'
import { sharedPath } from '../support/shared.js'
import { type Row, rowsIn, rowsOf } from './disk-rows.js'
import { contentIdMode } from './id-mode.js'
import { temporaryDirectory } from './support.js'

const place = temporaryDirectory()
const isRoot = process.getuid?.() === 0
const images = [
  ['edge-oci', 'edge'],
  ['edge-zstd-oci', 'edge-zstd'],
  ['edge-uncompressed-oci', 'edge-uncompressed'],
  ['edge-docker.tar', 'edge'],
  ['pyapp-oci', 'pyapp'],
] as const

/** What is compared: an ordinary user owns all files, and makes no devices and no privileged attributes. Directories that no layer describes have no time. */
function comparable(rows: Map<string, Row>, times: Map<string, Row>): Record<string, Row> {
  const out: Record<string, Row> = {}
  for (const [path, { xattrs, ...row }] of rows) {
    if (path === '/') continue
    if (!isRoot && (row.type === 'char' || row.type === 'block')) continue
    const hasTime = times.get(path)?.mtime !== 0 && path !== '/edge/time/y2300'
    const names = Object.entries(xattrs ?? {}).filter(([name]) => isRoot || name.startsWith('user.'))
    const { uid, gid, mtime, mtime_ns: _, ...rest } = row
    out[path] = {
      ...rest,
      ...(isRoot ? { uid: uid!, gid: gid! } : {}),
      ...(hasTime ? { mtime: mtime! } : {}),
      ...(names.length > 0 ? { xattrs: Object.fromEntries(names) } : {}),
    }
  }
  return out
}

/** The rows that differ: a whole tree would fill the screen. */
function differences(rows: Map<string, Row>, wanted: Map<string, Row>): unknown[] {
  const [a, b] = [comparable(rows, rows), comparable(wanted, rows)]
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((path) => JSON.stringify(sorted(a[path])) !== JSON.stringify(sorted(b[path])))
    .map((path) => [a[path], b[path]])
}

const sorted = (row: Row | undefined) => row && Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))

async function loaded(ctx: TestContext, name: string) {
  const store = await Store.open({ path: join(place.path, 'store') })
  const [image] = await store.load(sharedPath(ctx, `corpus/images/${name}`))
  return { store, image: image! }
}

describe.each(images)('the image %s', (name, expected) => {
  it('unpacks to the expected tree', async (ctx) => {
    const { store, image } = await loaded(ctx, name)
    const tree = join(place.path, 'tree')
    await store.unpack(image, tree)
    expect(differences(rowsOf(tree), rowsIn(sharedPath(ctx, `corpus/images/${expected}.expected.jsonl`)))).toEqual([])
    await store.close()
  }, 120_000)

  it('shows the expected tree when its layers are mounted', async (ctx) => {
    requires(ctx, 'root')
    const { store, image } = await loaded(ctx, name)
    const { root, names, release } = await contentOf(store).unpacked(image, { idMode: contentIdMode() })
    const mounted = join(place.path, 'mounted')
    mkdirSync(mounted)
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${[...names].reverse().join(':')},userxattr`, mounted], {
      cwd: root,
    })
    try {
      expect(differences(rowsOf(mounted), rowsIn(sharedPath(ctx, `corpus/images/${expected}.expected.jsonl`)))).toEqual([])
    } finally {
      execFileSync('umount', [mounted])
    }
    await release()
    await store.close()
  }, 120_000)

  it('is the same in every format, out and in again', async (ctx) => {
    const { store, image } = await loaded(ctx, name)
    const diffIds = (await image.config()).rootfs.diff_ids
    for (const format of ['oci-layout', 'oci-archive', 'docker-archive'] as const) {
      const path = join(place.path, format)
      await store.save(image, path, { format })
      const [again] = await store.load(path)
      expect((await again!.config()).rootfs.diff_ids, format).toEqual(diffIds)
      if (format !== 'docker-archive') expect(again!.digest, format).toBe(image.digest)
    }
    await store.close()
  }, 120_000)
})
