// What a page does with the pure subpaths: an image is built, edited through the view, committed, and read back. Bundled for Chromium; run by Node as well.
import { appendLayer, type Change, emptyImage, layerFromChanges, validate, withConfig } from '../../src/image/index.js'
import { UnionFs } from '../../src/unionfs/index.js'

const text = (value: string) => new TextEncoder().encode(value)
const plain = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 1_700_000_000_123_456_789n, xattrs: {} }

function file(path: string, content: Uint8Array): Change {
  const bytes = async function* () {
    yield content
  }
  return { kind: 'add', path, entry: { ...plain, type: 'file', path, size: content.length, content: bytes } }
}
const directory = (path: string): Change => ({ kind: 'add', path, entry: { ...plain, mode: 0o755, type: 'directory', path } })

/** What came of it, as JSON can carry it. */
export interface Outcome {
  readonly digests: readonly string[]
  readonly changes: readonly string[]
  readonly tree: readonly string[]
  readonly content: string
  readonly problems: number
}

/** Builds, edits and commits; layers compressed with gzip and with zstd. */
export async function buildEditCommit(): Promise<Outcome> {
  const noise = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7919 + ((at * at) >> 5)) & 0xff)
  const base = await layerFromChanges([
    directory('/etc'),
    file('/etc/motd', text('hello\n')),
    file('/etc/issue', text('x')),
    file('/noise', noise),
  ])
  const packed = await layerFromChanges([directory('/opt'), file('/opt/b\udcff', noise)], { compression: 'zstd' })
  let image = await emptyImage({ platform: 'linux/amd64', created: '1970-01-01T00:00:00Z' })
  image = await appendLayer(image, base, { created_by: 'base' })
  image = await appendLayer(image, packed, { created_by: 'packed' })
  image = await withConfig(image, { config: { Cmd: ['/bin/sh'] } })
  const view = await UnionFs.of(image, { nowNs: () => 0n })
  await view.writeFile('/etc/motd', 'edited\n')
  await view.unlink('/etc/issue')
  await view.rename('/opt', '/moved')
  await view.link('/noise', '/noise-too')
  await view.symlink('etc/motd', '/link')
  const changes: string[] = []
  for await (const { kind, path } of view.changes()) changes.push(`${kind} ${path}`)
  const next = await appendLayer(image, await view.toLayer(), { created_by: 'edit' })
  const again = await UnionFs.of(next)
  const layers = await next.layers()
  return {
    digests: [next.digest, ...layers.map(({ digest }) => digest)],
    changes,
    tree: await again.readdir('/', { recursive: true }),
    content: new TextDecoder().decode(await again.readFile('/link')),
    problems: (await validate(next)).length,
  }
}
