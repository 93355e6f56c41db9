// What `save` wrote, read by the field's tools; and the peer's tree against the sandbox's, walked by one and the same program.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Sandbox, Store } from 'stratabox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requires } from '../support/requires.js'
import { staticProgram } from '../support/static-program.js'

const BUSYBOX = '/bin/busybox'
// Under a single-id map no other owner exists.
const own = (what: string) => (process.getuid?.() === 0 ? `chown ${what}` : ':')
const script = `set -e
mkdir -p /d/empty /d/sub; cd /d
echo one > file; ${own('1000:1001 file')}; chmod 4755 file; touch -d '2001-02-03 04:05:06' file
ln file hard; ln -s ../d/file soft; ln -s /nowhere dangling; mkfifo pipe; chmod 1777 empty
echo two > sub/two; ${own('65534:65534 sub')}; dd if=/dev/urandom of=random bs=1000 count=100 2>/dev/null
printf x > "$(printf 'bad\\377name')"; printf y > 'with space and ü'; printf z > '.hidden'
rm /gone; rm -r /replaced; mkdir /replaced; echo new > /replaced/new; rm /type; mkdir /type
touch -d '1999-01-01 00:00:00' sub`

describe('an image that a sandbox committed', () => {
  let directory: string
  let store: Store
  let walker: string
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'stratabox-interop-'))
    store = await Store.open({ path: join(directory, 'store') })
    walker = staticProgram(readFileSync(fileURLToPath(new URL('../fixtures/treewalk.c', import.meta.url)), 'utf8'), { libc: true })
    await store
      .build('scratch')
      .program(BUSYBOX)
      .copy(walker, '/walk', { mode: 0o755 })
      .write('/gone', 'x')
      .write('/type', 'file')
      .write('/replaced/old', 'x')
      .commit({ tag: 'base:1', compression: 'none' })
    const box = await Sandbox.create({ store, root: 'base:1', network: 'none' })
    try {
      await box.run(
        [
          BUSYBOX,
          'sh',
          '-c',
          `export PATH=/x; for a in mkdir chmod chown touch ln mkfifo dd rm; do eval "$a() { ${BUSYBOX} $a \\"\\$@\\"; }"; done; ${script}`,
        ],
        {
          reject: true,
        },
      )
      await box.commit({ tag: 'made:1' })
    } finally {
      await box.close()
    }
  })
  afterAll(async () => {
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const seenInside = async () => {
    const { stdout } = await Sandbox.run(['/walk', '/'], { store, root: 'made:1', reject: true })
    return stdout.trim().split('\n').sort()
  }

  if (process.getuid?.() === 0) {
    it('is the same tree unpacked by umoci, seen in a sandbox and unpacked by us: path, type, mode, owner, size, time, target, xattrs, content', async (ctx) => {
      requires(ctx, 'umoci', 'busybox')
      await store.save('made:1', join(directory, 'oci'), { format: 'oci-layout' })
      execFileSync('umoci', ['unpack', '--image', `${join(directory, 'oci')}:made:1`, join(directory, 'bundle')], { stdio: 'pipe' })
      const walk = (path: string) => execFileSync(walker, [path], { encoding: 'utf8' }).trim().split('\n').sort()
      // Made for mounting on, in the sandbox's own skeleton: not the image's.
      const isImage = (line: string) => !/^\/(proc|dev|tmp) /.test(line)
      const theirs = walk(join(directory, 'bundle', 'rootfs'))
      expect(theirs.length).toBeGreaterThan(15)
      expect((await seenInside()).filter(isImage)).toEqual(theirs)
      await store.unpack('made:1', join(directory, 'ours'))
      expect(walk(join(directory, 'ours'))).toEqual(theirs)
    })

    it('is taken by podman load, and podman names the same image id', async (ctx) => {
      requires(ctx, 'podman', 'busybox')
      await store.save('made:1', join(directory, 'made.tar'), { format: 'docker-archive' })
      const podman = (...args: string[]) =>
        execFileSync(
          'podman',
          ['--root', join(directory, 'podman'), '--runroot', join(directory, 'podman-run'), '--storage-driver', 'vfs', ...args],
          { encoding: 'utf8' },
        )
      expect(podman('load', '-i', join(directory, 'made.tar'))).toMatch(/made:1/)
      const config = (await (await store.get('made:1'))?.manifest())?.config.digest
      expect(`sha256:${podman('image', 'inspect', '--format', '{{.Id}}', 'localhost/made:1').trim()}`).toBe(config)
    })
  }

  it('is inspected by skopeo, in every saved form and in the store itself', async (ctx) => {
    requires(ctx, 'skopeo', 'busybox')
    await store.save('made:1', join(directory, 's-oci'), { format: 'oci-layout' })
    await store.save('made:1', join(directory, 's-oci.tar'), { format: 'oci-archive' })
    await store.save('made:1', join(directory, 's-docker.tar'), { format: 'docker-archive' })
    const diffIds = (await (await store.get('made:1'))?.config())?.rootfs.diff_ids
    const forms = [
      `oci:${directory}/s-oci:made:1`,
      `oci-archive:${directory}/s-oci.tar:made:1`,
      `docker-archive:${directory}/s-docker.tar`,
      `oci:${store.path}:made:1`,
    ]
    for (const form of forms) {
      const config = JSON.parse(execFileSync('skopeo', ['inspect', '--config', form], { encoding: 'utf8' }))
      expect(config.rootfs.diff_ids, form).toEqual(diffIds)
    }
  })
})
