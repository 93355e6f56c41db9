// Whatever a sandbox does with links and with the kernel's files, no call of its fs reaches the host. (CVE-2018-15664, CVE-2019-14271 and their like.)
import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
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
  const racer = `cd $0; while :; do mv d real 2>/dev/null && ln -s $1 d; rm -f d; mv real d; done`

  it('never brings anything of the host out by copyOut, nor of elsewhere inside', async () => {
    const sandbox = await open()
    const { fs } = sandbox
    const secret = hostDirectory()
    mkdirSync(join(secret, 'sub'))
    writeFileSync(join(secret, 'sub/f'), 'secret of the host')
    await output(sandbox, `mkdir -p /tmp/t/d/sub ${secret}/sub; echo mine > /tmp/t/d/sub/f; echo elsewhere > ${secret}/sub/f`)
    const process = await sandbox.spawn(['sh', '-c', racer, '/tmp/t', secret])
    const seen = new Set<string>()
    for (let k = 0; k < 300; k++) {
      const host = hostDirectory()
      await fs.copyOut('/tmp/t', host).catch((error) => seen.add(error.code))
      for (const [path, what] of Object.entries(snapshot(host))) if (path.endsWith('/f')) seen.add(what)
    }
    process.kill('SIGKILL')
    expect([...seen].filter((what) => /secret|elsewhere/.test(what))).toEqual([])
    expect([...seen].filter((what) => /^E/.test(what) && !['ELOOP', 'ENOTDIR', 'EBUSY', 'ENOENT'].includes(what))).toEqual([])
    expect(readFileSync(join(secret, 'sub/f'), 'utf8')).toBe('secret of the host')
  })

  it('never lets copyIn write anywhere else', async () => {
    const sandbox = await open()
    const { fs } = sandbox
    const outside = hostDirectory()
    const source = hostDirectory()
    mkdirSync(join(source, 'd/sub'), { recursive: true })
    writeFileSync(join(source, 'd/sub/f'), 'copied')
    await output(sandbox, `mkdir -p /tmp/t/d ${outside}/sub`)
    const process = await sandbox.spawn(['sh', '-c', racer, '/tmp/t', outside])
    for (let k = 0; k < 300; k++) await fs.copyIn(source, '/tmp/t').catch(() => undefined)
    process.kill('SIGKILL')
    expect(snapshot(outside)).toEqual({})
    expect(await fs.readdir(outside, { recursive: true })).toEqual(['sub'])
  })

  it('never lets rm take anything else away', async () => {
    const sandbox = await open()
    const { fs } = sandbox
    await output(sandbox, 'mkdir -p /tmp/kept/sub /tmp/t; touch /tmp/kept/f /tmp/kept/sub/g')
    const process = await sandbox.spawn([
      'sh',
      '-c',
      'cd /tmp/t; while :; do mkdir -p d/e/f; mv d real; ln -s /tmp/kept d; rm -f d; mv real d; done 2>/dev/null',
    ])
    for (let k = 0; k < 300; k++) await fs.rm('/tmp/t/d', { recursive: true, force: true }).catch(() => undefined)
    process.kill('SIGKILL')
    expect((await fs.readdir('/tmp/kept', { recursive: true })).sort()).toEqual(['f', 'sub', 'sub/g'])
  })
})

it('copyOut of a mount that the sandbox may write does not follow what it makes there', async () => {
  const host = hostDirectory()
  const outside = hostDirectory()
  const sandbox = await open({ mounts: { '/shared': { source: host, access: 'write' } } })
  if ((await sandbox.run('mkdir -p /tmp/out/d && echo x > /tmp/out/d/f && ln -s "$0" /shared/d', { env: {} })).ok === false) return
  await sandbox.run(['sh', '-c', 'rm -f /shared/d; ln -s "$0" /shared/d', outside])
  expect(await rejection(sandbox.fs.copyOut('/tmp/out', host))).toMatchObject({ code: 'EEXIST' })
  expect(snapshot(outside)).toEqual({})
})
