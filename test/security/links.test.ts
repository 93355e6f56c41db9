// File calls of the host while a process inside exchanges what they walk through: CVE-2018-15664, CVE-2019-14271, CVE-2026-41567 and their kind.
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { open, rejection } from '../sandbox/api/support/open.js'
import { staticProgram } from '../support/static-program.js'
import { hostile } from './support/hostile.js'

// renameat2(2) RENAME_EXCHANGE, without an end.
const EXCHANGE = String.raw`
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
int main(int argc, char** argv) {
  printf("ready\n"); fflush(stdout);
  for (;;) renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE);
}`

describe('CVE-2018-15664, docker cp: a directory exchanged for a link', () => {
  it('never leads a read, a write or a copy to the host', async (ctx) => {
    const { root, canary, touched } = hostile(ctx)
    copyFileSync(staticProgram(EXCHANGE), join(root, 'exchange'))
    mkdirSync(join(root, 'race/dir'), { recursive: true })
    writeFileSync(join(root, 'race/dir/file'), 'inside')
    symlinkSync(canary, join(root, 'race/link'))
    const sandbox = await open({ root })
    const to = mkdtempSync(join(tmpdir(), 'stratabox-out-'))
    onTestFinished(() => rmSync(to, { recursive: true, force: true }))
    // Copied up first: what is below cannot be exchanged.
    await sandbox.fs.writeFile('/race/dir/file', 'inside')
    const racer = await sandbox.spawn(['/exchange', '/race/dir', '/race/link'])
    await racer.waitForLine('ready')
    let readInside = 0
    for (let k = 0; k < 300; k++) {
      const text = await sandbox.fs.readFile('/race/dir/file', 'utf8').catch(() => '')
      expect(['', 'inside']).toContain(text)
      if (text === 'inside') readInside++
      await sandbox.fs.writeFile(`/race/dir/new${k}`, 'x').catch(() => undefined)
      if (k % 30 === 0) await sandbox.fs.copyOut('/race/dir/file', join(to, `file${k}`)).catch(() => undefined)
      if (k % 30 === 0) await sandbox.fs.copyIn(process.argv[1] as string, `/race/dir/in${k}`).catch(() => undefined)
    }
    racer.kill('SIGKILL')
    expect(readInside).toBeGreaterThan(0)
    expect(touched()).toEqual([])
    for (const name of readdirSync(to)) expect(name).toMatch(/^file/)
  })
})

describe('CVE-2019-14271, docker cp: programs and libraries of the container', () => {
  it('are not run by copies in or out', async (ctx) => {
    const { root } = hostile(ctx)
    for (const name of ['xz', 'tar', 'unpigz', 'gzip', 'cp'])
      writeFileSync(join(root, 'bin', name), '#!/bin/sh\necho > /ran\n', { mode: 0o755 })
    mkdirSync(join(root, 'lib'))
    for (const name of ['libnss_files.so.2', 'libnss_dns.so.2']) writeFileSync(join(root, 'lib', name), 'not a library')
    const sandbox = await open({ root })
    const to = mkdtempSync(join(tmpdir(), 'stratabox-out-'))
    onTestFinished(() => rmSync(to, { recursive: true, force: true }))
    await sandbox.fs.copyOut('/bin', join(to, 'bin'))
    await sandbox.fs.copyIn(join(to, 'bin'), '/again')
    expect(await rejection(sandbox.fs.stat('/ran'))).toMatchObject({ code: 'ENOENT' })
  })
})
