// Where libraries are looked for, in trees that hold several of each name. Source of the expectations: ld.so(8); musl's manual.
import { describe, expect, it } from 'vitest'
import { I386, makeElf } from './make-elf.js'
import { filesOf, listed, type TreeSpec } from './make-tree.js'

const LOADER = '/lib64/ld-linux-x86-64.so.2'
const loader = makeElf({ soname: 'ld-linux-x86-64.so.2' })
const library = (spec: Parameters<typeof makeElf>[0] = {}) => makeElf({ soname: 'liba.so', ...spec })
const wantsB = (spec: Parameters<typeof makeElf>[0] = {}) => makeElf({ needed: ['libb.so'], ...spec })

/** The libraries of /opt/app/bin/tool in a tree that has the loader and `rest`. */
async function libraries(tool: Parameters<typeof makeElf>[0], rest: TreeSpec): Promise<string[]> {
  const tree = { [LOADER]: loader, '/opt/app/bin/tool': makeElf({ interpreter: LOADER, needed: ['liba.so'], ...tool }), ...rest }
  return (await filesOf(tree, '/opt/app/bin/tool')).filter((path) => path !== LOADER && path !== '/opt/app/bin/tool')
}

describe('glibc', () => {
  it.each<[Parameters<typeof makeElf>[0], string, string]>([
    [{}, '/lib/x86_64-linux-gnu/liba.so', 'the default directories, the multiarch one first'],
    [{ rpath: '/r' }, '/r/liba.so', 'DT_RPATH'],
    [{ runpath: '/s' }, '/s/liba.so', 'DT_RUNPATH'],
    [{ rpath: '/r', runpath: '/s' }, '/s/liba.so', 'DT_RUNPATH, which hides DT_RPATH'],
    [{ rpath: '/r', runpath: '/nowhere' }, '/lib/x86_64-linux-gnu/liba.so', 'DT_RPATH hidden even if DT_RUNPATH leads nowhere'],
    [{ runpath: '/nowhere:/s' }, '/s/liba.so', 'the second directory'],
    [{ runpath: '$ORIGIN/../lib' }, '/opt/app/lib/liba.so', '$ORIGIN'],
    [{ runpath: '$' + '{ORIGIN}/../lib' }, '/opt/app/lib/liba.so', '$ORIGIN in braces'],
    [{ runpath: '$ORIGINAL/../lib' }, '/lib/x86_64-linux-gnu/liba.so', 'no token: a longer word'],
    [{ runpath: '/t/$LIB' }, '/t/lib64/liba.so', '$LIB'],
    [{ runpath: '/t/$PLATFORM' }, '/t/x86_64/liba.so', '$PLATFORM'],
    [{ runpath: 'r::' }, '/lib/x86_64-linux-gnu/liba.so', 'no relative or empty directories'],
    [{ needed: ['/r/liba.so'] }, '/r/liba.so', 'a name with a slash, taken as it is'],
    [{ needed: ['$ORIGIN/../lib/liba.so'] }, '/opt/app/lib/liba.so', 'a name with $ORIGIN'],
  ])('of a tool with %j loads %s (%s)', async (tool, expected) => {
    const places = ['/r', '/s', '/opt/app/lib', '/t/lib64', '/t/x86_64', '/lib/x86_64-linux-gnu', '/usr/lib']
    expect(await libraries(tool, Object.fromEntries(places.map((at) => [`${at}/liba.so`, library()])))).toEqual([expected])
  })

  it('inherits DT_RPATH, not DT_RUNPATH, to the libraries of libraries', async () => {
    const rest = { '/r/liba.so': wantsB(), '/r/libb.so': makeElf(), '/lib/libb.so': makeElf() }
    expect(await libraries({ rpath: '/r' }, rest)).toEqual(['/r/liba.so', '/r/libb.so'])
    expect(await libraries({ runpath: '/r' }, rest)).toEqual(['/lib/libb.so', '/r/liba.so'])
  })

  it('inherits nothing to a library that has a DT_RUNPATH', async () => {
    const rest = { '/r/liba.so': wantsB({ runpath: '/s' }), '/r/libb.so': makeElf(), '/lib/libb.so': makeElf() }
    expect(await libraries({ rpath: '/r' }, rest)).toEqual(['/lib/libb.so', '/r/liba.so'])
  })

  it('takes $ORIGIN of a library from the directory it was found in', async () => {
    const rest = {
      '/opt/app/lib/liba.so': '-> /store/liba.so',
      '/store/liba.so': wantsB({ runpath: '$ORIGIN' }),
      '/opt/app/lib/libb.so': makeElf(),
    }
    expect(await libraries({ runpath: '$ORIGIN/../lib' }, rest)).toEqual(['/opt/app/lib/libb.so', '/store/liba.so'])
  })

  it('takes $ORIGIN of the program from where its links lead', async () => {
    const tree = {
      [LOADER]: loader,
      '/opt/app/tool': makeElf({ interpreter: LOADER, needed: ['liba.so'], rpath: '$ORIGIN' }),
      '/bin/tool': '-> /opt/app/tool',
    }
    expect(await filesOf({ ...tree, '/opt/app/liba.so': library(), '/bin/liba.so': library() }, '/bin/tool')).toContain('/opt/app/liba.so')
  })

  it('passes over libraries of another class, byte order or machine', async () => {
    const rest = {
      '/r/liba.so': library({ class: 32, machine: I386 }),
      '/s/liba.so': library({ machine: 183 }),
      '/t/liba.so': library({ bigEndian: true }),
      '/usr/lib64/liba.so': library(),
    }
    expect(await libraries({ runpath: '/r:/s:/t' }, rest)).toEqual(['/usr/lib64/liba.so'])
  })

  it('passes over a directory that is called like the library', async () => {
    expect(await libraries({ runpath: '/r' }, { '/r/liba.so': null, '/lib/liba.so': library() })).toEqual(['/lib/liba.so'])
  })

  it('looks no name up twice: the first one, or one that is called so inside, serves all', async () => {
    const rest = {
      '/r/liba.so': makeElf({ soname: 'libb.so', needed: ['libc.so'] }),
      '/lib/libb.so': makeElf(),
      '/r/libc.so': makeElf({ needed: ['liba.so', 'libb.so', 'libc.so', 'ld-linux-x86-64.so.2'] }),
    }
    expect(await libraries({ rpath: '/r' }, rest)).toEqual(['/r/liba.so', '/r/libc.so'])
  })

  it('finds breadth first, so the program chooses before its libraries do', async () => {
    const rest = { '/r/liba.so': wantsB({ runpath: '/s' }), '/r/libb.so': makeElf(), '/s/libb.so': makeElf() }
    expect(await libraries({ runpath: '/r', needed: ['liba.so', 'libb.so'] }, rest)).toEqual(['/r/liba.so', '/r/libb.so'])
  })

  it('serves 32-bit programs from their own directories', async () => {
    const i386 = { class: 32, machine: I386 } as const
    const tree = {
      '/lib/ld-linux.so.2': makeElf(i386),
      '/bin/old': makeElf({ ...i386, interpreter: '/lib/ld-linux.so.2', needed: ['liba.so'] }),
      '/lib/i386-linux-gnu/liba.so': library(i386),
      '/lib/liba.so': library(),
    }
    expect(await filesOf(tree, '/bin/old')).toEqual(['/bin/old', '/lib/i386-linux-gnu/liba.so', '/lib/ld-linux.so.2'])
  })

  it('serves big-endian programs', async () => {
    const s390x = { machine: 22, bigEndian: true } as const
    const tree = {
      '/lib/ld64.so.1': makeElf(s390x),
      '/bin/tool': makeElf({ ...s390x, interpreter: '/lib/ld64.so.1', needed: ['liba.so'] }),
      '/lib/liba.so': library(s390x),
    }
    expect(await filesOf(tree, '/bin/tool')).toContain('/lib/liba.so')
  })

  it('needs nothing for static programs, position-independent or not', async () => {
    expect(await listed({ '/t': makeElf({ type: 2 }) }, '/t')).toEqual(['/t'])
    expect(await listed({ '/t': makeElf({ flags1: 0x08000000 }) }, '/t')).toEqual(['/t'])
  })

  it('says which library is missing and who needs it, along the whole chain', async () => {
    const rest = { '/r/liba.so': wantsB() }
    await expect(libraries({ runpath: '/r' }, rest)).rejects.toMatchObject({
      code: 'ENOENT',
      path: 'libb.so',
      message: expect.stringMatching(/libb\.so not found.*needed by \/r\/liba\.so, which is needed by \/opt\/app\/bin\/tool/),
      remedy: expect.stringContaining('install'),
    })
  })

  it.each<[string, TreeSpec, string, string]>([
    ['/lib64/none.so', {}, 'ENOENT', 'is not there'],
    ['lib/ld.so', { '/lib/ld.so': loader }, 'ERR_FORMAT', 'is a relative path'],
    ['/lib/ld.so', { '/lib/ld.so': makeElf({ machine: 183 }) }, 'ERR_FORMAT', 'is for another machine'],
    ['/lib/ld.so', { '/lib/ld.so': 'text' }, 'ERR_FORMAT', 'is no ELF file'],
  ])('refuses a program whose loader %s %s', async (interpreter, tree, code) => {
    await expect(listed({ ...tree, '/t': makeElf({ interpreter }) }, '/t')).rejects.toMatchObject({ code })
  })
})

describe('musl', () => {
  const interpreter = '/lib/ld-musl-x86_64.so.1'
  const base = { [interpreter]: makeElf({ soname: 'libc.so' }) }
  const tool = (spec: Parameters<typeof makeElf>[0] = {}) =>
    makeElf({ interpreter, needed: ['liba.so', 'libc.musl-x86_64.so.1', 'libpthread.so.0'], ...spec })

  it('is itself every part of the C library', async () => {
    const tree = { ...base, '/t': tool({ needed: ['libc.so', 'libm.so.6', 'libdl.so'] }), '/lib/libc.so': makeElf() }
    expect(await filesOf(tree, '/t')).toEqual([interpreter, '/t'])
  })

  it('looks in /lib, /usr/local/lib, /usr/lib', async () => {
    expect(await filesOf({ ...base, '/t': tool(), '/usr/lib/liba.so': library(), '/usr/local/lib/liba.so': library() }, '/t')).toContain(
      '/usr/local/lib/liba.so',
    )
  })

  it('looks in the directories of its path file instead, and the image gets that file too', async () => {
    const tree = { ...base, '/t': tool(), '/lib/liba.so': library(), '/s/liba.so': library(), '/etc/ld-musl-x86_64.path': '/r:/s\n/lib\n' }
    expect(await filesOf(tree, '/t')).toEqual(['/etc/ld-musl-x86_64.path', interpreter, '/s/liba.so', '/t'])
  })

  it('finds its path file beside the prefix it is installed in', async () => {
    const prefixed = '/opt/m/lib/ld-musl-x86_64.so.1'
    const tree = {
      [prefixed]: makeElf(),
      '/t': tool({ interpreter: prefixed }),
      '/s/liba.so': library(),
      '/opt/m/etc/ld-musl-x86_64.path': '/s',
    }
    expect(await filesOf(tree, '/t')).toContain('/opt/m/etc/ld-musl-x86_64.path')
  })

  it('inherits DT_RUNPATH as well', async () => {
    const tree = { ...base, '/t': tool({ runpath: '/r' }), '/r/liba.so': wantsB(), '/r/libb.so': makeElf(), '/lib/libb.so': makeElf() }
    expect(await filesOf(tree, '/t')).toEqual([interpreter, '/r/liba.so', '/r/libb.so', '/t'])
  })
})
