import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { pathToFileURL } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { native } from '../../src/native/index.js'
import { UnionFs } from '../../src/unionfs/index.js'
import { contents, textIn, workshop } from './support.js'

const shop = workshop()
beforeEach(() => {
  const at = (name: string) => shop.path('src', name)
  mkdirSync(at('sub/deep'), { recursive: true })
  writeFileSync(at('b.txt'), 'b')
  writeFileSync(at('a.txt'), 'a')
  writeFileSync(at('sub/deep/c.js'), 'c')
  for (const [name, mode] of [
    ['a.txt', 0o640],
    ['b.txt', 0o644],
    ['sub', 0o750],
    ['sub/deep', 0o755],
    ['sub/deep/c.js', 0o755],
  ] as const)
    chmodSync(at(name), mode)
  chmodSync(shop.path('src'), 0o700)
})

const copied = async (...args: Parameters<ReturnType<typeof shop.store.build>['copy']>) =>
  (
    await contents(
      await shop.store
        .build('scratch')
        .copy(...args)
        .commit(),
    )
  )[0]

describe('copy of a directory', () => {
  it('puts its contents into a directory that is made for it, 0755 and root’s', async () => {
    expect(await copied(shop.path('src'), '/app/x')).toEqual([
      'directory 755 0:0 /app',
      'directory 755 0:0 /app/x',
      'file 640 0:0 /app/x/a.txt',
      'file 644 0:0 /app/x/b.txt',
      'directory 750 0:0 /app/x/sub',
      'directory 755 0:0 /app/x/sub/deep',
      'file 755 0:0 /app/x/sub/deep/c.js',
    ])
  })

  it('gives owner and mode where they are said', async () => {
    expect(await copied(shop.path('src/sub'), '/s', { owner: '1000:2000', mode: 0o700 })).toEqual([
      'directory 700 1000:2000 /s',
      'directory 700 1000:2000 /s/deep',
      'file 700 1000:2000 /s/deep/c.js',
    ])
  })

  it('leaves out what ignore says, but for its exceptions', async () => {
    expect(await copied(shop.path('src'), '/', { ignore: ['sub', '!sub/deep/c.js', '*.txt', '!b.txt'] })).toEqual([
      'file 644 0:0 /b.txt',
      'directory 750 0:0 /sub',
      'directory 755 0:0 /sub/deep',
      'file 755 0:0 /sub/deep/c.js',
    ])
    expect(await copied(shop.path('src'), '/', { ignore: ['**/*.js', 'sub/deep/'] })).toEqual([
      'file 640 0:0 /a.txt',
      'file 644 0:0 /b.txt',
      'directory 750 0:0 /sub',
    ])
  })

  it('keeps links as links, and hard links as such', async () => {
    symlinkSync('../a.txt', shop.path('src/sub/l'))
    linkSync(shop.path('src/b.txt'), shop.path('src/sub/h'))
    expect(await copied(shop.path('src'), '/', { ignore: ['a.txt', 'sub/deep'] })).toEqual([
      'file 644 0:0 /b.txt',
      'directory 750 0:0 /sub',
      'hardlink 644 0:0 /sub/h -> /b.txt',
      'symlink 777 0:0 /sub/l -> ../a.txt',
    ])
  })

  it('follows links with followLinks', async () => {
    symlinkSync('../a.txt', shop.path('src/sub/l'))
    expect(await copied(shop.path('src/sub'), '/', { followLinks: true, ignore: ['deep'] })).toEqual(['file 640 0:0 /l'])
  })

  it('refuses a socket by name', async () => {
    const server = createServer().listen(shop.path('src/socket'))
    try {
      await new Promise((resolve) => server.once('listening', resolve))
      await expect(copied(shop.path('src'), '/')).rejects.toThrow(/socket is a socket or a device; leave it out with ignore/)
    } finally {
      server.close()
    }
  })
})

describe('extended attributes', () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const xattrsIn = async (image: Awaited<ReturnType<ReturnType<typeof shop.store.build>['commit']>>) => {
    const found: Record<string, Record<string, string>> = {}
    for (const layer of await image.layers())
      for await (const entry of layer.entries())
        if ('xattrs' in entry && Object.keys(entry.xattrs).length > 0)
          found[entry.path] = Object.fromEntries(Object.entries(entry.xattrs).map(([name, value]) => [name, Buffer.from(value).toString()]))
    return found
  }

  it('of files and directories come along, from the host and from an image', async () => {
    const set = (path: string, name: string) => native().setxattr(-100, bytes(shop.path('src', path)), name, bytes('value'))
    set('a.txt', 'user.one')
    set('sub', 'user.two')
    const base = await shop.store.build('scratch').copy(shop.path('src'), '/x').commit()
    expect(await xattrsIn(base)).toEqual({ '/x/a.txt': { 'user.one': 'value' }, '/x/sub': { 'user.two': 'value' } })
    const again = await shop.store.build('scratch').copy('/x', '/y', { from: base }).commit()
    expect(await xattrsIn(again)).toEqual({ '/y/a.txt': { 'user.one': 'value' }, '/y/sub': { 'user.two': 'value' } })
  })

  it('of overlayfs itself stay where they are', async () => {
    native().setxattr(-100, bytes(shop.path('src/a.txt')), 'user.overlay.opaque', bytes('y'))
    expect(await xattrsIn(await shop.store.build('scratch').copy(shop.path('src'), '/x').commit())).toEqual({})
    const view = await UnionFs.of([])
    await view.writeFile('/f', '')
    await view.setxattr('/f', 'trusted.overlay.redirect', bytes('/'))
    expect(await xattrsIn(await shop.store.build('scratch').copy(view, '/').commit())).toEqual({})
  })

  it('of a link that is followed are those of what it leads to', async () => {
    native().setxattr(-100, bytes(shop.path('src/a.txt')), 'user.one', bytes('value'))
    symlinkSync('a.txt', shop.path('src/link'))
    const followed = await shop.store.build('scratch').copy(shop.path('src'), '/', { followLinks: true }).commit()
    expect(Object.keys(await xattrsIn(followed))).toEqual(['/a.txt', '/link'])
    const kept = await shop.store.build('scratch').copy(shop.path('src'), '/').commit()
    expect(Object.keys(await xattrsIn(kept))).toEqual(['/a.txt'])
  })
})

describe('copy of a file', () => {
  it('goes to the path itself, or into a directory where the path ends in a slash or is one', async () => {
    expect(await copied(shop.path('src/a.txt'), '/x')).toEqual(['file 640 0:0 /x'])
    expect(await copied(shop.path('src/a.txt'), '/x/')).toEqual(['directory 755 0:0 /x', 'file 640 0:0 /x/a.txt'])
    const image = await shop.store.build('scratch').copy(shop.path('src'), '/d').copy(shop.path('src/a.txt'), '/d/sub').commit()
    expect((await contents(image))[1]).toEqual(['directory 755 0:0 /d', 'directory 750 0:0 /d/sub', 'file 640 0:0 /d/sub/a.txt'])
  })

  it('takes a file URL, and a path relative to the working directory of the image', async () => {
    const image = await shop.store
      .build('scratch')
      .workdir('/srv')
      .workdir('app')
      .copy(pathToFileURL(shop.path('src/a.txt')), 'x')
      .commit()
    expect(await contents(image)).toEqual([['directory 755 0:0 /srv', 'directory 755 0:0 /srv/app', 'file 640 0:0 /srv/app/x']])
  })

  it('that is not there rejects the commit, naming path and step', async () => {
    await expect(copied(shop.path('nothing'), '/x')).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining(shop.path('nothing')),
    })
  })
})

describe('the tree below', () => {
  it('keeps its directories as they are, named again in the new layer', async () => {
    const base = await shop.store.build('scratch').copy(shop.path('src'), '/d', { mode: 0o711, owner: '7' }).commit()
    const image = await shop.store.build(base).write('/d/sub/new', 'x').commit()
    expect((await contents(image))[1]).toEqual(['directory 711 7:7 /d', 'directory 711 7:7 /d/sub', 'file 644 0:0 /d/sub/new'])
  })

  it('has its links followed: what is written below one lands where it leads', async () => {
    symlinkSync('sub', shop.path('src/link'))
    const image = await shop.store.build('scratch').copy(shop.path('src'), '/').write('/link/deep/x', 'x').commit()
    expect((await contents(image))[1]).toEqual(['directory 750 0:0 /sub', 'directory 755 0:0 /sub/deep', 'file 644 0:0 /sub/deep/x'])
  })

  it('is never followed out of the image', async () => {
    symlinkSync('../../../../tmp', shop.path('src/link'))
    const image = await shop.store.build('scratch').copy(shop.path('src'), '/').write('/link/x', 'x').commit()
    expect((await contents(image))[1]).toEqual(['directory 755 0:0 /tmp', 'file 644 0:0 /tmp/x'])
  })

  it('that has a file where a directory is needed is refused', async () => {
    await expect(shop.store.build('scratch').write('/a', 'x').write('/a/b', 'x').commit()).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    await expect(shop.store.build('scratch').write('/a/b', 'x').write('/a', 'x').commit()).rejects.toMatchObject({ code: 'ERR_FORMAT' })
  })
})

describe('other sources', () => {
  it('are an image, a builder and a reference', async () => {
    const tools = shop.store.build('scratch').copy(shop.path('src'), '/tools')
    const image = await tools.commit({ tag: 'tools:1' })
    for (const from of [image, tools, 'tools:1']) {
      expect(await copied('/tools/sub', '/x', { from })).toEqual([
        'directory 755 0:0 /x',
        'directory 755 0:0 /x/deep',
        'file 755 0:0 /x/deep/c.js',
      ])
    }
  })

  it('are a union view', async () => {
    const view = await UnionFs.of(await shop.store.build('scratch').copy(shop.path('src'), '/').commit())
    await view.writeFile('/a.txt', 'changed')
    const image = await shop.store.build('scratch').copy(view, '/app').commit()
    expect(await textIn(image, '/app/a.txt')).toBe('changed')
    expect((await contents(image))[0]).toHaveLength(6)
  })
})
