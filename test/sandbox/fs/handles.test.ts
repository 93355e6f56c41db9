// open, FileHandle, createReadStream, createWriteStream in a real sandbox.
import { once } from 'node:events'
import { open as openHost } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { openFds } from '../../support/residue.js'
import { hasFullMap, open, output, rejection } from '../api/support/open.js'
import { shareSandbox } from './support/shared.js'

const shared = shareSandbox()

describe('open', () => {
  it("gives a FileHandle of Node's own class", async () => {
    const { fs, dir } = shared
    const [handle, host] = [await fs.open(`${dir}/a`, 'w+'), await openHost('/')]
    expect(Object.getPrototypeOf(handle)).toBe(Object.getPrototypeOf(host))
    await host.close()
    await handle.write('hello')
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(9), 0, 9, 1)
    expect(buffer.toString('utf8', 0, bytesRead)).toBe('ello')
    await handle.truncate(2)
    await handle.appendFile('!')
    await handle.sync()
    await handle.close()
    expect(await fs.readFile(`${dir}/a`, 'utf8')).toContain('he')
    expect(handle.fd).toBe(-1)
  })
  it('gives and changes what is inside, not what the host sees of it', async () => {
    const { sandbox, fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'abc')
    const handle = await fs.open(`${dir}/a`)
    await handle.chmod(0o640)
    if (hasFullMap) await handle.chown(3, 4)
    await handle.utimes(1, 2)
    expect(await handle.stat()).toMatchObject({ uid: hasFullMap ? 3 : 0, size: 3, mtimeMs: 2000 })
    expect((await handle.stat({ bigint: true })).mtimeNs).toBe(2_000_000_000n)
    expect(await output(sandbox, `stat -c '%a %g %Y' ${dir}/a`)).toBe(`640 ${hasFullMap ? 4 : 0} 2`)
    await handle.close()
    for (const call of [handle.stat(), handle.chmod(0), handle.chown(0, 0), handle.utimes(0, 0)])
      expect(await rejection(call)).toMatchObject({ code: 'EBADF' })
  })
  it('goes on with the file when its name is gone', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'abc')
    const handle = await fs.open(`${dir}/a`)
    await fs.rm(`${dir}/a`)
    expect(await handle.readFile('utf8')).toBe('abc')
    expect((await handle.stat()).nlink).toBe(0)
    await handle.close()
  })
  it('is taken where a path is', async () => {
    const { fs, dir } = shared
    const handle = await fs.open(`${dir}/a`, 'w+')
    await fs.writeFile(handle, 'abc')
    await fs.appendFile(handle, 'def')
    await handle.close()
    const again = await fs.open(`${dir}/a`)
    expect(await fs.readFile(again, 'utf8')).toBe('abcdef')
    await again.close()
  })
  it.each([
    ['r', 'ENOENT'],
    ['wx', 'ok'],
    ['a', 'ok'],
    [0o10000001, 'ENOENT'],
    [0o20200002, 'EINVAL'],
  ])('opens what is not there with %s: %s', async (flags, outcome) => {
    const { fs, dir } = shared
    const opened = await fs.open(`${dir}/new`, flags).catch((error) => error)
    if (outcome !== 'ok') return expect(opened).toMatchObject({ code: outcome, syscall: 'open' })
    await opened.close()
  })
  it('refuses a link with O_NOFOLLOW, and a file with O_DIRECTORY', async () => {
    const { fs, dir } = shared
    await fs.symlink('/etc/passwd', `${dir}/l`)
    expect(await rejection(fs.open(`${dir}/l`, 0o400000))).toMatchObject({ code: 'ELOOP' })
    expect(await rejection(fs.open('/etc/passwd', 0o200000))).toMatchObject({ code: 'ENOTDIR' })
  })
  it('leaves no descriptor behind, whatever happens', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'x')
    const before = openFds()
    for (let k = 0; k < 20; k++) {
      await fs.readFile(`${dir}/a`)
      await fs.copyFile(`${dir}/a`, `${dir}/b`)
      await (await fs.open(`${dir}/a`)).close()
      await rejection(fs.readFile(dir))
      await rejection(fs.copyFile(dir, `${dir}/c`))
      await fs.readdir('/etc', { recursive: true })
    }
    expect(openFds()).toBeLessThanOrEqual(before)
  })
})

describe('createReadStream', () => {
  it('reads all, or a part', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, '0123456789'.repeat(50_000))
    expect((await text(fs.createReadStream(`${dir}/a`))).length).toBe(500_000)
    expect(await text(fs.createReadStream(`${dir}/a`, { start: 2, end: 4, encoding: 'utf8' }))).toBe('234')
    expect(await text(fs.createReadStream(`${dir}/a`, 'hex'))).toMatch(/^3031/)
  })
  it('emits the error of open', async () => {
    const { fs, dir } = shared
    expect(await rejection(text(fs.createReadStream(`${dir}/none`)))).toMatchObject({
      name: 'FsError',
      code: 'ENOENT',
      path: `${dir}/none`,
    })
    expect(await rejection(text(fs.createReadStream(dir)))).toMatchObject({ code: 'EISDIR' })
  })
})

describe('createWriteStream', () => {
  it('writes from the start, at a place, at the end', async () => {
    const { sandbox, fs, dir } = shared
    const write = (data: string, options?: object) => pipeline([data], fs.createWriteStream(`${dir}/a`, options))
    await write('hello')
    await write('J', { flags: 'r+', start: 0 })
    await write('!', { flags: 'a', mode: 0o600 })
    expect(await output(sandbox, `cat ${dir}/a`)).toBe('Jello!')
  })
  it('emits the error of open', async () => {
    const { fs, dir } = shared
    expect(await rejection(pipeline(['x'], fs.createWriteStream(`${dir}/no/where`)))).toMatchObject({ code: 'ENOENT', syscall: 'open' })
    expect(() => fs.createWriteStream(5 as unknown as string)).toThrow(TypeError)
  })
})

describe('what is open when the sandbox is closed', () => {
  it('is closed with it: handles and streams, idle or at work', async () => {
    await (await open()).fs.readFile('/etc/passwd')
    const before = openFds()
    const sandbox = await open()
    await sandbox.fs.writeFile('/tmp/a', Buffer.alloc(2 ** 20))
    const [idle, busy, closed] = [await sandbox.fs.open('/tmp/a'), await sandbox.fs.open('/tmp/a'), await sandbox.fs.open('/tmp/a')]
    await closed.close()
    const reading = sandbox.fs.createReadStream('/tmp/a')
    const writing = sandbox.fs.createWriteStream('/tmp/b')
    const unopened = sandbox.fs.createReadStream('/tmp/a')
    for (const stream of [reading, writing, unopened]) (stream as NodeJS.EventEmitter).on('error', () => undefined)
    await once(reading, 'readable')
    writing.write('x')
    const work = busy.read(Buffer.alloc(2 ** 20), 0, 2 ** 20, 0)
    await sandbox.close()
    expect((await work).bytesRead).toBe(2 ** 20)
    expect([idle.fd, busy.fd]).toEqual([-1, -1])
    expect(await rejection(idle.read())).toMatchObject({ code: 'EBADF' })
    expect([reading.destroyed, writing.destroyed, unopened.destroyed]).toEqual([true, true, true])
    expect(openFds()).toBeLessThanOrEqual(before)
  })
  it('cannot be opened after it', async () => {
    const sandbox = await open()
    const late = rejection(sandbox.fs.open('/etc/passwd'))
    await sandbox.close()
    const error = await late
    expect(error).toMatchObject({ code: 'ERR_CLOSED' })
    expect(await rejection(text(sandbox.fs.createReadStream('/etc/passwd')))).toMatchObject({ code: 'ERR_CLOSED' })
  })
})
