// SandboxFs on Windows: node:fs/promises below the quarantine, and never a way out of it.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { FsError, Sandbox, Store } from '../../src/index.js'
import { wine } from './support.js'

const home = mkdtempSync(join(tmpdir(), 'fs-'))
const store = await Store.open({ path: join(home, 'store') })
let box: Sandbox
before(async () => {
  box = await Sandbox.create({ store, network: 'host' })
})
after(async () => {
  await box.close()
  await store.close()
  rmSync(home, { recursive: true, force: true })
})

const code = (wanted: string) => (error: unknown) => {
  assert.equal(error instanceof FsError, true, String(error))
  assert.equal((error as FsError).code, wanted)
  return true
}

describe('the files of a sandbox on Windows, by node:fs/promises', () => {
  it('are read, written, appended to, listed, moved, removed', async () => {
    const { fs } = box
    await fs.mkdir('/d/e', { recursive: true })
    await fs.writeFile('/d/f', 'one')
    await fs.appendFile('/d/f', ' two')
    assert.equal(await fs.readFile('/d/f', 'utf8'), 'one two')
    assert.equal((await box.run('type d\\f')).stdout, 'one two')
    assert.deepEqual((await fs.readdir('/d')).sort(), ['e', 'f'])
    assert.deepEqual((await fs.readdir('/', { recursive: true })).sort(), ['d', 'd/e', 'd/f'])
    assert.deepEqual((await fs.readdir('/d', { withFileTypes: true })).map((one) => [one.name, one.isDirectory()]).sort(), [
      ['e', true],
      ['f', false],
    ])
    await fs.truncate('/d/f', 3)
    await fs.copyFile('/d/f', '/d/g')
    await fs.rename('/d/g', '/d/e/h')
    await fs.link('/d/f', '/d/i')
    assert.equal((await fs.stat('/d/i')).nlink, 2)
    assert.equal(await fs.readFile('/d/e/h', 'utf8'), 'one')
    assert.equal(await fs.realpath('/d/../d/e/./h'), '/d/e/h')
    assert.match(await fs.mkdtemp('/d/t-'), /^\/d\/t-.{6}$/)
    await fs.unlink('/d/i')
    await assert.rejects(fs.rmdir('/d'), code('ENOTEMPTY'))
    await fs.rm('/d', { recursive: true })
    assert.deepEqual(await fs.readdir('/'), [])
  })

  it('have sizes, times and the one permission that Windows has', async () => {
    const { fs } = box
    await fs.writeFile('/stat', 'x'.repeat(100))
    await fs.utimes('/stat', 1_000_000_000, 1_234_567_890.5)
    const stat = await fs.stat('/stat')
    assert.deepEqual([stat.size, stat.isFile(), stat.mtimeMs, stat.atimeMs], [100, true, 1_234_567_890_500, 1_000_000_000_000])
    assert.equal((await fs.stat('/stat', { bigint: true })).mtimeNs, 1_234_567_890_500_000_000n)
    await fs.chmod('/stat', 0o444)
    await assert.rejects(fs.access('/stat', 2), code('EACCES'))
    // Wine keeps the attribute as a mode, which is no obstacle to Linux's root.
    if (wine === undefined) await assert.rejects(fs.writeFile('/stat', 'y'), code('EACCES'))
    await fs.chmod('/stat', 0o644)
    await fs.access('/stat', 2)
    await fs.rm('/stat')
  })

  it('are opened as FileHandles and streams', async () => {
    const { fs } = box
    const handle = await fs.open('/handle', 'w+')
    await handle.write('0123456789')
    assert.equal((await handle.stat()).size, 10)
    await handle.truncate(4)
    await handle.close()
    const again = await fs.open('/handle', 'r')
    assert.equal((await again.read(Buffer.alloc(2), 0, 2, 1)).buffer.toString(), '12')
    await again.close()
    const written = fs.createWriteStream('/stream')
    await new Promise<void>((resolve) => written.end('through a stream', () => resolve()))
    const chunks: Buffer[] = []
    for await (const chunk of fs.createReadStream('/stream')) chunks.push(chunk as Buffer)
    assert.equal(Buffer.concat(chunks).toString(), 'through a stream')
    await fs.rm('/handle')
    await fs.rm('/stream')
  })

  it('fail in the shape of Node: code, syscall, path', async () => {
    const { fs } = box
    await fs.writeFile('/file', '')
    await assert.rejects(fs.readFile('/none'), (error: FsError) => {
      assert.deepEqual([error.code, error.syscall, error.path], ['ENOENT', 'open', '/none'])
      assert.match(error.message, /no such file or directory/)
      return true
    })
    await assert.rejects(fs.readFile('/file/below'), code('ENOTDIR'))
    await assert.rejects(fs.mkdir('/file'), code('EEXIST'))
    await assert.rejects(fs.writeFile('/file', 'x', { flag: 'wx' }), code('EEXIST'))
    await assert.rejects(fs.readdir('/file'), code('ENOTDIR'))
    await assert.rejects(fs.unlink('/'), code('EBUSY'))
    await assert.rejects(fs.symlink('C:\\windows', '/link'), code('EOPNOTSUPP'))
    await assert.rejects(fs.rm('/', { recursive: true }), code('EBUSY'))
    await fs.rm('/file')
  })

  it('are copied in and out as trees', async () => {
    const from = join(home, 'in')
    mkdirSync(join(from, 'a', 'b'), { recursive: true })
    writeFileSync(join(from, 'a', 'b', 'c'), 'deep')
    writeFileSync(join(from, 'top'), 'top')
    await box.fs.copyIn(from, '/copied')
    assert.equal((await box.run('type copied\\a\\b\\c')).stdout, 'deep')
    await box.fs.copyIn(join(from, 'top'), '/copied/one/file')
    assert.equal(await box.fs.readFile('/copied/one/file', 'utf8'), 'top')
    await box.fs.copyOut('/copied', join(home, 'out'))
    assert.deepEqual(readdirSync(join(home, 'out')).sort(), ['a', 'one', 'top'])
    assert.equal(readFileSync(join(home, 'out', 'a', 'b', 'c'), 'utf8'), 'deep')
    await box.fs.copyOut('/copied/top', join(home, 'single'))
    assert.equal(readFileSync(join(home, 'single'), 'utf8'), 'top')
    await box.fs.rm('/copied', { recursive: true })
  })
})

describe('hostile paths', () => {
  const outside = join(home, 'outside.txt')

  it("with '..' end at the top", async () => {
    await box.fs.writeFile('/../../../../up.txt', 'inside')
    assert.deepEqual(await box.fs.readdir('/'), ['up.txt'])
    assert.equal(await box.fs.readFile('a\\..\\..\\..\\up.txt', 'utf8'), 'inside')
    await box.fs.rm('/up.txt')
  })

  const hostile = [
    'C:x',
    'C:\\windows\\win.ini',
    outside,
    '\\\\?\\C:\\windows',
    '/file:stream',
    '/file::$DATA',
    '/NUL',
    '/con',
    '/aux.txt',
    '/COM1',
    '/lpt9.log',
    '/COM¹',
    '/dot.',
    '/space ',
    '/a*',
    '/a?b',
    '/a|b',
    '/"quoted"',
    '/tab\there',
  ]
  for (const path of hostile) {
    it(`such as ${JSON.stringify(path.replace(home, '…'))} are EINVAL, read, written, made or moved to`, async () => {
      const { fs } = box
      await fs.writeFile('/file', 'x')
      await assert.rejects(fs.readFile(path), code('EINVAL'))
      await assert.rejects(fs.writeFile(path, 'x'), code('EINVAL'))
      await assert.rejects(fs.mkdir(path), code('EINVAL'))
      await assert.rejects(fs.rename('/file', path), code('EINVAL'))
      await assert.rejects(fs.copyIn(join(home, 'store', 'oci-layout'), path), code('EINVAL'))
      assert.deepEqual(await fs.readdir('/'), ['file'])
      assert.equal(existsSync(outside), false)
    })
  }

  it('of a device that a pipe name resembles lead nowhere', async () => {
    for (const path of ['//./pipe/x', '\\\\.\\pipe\\x']) await assert.rejects(box.fs.readFile(path), code('ENOENT'))
    await assert.rejects(box.fs.readFile('//server/share/x'), code('ENOENT'))
  })

  it('longer than any are ENAMETOOLONG', async () => {
    await assert.rejects(box.fs.readFile(`/${'x'.repeat(300)}`), (error: FsError) => ['EINVAL', 'ENAMETOOLONG'].includes(error.code))
    await assert.rejects(box.fs.readFile(`/${'x/'.repeat(20_000)}`), code('ENAMETOOLONG'))
  })

  it('by a short name lead to the file of the long one, in the same directory', async () => {
    await box.fs.writeFile('/a long name.text', 'long')
    const short = await box.fs.readFile('/ALONGN~1.TEX', 'utf8').catch((error: FsError) => error.code)
    // Not every volume keeps short names.
    assert.equal(['long', 'ENOENT'].includes(short), true, short)
    await box.fs.rm('/a long name.text')
  })

  it('with any case are one file', async () => {
    await box.fs.writeFile('/Case.txt', 'one')
    assert.equal(await box.fs.readFile('/CASE.TXT', 'utf8'), 'one')
    await box.fs.rm('/cASE.txt')
  })
})
