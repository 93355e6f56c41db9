// Other tools take what is written here: skopeo, umoci, podman.
import { execFileSync } from 'node:child_process'
import {
  createWriteStream,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ociLayout, writeDockerArchive, writeOciArchive } from '../../src/archive/index.js'
import { digestHex } from '../../src/core/index.js'
import { type Image, squash, withConfig } from '../../src/image/index.js'
import { bytesOf, directory, file, hardlink, imageOfChanges, remove, symlink } from '../image/support/make.js'
import { requires } from '../support/requires.js'

let folder: string
let image: Image
const name = `d/${'n'.repeat(180)}é`

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'peers-'))
  image = await withConfig(
    await imageOfChanges(
      [
        directory('/'),
        directory('/d'),
        file('/d/old', 'x'),
        file('/gone', 'x'),
        file('/zz', 'hard'),
        hardlink('/aa', '/zz'),
        symlink('/s', 't/'.repeat(80)),
      ],
      [remove('/gone'), directory('/d', { opaque: true }), file(`/${name}`, 'long', { mtimeNs: 1_650_000_000_123_456_789n })],
    ),
    { config: { Cmd: ['/bin/sh'] } },
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** Writes the layout as a directory, as a store does. */
async function writeLayout(path: string, value: Image): Promise<void> {
  const layout = await ociLayout([{ value, refs: ['latest'] }])
  mkdirSync(join(path, 'blobs/sha256'), { recursive: true })
  writeFileSync(join(path, 'oci-layout'), layout.layoutFile)
  writeFileSync(join(path, 'index.json'), layout.indexFile)
  for (const { descriptor, open } of layout.blobs)
    writeFileSync(join(path, 'blobs/sha256', digestHex(descriptor.digest)), await bytesOf(open()))
}

describe('skopeo', () => {
  it('inspects an OCI archive and finds our digest', async (ctx) => {
    requires(ctx, 'skopeo')
    await pipeline(writeOciArchive([{ value: image, refs: ['latest'] }]), createWriteStream(join(folder, 'o.tar')))
    expect(JSON.parse(run('skopeo', 'inspect', 'oci-archive:o.tar:latest')).Digest).toBe(image.digest)
  })

  it('inspects a docker archive and finds our diffIDs', async (ctx) => {
    requires(ctx, 'skopeo')
    await pipeline(writeDockerArchive([{ value: image, refs: ['app:1'] }]), createWriteStream(join(folder, 'd.tar')))
    const { Layers } = JSON.parse(run('skopeo', 'inspect', 'docker-archive:d.tar:app:1'))
    expect(Layers).toEqual((await image.config()).rootfs.diff_ids)
  })
})

describe('umoci', () => {
  it.for(['as it is', 'squashed'])('unpacks an image %s', async (how, ctx) => {
    requires(ctx, 'umoci', 'root')
    const layout = join(folder, how.replaceAll(' ', '-'))
    await writeLayout(layout, how === 'squashed' ? await squash(image) : image)
    run('umoci', 'unpack', '--image', `${layout}:latest`, `${layout}-bundle`)
    const root = join(`${layout}-bundle`, 'rootfs')
    expect(['gone', 'd/old'].filter((path) => existsSync(join(root, path)))).toEqual([])
    expect(readFileSync(join(root, name), 'utf8')).toBe('long')
    expect(lstatSync(join(root, name), { bigint: true }).mtimeNs).toBe(1_650_000_000_123_456_789n)
    expect(lstatSync(join(root, 'aa')).ino).toBe(lstatSync(join(root, 'zz')).ino)
    expect(readlinkSync(join(root, 's'))).toBe('t/'.repeat(80))
  })
})

describe('podman', () => {
  it('loads a docker archive with its image ID', async (ctx) => {
    requires(ctx, 'podman', 'root')
    await pipeline(writeDockerArchive([{ value: image, refs: ['localhost/stratabox-test:1'] }]), createWriteStream(join(folder, 'p.tar')))
    const store = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
    expect(run('podman', ...store, 'load', '-q', '-i', 'p.tar')).toContain('localhost/stratabox-test:1')
    const id = run('podman', ...store, 'image', 'inspect', '--format', '{{.Id}}', 'localhost/stratabox-test:1').trim()
    expect(`sha256:${id}`).toBe((await image.manifest()).config.digest)
  })
})
