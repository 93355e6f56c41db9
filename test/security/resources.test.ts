// What a sandbox could use up of the host process, and whether it can keep it waiting: CVE-2022-31030, CVE-2022-23471, CVE-2023-25153.
import { describe, expect, it } from 'vitest'
import { open } from '../sandbox/api/support/open.js'
import { staticProgram } from '../support/static-program.js'

// Attaches to whatever appears and never lets go: the parent of who ends is not told while the tracer does not look.
const HOLD = String.raw`
#include <stdio.h>
#include <sys/ptrace.h>
#include <unistd.h>
int main(void) {
  printf("ready\n"); fflush(stdout);
  for (;; usleep(1000)) for (int pid = 2; pid < 100; pid++)
    if (pid != getpid() && ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) { printf("holds\n"); fflush(stdout); }
}`

describe('CVE-2022-31030, containerd: memory by output', () => {
  it('stays bounded while a command writes a gigabyte to each stream', async () => {
    const sandbox = await open()
    await sandbox.run(['true'])
    const before = process.memoryUsage().rss
    let most = before
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss)
    }, 20)
    const result = await sandbox.run('head -c 1073741824 /dev/zero; head -c 1073741824 /dev/zero >&2', { encoding: 'buffer' })
    clearInterval(timer)
    expect(result).toMatchObject({ ok: true, truncated: true })
    expect([result.stdout.length, result.stderr.length]).toEqual([16 * 2 ** 20, 16 * 2 ** 20])
    // Two streams of 16 MiB, their copies, and what waits to be collected.
    expect(most - before).toBeLessThan(300 * 2 ** 20)
  })
})

describe('a process that traces a command and does not let go', () => {
  it('keeps neither a time-out from ending nor the sandbox from closing', async () => {
    const sandbox = await open()
    await sandbox.fs.copyIn(staticProgram(HOLD), '/tmp/hold')
    const holder = await sandbox.spawn(['/tmp/hold'])
    await holder.waitForLine('ready')
    const held = sandbox.run(['sleep', '600'], { timeoutMs: 500 })
    await holder.waitForLine('holds')
    expect(await held).toMatchObject({ timedOut: true, signal: 'SIGKILL' })
    expect(await holder.wait()).toMatchObject({ signal: 'SIGKILL' })
    const another = await sandbox.spawn(['/tmp/hold'])
    await another.waitForLine('ready')
    const pending = sandbox.run(['sleep', '600']).then(
      ({ signal }) => signal,
      ({ code }: { code: string }) => code,
    )
    await another.waitForLine('holds')
    await sandbox.close()
    expect(['SIGKILL', 'ERR_CLOSED']).toContain(await pending)
  })
})
