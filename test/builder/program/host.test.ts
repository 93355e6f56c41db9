// This host's own programs. The oracles: ldd for the libraries, chroot(8) for whether the copied tree is enough.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, type TestContext } from 'vitest'
import { programFiles } from '../../../src/builder/program/index.js'
import { requires } from '../../support/requires.js'
import { staticProgram } from '../../support/static-program.js'
import { copyProgram } from './copy-program.js'
import { temporaryDirectory } from './make-tree.js'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const LDD_ENV = { ...process.env, LC_ALL: 'C', LD_LIBRARY_PATH: '' }

/** The libraries and the loader that ldd names, without links. */
function ldd(program: string): Set<string> {
  const text = execFileSync('ldd', [program], { encoding: 'utf8', env: LDD_ENV })
  const paths = [...text.matchAll(/(?:=> |^\t)(\/[^ ]+) \(0x/gm)].map((match) => realpathSync(match[1]!))
  return new Set(paths)
}

/** What is placed beside the program itself. */
async function libraries(program: string): Promise<Set<string>> {
  const files = (await programFiles([program])).filter((file) => file.kind === 'file' && file.path !== '/etc/ld.so.cache')
  return new Set(files.map((file) => file.path).filter((path) => path !== realpathSync(program)))
}

function demandFile(ctx: TestContext, path: string): void {
  requires(ctx, 'linux')
  if (!existsSync(path)) ctx.skip(`no ${path}`)
}

describe('the libraries are those that ldd names', () => {
  const programs = [
    process.execPath,
    '/bin/sh',
    '/bin/cat',
    '/bin/bash',
    '/usr/bin/python3',
    '/usr/bin/git',
    '/usr/bin/openssl',
    '/usr/sbin/chroot',
  ]
  it.for(programs)('of %s', async (program, ctx) => {
    requires(ctx, 'ldd')
    demandFile(ctx, program)
    expect(await libraries(program)).toEqual(ldd(program))
  })

  it('of the dynamic programs in /usr/bin that begin with s', async (ctx) => {
    requires(ctx, 'ldd')
    let compared = 0
    for (const name of readdirSync('/usr/bin').filter((name) => /^s/.test(name))) {
      const program = join('/usr/bin', name)
      const isElf = existsSync(program) && readFileSync(program).subarray(0, 4).toString('latin1') === '\x7fELF'
      if (!isElf) continue
      const result = spawnSync('ldd', [program], { encoding: 'utf8', env: LDD_ENV })
      if (result.status !== 0 || result.stdout.includes('not found')) continue
      expect(await libraries(program), program).toEqual(ldd(program))
      compared++
    }
    expect(compared).toBeGreaterThan(0)
  })

  it('none for static programs', async (ctx) => {
    requires(ctx, 'cc')
    const program = staticProgram('int main(void) { return 0; }')
    expect(await libraries(program)).toEqual(new Set())
  })
})

describe('search paths, against the real loader', () => {
  /** tool → libone → libtwo, libtwo in two directories; each linked with the given flags. */
  function build(flags: { tool: string[]; one: string[] }): string {
    const at = temporaryDirectory()
    for (const name of ['lib', 'lib/deep', 'bin']) mkdirSync(join(at, name))
    const cc = (output: string, source: string, ...rest: string[]) => {
      const name = `${output.replaceAll('/', '-')}.c`
      writeFileSync(join(at, name), source)
      execFileSync('cc', ['-o', output, name, ...rest], { cwd: at, stdio: 'pipe' })
    }
    const shared = ['-shared', '-fPIC', '-nostdlib']
    cc('lib/libtwo.so', 'int two(void) { return 2; }', ...shared)
    cc('lib/deep/libtwo.so', 'int two(void) { return 2; }', ...shared)
    cc('lib/libone.so', 'int two(void); int one(void) { return two(); }', ...shared, '-Llib', '-ltwo', ...flags.one)
    cc('bin/tool', 'int one(void); int main(void) { return one(); }', '-Llib', '-lone', '-Wl,-rpath-link,lib', ...flags.tool)
    return join(at, 'bin/tool')
  }
  const rpath = (path: string) => [`-Wl,--disable-new-dtags,-rpath,${path}`]
  const runpath = (path: string) => [`-Wl,--enable-new-dtags,-rpath,${path}`]

  it.for<[string, { tool: string[]; one: string[] }]>([
    ['DT_RPATH of the program serves its libraries', { tool: rpath('$ORIGIN/../lib'), one: [] }],
    ['DT_RUNPATH of each file serves itself', { tool: runpath('$ORIGIN/../lib'), one: runpath('$ORIGIN/deep') }],
    ['a library with DT_RUNPATH inherits no DT_RPATH', { tool: rpath('$ORIGIN/../lib'), one: runpath('$ORIGIN/deep') }],
    ['the nearest DT_RPATH goes first', { tool: rpath('$ORIGIN/../lib'), one: rpath('$ORIGIN/deep') }],
    ['braces, and directories that are not there', { tool: rpath(`/none:$\{ORIGIN}/../lib/deep:$ORIGIN/../lib`), one: [] }],
  ])('%s', async ([, flags], ctx) => {
    requires(ctx, 'linux', 'cc', 'ldd')
    const tool = build(flags)
    expect(await libraries(tool)).toEqual(ldd(tool))
  })

  it('a library that DT_RUNPATH of the program would have to serve is missing, as it is for the loader', async (ctx) => {
    requires(ctx, 'linux', 'cc', 'ldd')
    const tool = build({ tool: runpath('$ORIGIN/../lib'), one: [] })
    expect(execFileSync('ldd', [tool], { encoding: 'utf8', env: LDD_ENV })).toContain('libtwo.so => not found')
    await expect(programFiles([tool])).rejects.toThrow(/libtwo\.so not found.*libone\.so, which is needed by .*tool/)
  })
})

describe('the copied tree starts under chroot', () => {
  /** Runs argv in a tree that holds `programs` and nothing else. */
  async function run(ctx: TestContext, programs: string[], argv: string[]): Promise<string> {
    requires(ctx, 'linux', 'root', 'chroot')
    const root = temporaryDirectory()
    copyProgram(await programFiles(programs), root)
    return execFileSync('chroot', [root, ...argv], { encoding: 'utf8', env: { PATH } })
  }

  it.for<[string, string[], string]>([
    ['/bin/sh', ['-c', 'echo hello'], 'hello\n'],
    ['/bin/bash', ['-c', 'for i in 1 2; do echo $i; done'], '1\n2\n'],
    ['/bin/busybox', ['echo', 'hello'], 'hello\n'],
    ['/usr/bin/python3', ['--version'], 'Python 3'],
    [process.execPath, ['-p', '6 * 7'], '42\n'],
  ])('%s %j prints %j', async ([program, args, expected], ctx) => {
    demandFile(ctx, program)
    expect(await run(ctx, [program], [program, ...args])).toContain(expected)
  })

  it('several together', async (ctx) => {
    expect(await run(ctx, ['/bin/sh', '/bin/cat'], ['/bin/sh', '-c', 'echo hello | cat'])).toBe('hello\n')
  })

  it("a '#!/usr/bin/env' script with its interpreter", async (ctx) => {
    demandFile(ctx, '/usr/bin/env')
    const script = join(temporaryDirectory(), 'script')
    writeFileSync(script, '#!/usr/bin/env sh\necho "script $1"\n')
    chmodSync(script, 0o755)
    expect(await run(ctx, [script], [script, 'ran'])).toBe('script ran\n')
  })

  it('a program that musl loads', async (ctx) => {
    requires(ctx, 'musl-gcc')
    const program = join(temporaryDirectory(), 'tool')
    writeFileSync(`${program}.c`, '#include <stdio.h>\nint main(void) { puts("musl"); return 0; }')
    execFileSync('musl-gcc', ['-o', program, `${program}.c`], { stdio: 'pipe' })
    expect(await run(ctx, [program], [program])).toBe('musl\n')
  })

  it("a program with a library that only ldconfig's cache leads to", async (ctx) => {
    requires(ctx, 'linux', 'root', 'chroot', 'cc', 'ldconfig')
    const host = temporaryDirectory()
    copyProgram(await programFiles(['/bin/sh']), host)
    for (const name of ['opt', 'opt/lib', 'etc']) mkdirSync(join(host, name))
    writeFileSync(join(host, 'etc/ld.so.conf'), '/opt/lib\n')
    writeFileSync(join(host, 'opt/one.c'), 'int one(void) { return 0; }')
    writeFileSync(join(host, 'opt/tool.c'), 'int one(void); int main(void) { return one(); }')
    const cc = (...args: string[]) => execFileSync('cc', args, { cwd: join(host, 'opt'), stdio: 'pipe' })
    cc('-shared', '-fPIC', '-nostdlib', '-Wl,-soname,libone.so.1', '-o', 'lib/libone.so.1.0', 'one.c')
    cc('-o', 'tool', 'tool.c', 'lib/libone.so.1.0')
    execFileSync('ldconfig', ['-r', host], { env: { PATH } })

    const files = await programFiles(['/opt/tool'], { root: host })
    expect(files.map((file) => file.path)).toEqual(
      expect.arrayContaining(['/etc/ld.so.cache', '/opt/lib/libone.so.1', '/opt/lib/libone.so.1.0']),
    )
    const root = temporaryDirectory()
    copyProgram(files, root)
    expect(spawnSync('chroot', [root, '/opt/tool'], { env: { PATH } })).toMatchObject({ status: 0 })
  })
})
