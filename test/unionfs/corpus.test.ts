// Real images: the merged tree must be, line by line, what umoci's unpack and an independent walk say (../shared/corpus/images/README.md).
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodePath } from '../../src/core/index.js'
import { UnionFs } from '../../src/unionfs/index.js'
import { firstImage } from '../image/support/corpus.js'
import { expectedTree, type TreeLine } from '../image/support/tree.js'
import { sharedPath } from '../support/shared.js'

const latin1 = (path: string): string => Buffer.from(encodePath(path)).toString('latin1')
const NS = 1_000_000_000n

/** Walks a view as treewalk.py walks a directory. */
async function treeOf(view: UnionFs): Promise<Map<string, TreeLine>> {
  const lines = new Map<string, TreeLine>()
  const groups = new Map<number, string[]>()
  for (const path of ['/', ...(await view.readdir('/', { recursive: true })).map((path) => `/${path}`)]) {
    const line = await lineOf(view, path)
    lines.set(line.path, line)
    const stats = await view.lstat(path)
    if (!stats.isDirectory()) groups.set(stats.ino, [...(groups.get(stats.ino) ?? []), line.path])
  }
  for (const paths of groups.values()) {
    const [first] = paths.sort()
    if (paths.length > 1) for (const path of paths) lines.set(path, { ...lines.get(path)!, hl: first })
  }
  return lines
}

async function lineOf(view: UnionFs, path: string): Promise<TreeLine> {
  const stats = await view.lstat(path)
  const seconds = stats.mtimeNs / NS - (stats.mtimeNs % NS < 0n ? 1n : 0n)
  const xattrs: Record<string, string> = {}
  for (const name of await view.listxattr(path, { followSymlinks: false })) {
    xattrs[name] = Buffer.from(await view.getxattr(path, name, { followSymlinks: false })).toString('hex')
  }
  return {
    path: latin1(path),
    type: stats.isDirectory() ? 'dir' : stats.type,
    mode: `0o${(stats.mode & 0o7777).toString(8)}`,
    uid: stats.uid,
    gid: stats.gid,
    mtime: Number(seconds),
    mtime_ns: Number(stats.mtimeNs - seconds * NS),
    ...(stats.isFile() ? { size: stats.size, sha256: await sha256(view.readStream(path)) } : {}),
    ...(stats.isSymbolicLink() ? { target: latin1(await view.readlink(path)) } : {}),
    ...(stats.rdev === 0 ? {} : { rdev: device(BigInt(stats.rdev)) }),
    ...(Object.keys(xattrs).length === 0 ? {} : { xattrs }),
  }
}

async function sha256(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}

const device = (number: bigint): [number, number] => [
  Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xffff_f000n)),
  Number((number & 0xffn) | ((number >> 12n) & 0xffff_ff00n)),
]

// What the corpus's README excepts: implied parents' times, a time that umoci wraps, nanoseconds that the tar does not have.
function comparable(line: TreeLine | undefined, ignoresNs: boolean): Record<string, unknown> | undefined {
  if (line === undefined) return undefined
  const { mtime, mtime_ns, ...rest } = line
  if (/^\/(dot|dot\/slash|p+|p+\/q+)?$/.test(line.path)) return line.path === '/' ? { ...rest, mode: '' } : rest
  if (line.path === '/edge/time/y2300') return { ...rest, mtime: line['type'] }
  return ignoresNs ? { ...rest, mtime } : { ...rest, mtime, mtime_ns }
}

describe.each([
  ['edge-oci', 'edge', false],
  ['edge-zstd-oci', 'edge-zstd', false],
  ['edge-uncompressed-oci', 'edge-uncompressed', false],
  ['edge-docker.tar', 'edge', false],
  ['pyapp-oci', 'pyapp', true],
])('the view of %s', (name, expectedName, ignoresNs) => {
  it('is the expected tree', async (ctx) => {
    const images = sharedPath(ctx, 'corpus/images')
    const expected = expectedTree(`${images}/${expectedName}.expected.jsonl`)
    const actual = await treeOf(await UnionFs.of(await firstImage(`${images}/${name}`)))
    expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort())
    for (const [path, line] of expected) expect(comparable(actual.get(path), ignoresNs)).toEqual(comparable(line, ignoresNs))
  })

  it('has no changes before anything is written', async (ctx) => {
    const images = sharedPath(ctx, 'corpus/images')
    const view = await UnionFs.of(await firstImage(`${images}/${name}`))
    for await (const change of view.changes()) expect(change).toBeUndefined()
  })
})
