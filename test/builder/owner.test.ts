import { describe, expect, it } from 'vitest'
import { UnionFs } from '../../src/unionfs/index.js'
import { contents, workshop } from './support.js'

const shop = workshop()
const passwd = 'root:x:0:0::/root:/bin/sh\n1000:x:0:0::/:/bin/sh\nweb:x:33:34::/srv:/bin/false\nbroken:x:4294967296:0::/:/bin/sh\n'
const group = 'root:x:0:\nwheel:x:10:web\n'
const based = () => shop.store.build('scratch').write('/etc/passwd', passwd).write('/etc/group', group)
const ownerIn = async (build: ReturnType<typeof based>) => (await contents(await build.commit())).at(-1)!.at(-1)

describe('an owner by name', () => {
  it.each([
    ['web', '33:34'],
    ['web:wheel', '33:10'],
    ['web:7', '33:7'],
    ['7:wheel', '7:10'],
    ['1000', '1000:1000'],
    ['1000:wheel', '1000:10'],
  ])('%s is %s', async (owner, ids) => {
    expect(await ownerIn(based().write('/x', '', { owner }))).toBe(`file 644 ${ids} /x`)
  })

  it('is looked up in the image as it is when the step runs', async () => {
    const build = based()
      .write('/x', '', { owner: 'web' })
      .write('/etc/passwd', passwd.replace('33:34', '8:9'))
      .write('/y', '', { owner: 'web' })
    expect((await contents(await build.commit())).flat().filter((line) => /\/[xy]$/.test(line))).toEqual([
      'file 644 33:34 /x',
      'file 644 8:9 /y',
    ])
  })

  it('goes for copied files and directories', async () => {
    const base = await based().write('/src/d/f', 'f').commit()
    const build = shop.store.build(base).copy('/src', '/dst', { from: base, owner: 'web:wheel' })
    expect((await contents(await build.commit())).at(-1)).toEqual([
      'directory 755 33:10 /dst',
      'directory 755 33:10 /dst/d',
      'file 644 33:10 /dst/d/f',
    ])
  })

  it('that nobody has is an error that says where it was looked for', async () => {
    await expect(based().write('/x', '', { owner: 'nobody' }).commit()).rejects.toMatchObject({ code: 'ERR_UNKNOWN_USER' })
    await expect(based().write('/x', '', { owner: 'web:nobody' }).commit()).rejects.toMatchObject({ code: 'ERR_UNKNOWN_GROUP' })
    await expect(based().write('/x', '', { owner: 'broken' }).commit()).rejects.toMatchObject({ code: 'ERR_UNKNOWN_USER' })
    const empty = shop.store.build('scratch').write('/x', '', { owner: 'root' })
    await expect(empty.commit()).rejects.toMatchObject({ code: 'ERR_UNKNOWN_USER' })
  })
})

describe('a hostile /etc/passwd', () => {
  it('that is a link stays inside the image', async () => {
    const source = await shop.store.build('scratch').write('/real', passwd).commit()
    const view = await UnionFs.of(source)
    await view.mkdir('/etc')
    await view.symlink('../../../../../../real', '/etc/passwd')
    await view.writeFile('/etc/group', group)
    expect(await ownerIn(shop.store.build('scratch').copy(view, '/').write('/x', '', { owner: 'web' }))).toBe('file 644 33:34 /x')
    await view.unlink('/etc/passwd')
    await view.symlink('/etc/passwd', '/etc/passwd')
    await expect(shop.store.build('scratch').copy(view, '/').write('/x', '', { owner: 'web' }).commit()).rejects.toMatchObject({
      code: 'ERR_FORMAT',
    })
    await view.unlink('/etc/passwd')
    await view.mknod('/etc/passwd', { type: 'fifo' })
    await expect(shop.store.build('scratch').copy(view, '/').write('/x', '', { owner: 'web' }).commit()).rejects.toMatchObject({
      code: 'ERR_FORMAT',
    })
  })

  it('of 1 MiB is read, and of a byte more is not', async () => {
    const padded = (size: number) => passwd + '#'.repeat(size - passwd.length)
    const build = (size: number) => shop.store.build('scratch').write('/etc/passwd', padded(size)).write('/x', '', { owner: 'web' })
    expect(await ownerIn(build(2 ** 20))).toBe('file 644 33:34 /x')
    await expect(build(2 ** 20 + 1).commit()).rejects.toMatchObject({ code: 'ERR_FORMAT' })
  })

  it('that is a hard link is read where the content is', async () => {
    const source = await shop.store.build('scratch').write('/a/first', passwd).commit()
    const view = await UnionFs.of(source)
    await view.mkdir('/etc')
    await view.link('/a/first', '/etc/passwd')
    expect(await ownerIn(shop.store.build('scratch').copy(view, '/').write('/x', '', { owner: 'web' }))).toBe('file 644 33:34 /x')
  })
})
