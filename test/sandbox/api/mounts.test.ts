// mounts: each kind, who may write, and where the writes end up.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Change, Sandbox } from 'stratabox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hasFullMap, isRoot, open, output, rejection } from './support/open.js'

/** A directory of the caller's with `file` in it. */
function source(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stratabox-mount-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'file'), 'host\n')
  mkdirSync(join(folder, 'sub'))
  writeFileSync(join(folder, 'sub', 'deep'), 'deep\n')
  return folder
}

async function changed(sandbox: Sandbox, mount?: string): Promise<string[]> {
  const list: Change[] = []
  for await (const change of sandbox.changes(mount === undefined ? {} : { mount })) list.push(change)
  return list.map(({ kind, path }) => `${kind} ${path}`)
}

describe("access: 'read'", () => {
  it('is the default, shows the tree and refuses writes with EROFS', async () => {
    const folder = source()
    const sandbox = await open({ mounts: { '/data': { source: folder } } })
    expect(await output(sandbox, 'cat /data/file /data/sub/deep')).toBe('host\ndeep')
    const { ok, stderr } = await sandbox.run('echo x > /data/file; touch /data/new; rm /data/file')
    expect(ok).toBe(false)
    expect(stderr.match(/Read-only file system/g)).toHaveLength(3)
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('host\n')
  })

  it('cannot be made writable from inside', async () => {
    const sandbox = await open({ mounts: { '/data': { source: source() } } })
    expect((await sandbox.run('mount -o remount,rw /data')).ok).toBe(false)
    expect((await sandbox.run('umount /data')).ok).toBe(false)
  })

  it('shows what the host changes later', async () => {
    const folder = source()
    const sandbox = await open({ mounts: { '/data': { source: folder } } })
    writeFileSync(join(folder, 'later'), 'later')
    expect(await output(sandbox, ['cat', '/data/later'])).toBe('later')
  })
})

describe("access: 'write'", () => {
  it("reaches the host, as the caller's own files", async () => {
    const folder = source()
    const sandbox = await open({ mounts: { '/data': { source: folder, access: 'write' } } })
    await sandbox.run('echo inside >> /data/file; mkdir /data/made; echo x > /data/made/x', { reject: true })
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('host\ninside\n')
    expect(readFileSync(join(folder, 'made', 'x'), 'utf8')).toBe('x\n')
    expect(statSync(join(folder, 'made', 'x')).uid).toBe(process.getuid?.())
    expect(await changed(sandbox)).toEqual([])
  })

  it('gives nobody a setuid program or a device on the host', async () => {
    const folder = source()
    const sandbox = await open({ mounts: { '/data': { source: folder, access: 'write' } } })
    expect(await output(sandbox, "grep ' /data ' /proc/self/mounts")).toMatch(/nosuid,nodev|nodev,nosuid/)
    expect((await sandbox.run('mknod /data/null c 1 3 && cat /data/null')).ok).toBe(false)
  })
})

describe("access: 'copy'", () => {
  it('keeps writes in the sandbox, and changes({ mount }) shows them', async () => {
    const folder = source()
    const sandbox = await open({ mounts: { '/data': { source: folder, access: 'copy' } } })
    await sandbox.run('echo inside > /data/file; rm /data/sub/deep; echo n > /data/new', { reject: true })
    expect(await output(sandbox, 'cat /data/file; ls /data')).toBe('inside\nfile\nnew\nsub')
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('host\n')
    expect(existsSync(join(folder, 'new'))).toBe(false)
    expect(existsSync(join(folder, 'sub', 'deep'))).toBe(true)
    expect(await changed(sandbox, '/data')).toEqual(['modify /file', 'add /new', 'modify /sub', 'delete /sub/deep'])
    expect(await changed(sandbox)).toEqual([])
  })

  it('of a single file shows that file alone, and its change', async () => {
    const folder = source()
    const sandbox = await open({ mounts: { '/etc/app.conf': { source: join(folder, 'file'), access: 'copy' } } })
    expect(await changed(sandbox, '/etc/app.conf')).toEqual([])
    await sandbox.run('echo inside >> /etc/app.conf', { reject: true })
    expect(await output(sandbox, ['cat', '/etc/app.conf'])).toBe('host\ninside')
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('host\n')
    expect(await changed(sandbox, '/etc/app.conf')).toEqual(['modify /app.conf'])
    expect(await changed(sandbox)).toEqual([])
    const [fork] = await sandbox.fork(1)
    onTestFinished(() => fork.close())
    expect(await output(fork, ['cat', '/etc/app.conf'])).toBe('host\ninside')
  })

  it('has no change where something else is mounted in it', async () => {
    const folder = source()
    const sandbox = await open({
      mounts: { '/data': { source: folder, access: 'copy' }, '/data/made/deep': { tmpfs: true }, '/data/sub/key': { secret: 'x' } },
    })
    expect(await output(sandbox, 'ls /data; ls /data/sub')).toBe('file\nmade\nsub\ndeep\nkey')
    expect(await changed(sandbox, '/data')).toEqual([])
    expect(existsSync(join(folder, 'made'))).toBe(false)
  })

  it('goes on in a fork, apart from then on', async () => {
    const sandbox = await open({ mounts: { '/data': { source: source(), access: 'copy' } } })
    await sandbox.run('echo one > /data/new; rm /data/file', { reject: true })
    const [fork] = await sandbox.fork(1)
    onTestFinished(() => fork.close())
    await fork.run('echo two >> /data/new', { reject: true })
    expect(await output(fork, 'cat /data/new; ls /data')).toBe('one\ntwo\nnew\nsub')
    expect(await output(sandbox, ['cat', '/data/new'])).toBe('one')
  })

  it('is the only kind that changes({ mount }) takes', async () => {
    const sandbox = await open({ mounts: { '/data': { source: source() } } })
    for (const mount of ['/data', '/nowhere']) expect(await rejection(changed(sandbox, mount))).toBeInstanceOf(TypeError)
  })
})

describe('tmpfs', () => {
  it('is empty, writable for all and in no change', async () => {
    const sandbox = await open({ mounts: { '/scratch/deep': { tmpfs: true } } })
    expect(await output(sandbox, 'ls -A /scratch/deep; stat -f -c %T /scratch/deep')).toBe('tmpfs')
    await sandbox.run('echo x > /scratch/deep/x', { reject: true, user: '1000:1000' })
    expect(await changed(sandbox)).toEqual([])
  })

  it('is bounded with the other writes where no size is given', async () => {
    const sandbox = await open({ mounts: { '/scratch': { tmpfs: true } }, limits: { diskMaxBytes: 2 ** 20 } })
    expect((await sandbox.run('head -c 500000 /dev/zero > /scratch/fits')).ok).toBe(true)
    expect((await sandbox.run('head -c 2000000 /dev/zero > /scratch/big')).stderr).toContain('No space left')
  })

  it('is bounded by sizeMaxBytes', async () => {
    const sandbox = await open({ mounts: { '/scratch': { tmpfs: true, sizeMaxBytes: 65_536 } } })
    expect((await sandbox.run('head -c 60000 /dev/zero > /scratch/fits')).ok).toBe(true)
    expect((await sandbox.run('head -c 70000 /dev/zero > /scratch/big')).stderr).toContain('No space left')
  })
})

describe('secret', () => {
  it('is a file of mode 0400 with just this content, and in no change', async () => {
    const sandbox = await open({
      mounts: { '/run/secrets/token': { secret: 's3cret\n' }, '/run/secrets/bytes': { secret: Uint8Array.of(0, 255) } },
    })
    expect(await output(sandbox, 'stat -c "%a %u:%g %F" /run/secrets/token; cat /run/secrets/token')).toBe('400 0:0 regular file\ns3cret')
    expect([...(await sandbox.run(['cat', '/run/secrets/bytes'], { encoding: 'buffer' })).stdout]).toEqual([0, 255])
    expect((await changed(sandbox)).filter((line) => line.includes('token') || line.includes('bytes'))).toEqual([])
  })

  it('is not readable for other users, and not writable', async () => {
    const sandbox = await open({ mounts: { '/token': { secret: 'x' } } })
    if (hasFullMap) expect((await sandbox.run(['cat', '/token'], { user: '1000:1000' })).ok).toBe(false)
    expect((await sandbox.run('echo y > /token')).ok).toBe(false)
  })

  it('is in no environment, argument or mount option', async () => {
    const sandbox = await open({ mounts: { '/token': { secret: 'findmeifyoucan' } } })
    expect(await output(sandbox, 'cat /proc/self/mountinfo /proc/self/environ /proc/*/cmdline | tr "\\0" "\\n"')).not.toContain(
      'findmeifyoucan',
    )
  })
})

describe('destinations', () => {
  it('are made when absent, directories and files', async () => {
    const folder = source()
    const sandbox = await open({ mounts: { '/a/b/c': { source: folder }, '/x/y/file': { source: join(folder, 'file') } } })
    expect(await output(sandbox, 'cat /a/b/c/file /x/y/file')).toBe('host\nhost')
    expect(existsSync('/a/b')).toBe(false)
  })

  it('may be a file that is there, which is covered', async () => {
    const folder = source()
    const sandbox = await open({ mounts: { '/etc/passwd': { source: join(folder, 'file') } } })
    expect(await output(sandbox, ['cat', '/etc/passwd'])).toBe('host')
    expect(readFileSync('/etc/passwd', 'utf8')).toContain('root')
  })

  it('may lie in one another, whatever their order', async () => {
    const folder = source()
    const sandbox = await open({
      mounts: {
        '/data/sub': { tmpfs: true },
        '/data': { source: folder, access: 'copy' },
        '/data/sub/in/file': { source: join(folder, 'file') },
      },
    })
    expect(await output(sandbox, 'cat /data/file /data/sub/in/file; ls /data/sub')).toBe('host\nhost\nin')
  })

  it('may be reached through a link of the image, and stay inside', async () => {
    const folder = source()
    // /bin is a link to usr/bin on a merged system; elsewhere a directory.
    const sandbox = await open({ mounts: { '/tmp/data': { source: folder } } })
    expect(await output(sandbox, ['cat', '/tmp/data/file'])).toBe('host')
    expect(existsSync('/tmp/data')).toBe(false)
  })
})

describe('places', () => {
  it('are known by their normal form, and only once', async () => {
    const sandbox = await open({ mounts: { '/data//./x/': { tmpfs: true } } })
    expect(await output(sandbox, ['stat', '-f', '-c', '%T', '/data/x'])).toBe('tmpfs')
    const twice = { '/data': { tmpfs: true }, '/data/': { tmpfs: true } } as const
    expect(await rejection(open({ mounts: twice }))).toBeInstanceOf(TypeError)
  })

  it("are not the directories that are the sandbox's own", async () => {
    for (const path of ['/', '//', '/.', '/proc', '/proc/sys', '/dev', '/dev/pts/', '/a/../proc', 'data'])
      expect(await rejection(open({ mounts: { [path]: { tmpfs: true } } }))).toBeInstanceOf(TypeError)
    const sandbox = await open({ mounts: { '/dev/shm': { tmpfs: true }, '/tmp': { tmpfs: true, sizeMaxBytes: 65_536 } } })
    expect((await sandbox.run('head -c 100000 /dev/zero > /tmp/x')).ok).toBe(false)
  })

  it('do not end up over /proc through a link of the image', async () => {
    const base = mkdtempSync(join(tmpdir(), 'stratabox-root-'))
    onTestFinished(() => rmSync(base, { recursive: true }))
    symlinkSync('/proc/sys', join(base, 'evil'))
    symlinkSync('/proc/self/status', join(base, 'file'))
    for (const mounts of [{ '/evil': { tmpfs: true } }, { '/file': { secret: 'x' } }] as const)
      expect(await rejection(open({ root: base, mounts }))).toMatchObject({ code: 'EACCES', syscall: 'move_mount' })
  })

  it('reached through a link of the image that leads out stay inside', async () => {
    const [base, outside] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'stratabox-root-'))) as [string, string]
    onTestFinished(() => [base, outside].forEach((path) => void rmSync(path, { recursive: true })))
    for (const [name, target] of [
      ['a', outside],
      ['b', `../../../../../..${outside}`],
    ] as const)
      symlinkSync(target, join(base, name))
    const sandbox = await open({ root: base, mounts: { '/a/made': { tmpfs: true }, '/b/made2': { secret: 'x' } } }).catch((error) => error)
    // The target is not there inside, so the link is dead; whatever comes of it, the host's directory stays as it is.
    expect(sandbox).toMatchObject({ code: expect.stringMatching(/^E/) })
    expect(readdirSync(outside)).toEqual([])
  })
})

describe('sources', () => {
  it('must be there', async () => {
    const error = await rejection(open({ mounts: { '/data': { source: '/not/there' } } }))
    expect(error).toMatchObject({ code: 'ENOENT', path: '/not/there', step: 'mounts', remedy: expect.any(String) })
  })

  if (!isRoot)
    it('must be readable by the caller', async () => {
      const folder = source()
      chmodSync(join(folder, 'sub'), 0)
      const error = await rejection(open({ mounts: { '/data': { source: join(folder, 'sub', 'deep') } } }))
      chmodSync(join(folder, 'sub'), 0o755)
      expect(error).toMatchObject({ code: 'EACCES', step: 'mounts', remedy: expect.any(String) })
    })

  it('may be relative to the working directory of the caller', async () => {
    const sandbox = await open({ mounts: { '/package.json': { source: './package.json' } } })
    expect(JSON.parse(await output(sandbox, ['cat', '/package.json']))).toMatchObject({ name: 'stratabox' })
  })
})
