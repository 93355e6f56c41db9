// Whatever a sandbox does with links and with the kernel's files, no call of its fs reaches the host. (CVE-2018-15664, CVE-2019-14271 and their like.)
import { chmodSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox, SandboxOptions } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { staticProgram } from '../../support/static-program.js'
import { open, output, rejection } from '../api/support/open.js'
import { hostDirectory, snapshot } from './support/host-dir.js'
import { shareSandbox } from './support/shared.js'

const shared = shareSandbox()

/** A file of the host that nothing inside may reach, and its contents. */
function victim(): string {
  const path = join(hostDirectory(), 'victim')
  writeFileSync(path, 'untouched')
  return path
}

describe('links made inside', () => {
  it('lead to what is inside, be they absolute or climb above the root', async () => {
    const { fs, dir } = shared
    const host = victim()
    for (const target of [
      host,
      `../../../../../../../../..${host}`,
      `/proc/1/root${host}`,
      `/proc/self/root${host}`,
      `/proc/1/cwd${host}`,
    ]) {
      await fs.rm(`${dir}/l`, { force: true })
      await fs.symlink(target, `${dir}/l`)
      for (const call of [
        fs.readFile(`${dir}/l`),
        fs.stat(`${dir}/l`),
        fs.truncate(`${dir}/l`),
        fs.chmod(`${dir}/l`, 0),
        fs.utimes(`${dir}/l`, 0, 0),
      ])
        expect(['ENOENT', 'ELOOP', 'EACCES']).toContain((await rejection(call))['code'])
      for (const path of [`${dir}/l`, `..${host}`, `/../..${host}`]) await fs.writeFile(path, 'from inside').catch(() => undefined)
      expect(readFileSync(host, 'utf8')).toBe('untouched')
    }
  })
  it('of the kernel are not followed: nobody gets out by /proc/PID/root, cwd, exe or fd', async () => {
    const { sandbox, fs } = shared
    const sleeper = await sandbox.spawn(['sleep', '100'])
    for (const pid of [1, sleeper.pid])
      for (const path of ['root', 'root/etc', 'cwd', 'exe', 'fd/0', 'ns/mnt'])
        expect(['ELOOP', 'EACCES', 'ENOENT']).toContain((await rejection(fs.open(`/proc/${pid}/${path}`)))['code'])
    sleeper.kill('SIGKILL')
  })
  it('to the files of the kernel give no way to write with the powers of the host', async () => {
    const { sandbox, fs, dir } = shared
    const sleeper = await sandbox.spawn(['sleep', '100'])
    const file = `/proc/${sleeper.pid}/oom_score_adj`
    const before = await fs.readFile(file, 'utf8')
    await fs.symlink(file, `${dir}/result.txt`)
    for (const call of [
      () => fs.writeFile(`${dir}/result.txt`, '-1000'),
      () => fs.appendFile(`${dir}/result.txt`, '-1000'),
      () => fs.open(`${dir}/result.txt`, 'r+'),
      () => fs.copyFile('/etc/passwd', `${dir}/result.txt`),
      () => fs.writeFile('/proc/sys/kernel/core_pattern', '|/evil'),
    ])
      expect(await rejection(call())).toMatchObject({ code: 'EACCES' })
    expect(await fs.readFile(file, 'utf8')).toBe(before)
    sleeper.kill('SIGKILL')
  })
})

describe('copyOut', () => {
  it('does not write through links that an earlier copyOut made', async () => {
    const { sandbox, fs, dir } = shared
    const outside = hostDirectory()
    const host = hostDirectory()
    await output(sandbox, `cd ${dir}; ln -s ${outside} d; ln -s ${outside}/f f`)
    await fs.copyOut(dir, host)
    await output(sandbox, `cd ${dir}; rm d f; mkdir d; echo evil > d/x; echo evil > f`)
    expect(await rejection(fs.copyOut(dir, host))).toMatchObject({ code: 'EEXIST' })
    expect(snapshot(outside)).toEqual({})
    expect(readlinkSync(join(host, 'd'))).toBe(outside)
    symlinkSync(outside, join(host, 'top'))
    expect(await rejection(fs.copyOut(dir, join(host, 'top')))).toMatchObject({ code: 'ENOTDIR' })
    expect(snapshot(outside)).toEqual({})
  })
  it('makes second names only of its own files', async () => {
    const { sandbox, fs, dir } = shared
    const host = hostDirectory()
    await output(sandbox, `cd ${dir}; echo x > a; ln a b; ln -s ${victim()} l; ln l m`)
    await fs.copyOut(dir, host)
    expect(Object.keys(snapshot(host))).toEqual(['a', 'b', 'l', 'm'])
  })
})

describe('a directory that is swapped with a link under way', () => {
  const swapper = `
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <stdio.h>
    int main(int argc, char** argv) { for (;;) renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE); }`

  /** A sandbox in which two names are exchanged all the time. */
  async function race(one: string, other: string, prepare: string, options?: SandboxOptions): Promise<Sandbox> {
    const sandbox = await open(options)
    await sandbox.fs.copyIn(staticProgram(swapper), '/tmp/swapper')
    await output(sandbox, prepare)
    await sandbox.spawn(['/tmp/swapper', one, other])
    return sandbox
  }

  it('never brings anything of the host out by copyOut, nor of elsewhere inside', async () => {
    const secret = hostDirectory()
    mkdirSync(join(secret, 'sub'))
    writeFileSync(join(secret, 'sub/f'), 'secret of the host')
    const prepare = `mkdir -p /tmp/t/d/sub ${secret}/sub; echo mine > /tmp/t/d/sub/f; echo elsewhere > ${secret}/sub/f; ln -s ${secret} /tmp/l`
    const { fs } = await race('/tmp/t/d', '/tmp/l', prepare)
    const seen = new Set<string>()
    for (let k = 0; k < 300; k++) {
      const host = hostDirectory()
      await fs.copyOut('/tmp/t', host).catch((error) => seen.add(error.code))
      for (const [path, what] of Object.entries(snapshot(host))) seen.add(path.endsWith('/f') || path === 'd' ? what : 'other')
    }
    expect([...seen].filter((what) => /secret|elsewhere/.test(what))).toEqual([])
    // Both states were met, and moments between them.
    expect(seen).toContain('644 mine\n')
    expect(seen).toContain(`-> ${secret}`)
    expect([...seen].filter((what) => /^E/.test(what) && !['ELOOP', 'ENOTDIR', 'ENOENT'].includes(what))).toEqual([])
  })

  it('never lets copyIn write anywhere else', async () => {
    const outside = hostDirectory()
    const source = hostDirectory()
    mkdirSync(join(source, 'd/sub'), { recursive: true })
    writeFileSync(join(source, 'd/sub/f'), 'copied')
    const { fs } = await race('/tmp/t/d', '/tmp/l', `mkdir -p /tmp/t/d ${outside}/sub; ln -s ${outside} /tmp/l`)
    let done = 0
    for (let k = 0; k < 300; k++)
      await fs.copyIn(source, '/tmp/t').then(
        () => done++,
        () => undefined,
      )
    expect(done).toBeLessThan(300)
    expect(snapshot(outside)).toEqual({})
    expect(await fs.readdir(outside, { recursive: true })).toEqual(['sub'])
  })

  it('never lets rm take anything else away', async () => {
    const { fs } = await race('/tmp/t/d', '/tmp/l', 'mkdir -p /tmp/kept/e/f /tmp/t; touch /tmp/kept/e/f/g')
    for (let k = 0; k < 300; k++) {
      await fs.mkdir('/tmp/t/d/e/f', { recursive: true }).catch(() => undefined)
      await fs.symlink('/tmp/kept', '/tmp/l').catch(() => undefined)
      await fs.rm('/tmp/t/d', { recursive: true, force: true }).catch(() => undefined)
    }
    // mkdir may have followed the link; nothing that was there is gone.
    expect(await fs.readdir('/tmp/kept', { recursive: true })).toEqual(['e', 'e/f', 'e/f/g'])
  })

  it('never lets copyOut write elsewhere on the host, where the sandbox may write the directory that is copied to', async () => {
    const host = hostDirectory()
    const outside = hostDirectory()
    chmodSync(host, 0o777)
    const mounts = { '/shared': { source: host, access: 'write' as const } }
    const prepare = `mkdir -p /tmp/out/d/e /shared/d; echo x | tee /tmp/out/f /tmp/out/d/f /tmp/out/d/e/f; ln -s ${outside} /shared/l`
    const { fs } = await race('/shared/d', '/shared/l', prepare, { mounts })
    let done = 0
    for (let k = 0; k < 300; k++)
      await fs.copyOut('/tmp/out', host).then(
        () => done++,
        () => undefined,
      )
    expect(done).toBeLessThan(300)
    expect(snapshot(outside)).toEqual({})
  })
})
