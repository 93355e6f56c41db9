// What a program can do to the one that started it: CVE-2019-5736, CVE-2016-9962, CVE-2024-21626, CVE-2025-23266.
import { createHash } from 'node:crypto'
import { copyFileSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nativeDirectory } from '../../src/native/index.js'
import { open, output, rejection } from '../sandbox/api/support/open.js'
import { staticProgram } from '../support/static-program.js'
import { hostile } from './support/hostile.js'

const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
const supervisor = join(nativeDirectory(), 'stratabox-supervisor')

// Looks at every process it sees until it is killed: tells each executable that is not of the root, and whether it opens for writing, by either way.
const LURK = String.raw`
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>
int main(void) {
  int self = getpid();
  printf("ready\n"); fflush(stdout);
  for (;;) for (int pid = 1; pid < 600; pid++) {
    char path[64], link[256], again[64];
    if (pid == self) continue;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t n = readlink(path, link, sizeof link - 1);
    if (n <= 0) continue;
    link[n] = 0;
    if (!strncmp(link, "/bin/", 5) || !strncmp(link, "/lurk", 5)) continue;
    int direct = open(path, O_WRONLY);
    int fd = open(path, O_RDONLY);
    if (direct >= 0) { printf("WRITABLE %s\n", link); fflush(stdout); }
    if (fd < 0) continue;
    printf("seen %s\n", link); fflush(stdout);
    snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
    for (int k = 0; k < 20; k++) {
      if (open(again, O_WRONLY) >= 0) { printf("WRITABLE %s\n", link); fflush(stdout); }
      usleep(1000);
    }
    close(fd);
  }
}`

// Attaches to whatever appears, and reads its memory and descriptors: tells what it got hold of that was not a program of the root yet.
const ATTACH = String.raw`
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  int self = getpid();
  printf("ready\n"); fflush(stdout);
  for (;;) for (int pid = 1; pid < 600; pid++) {
    char path[64], link[256];
    if (pid == self) continue;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR* dir = opendir(path);
    if (dir) {
      struct dirent* entry;
      while ((entry = readdir(dir))) {
        char file[400];
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        ssize_t n = readlink(file, link, sizeof link - 1);
        if (n > 0 && (link[n] = 0, !strncmp(link, "socket:", 7) || strstr(link, "supervisor"))) { printf("FOUND %s\n", link); fflush(stdout); }
      }
      closedir(dir);
    }
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0) continue;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t n = readlink(path, link, sizeof link - 1);
    link[n < 0 ? 0 : n] = 0;
    // Without a link it has ended already.
    if (n > 0 && strncmp(link, "/bin/", 5) && strncmp(link, "/attach", 7)) { printf("ATTACHED %s\n", link); fflush(stdout); }
    // Only a stopped one can be let go, and one that is not let go does not end for its parent.
    int status;
    ptrace(PTRACE_INTERRUPT, pid, 0, 0);
    if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) ptrace(PTRACE_DETACH, pid, 0, 0);
  }
}`

describe('CVE-2019-5736, runc: the executable of the runtime', () => {
  it('is a sealed copy: neither argv[0] nor an interpreter of /proc/self/exe gives a file of the host to write', async (ctx) => {
    const { root } = hostile(ctx)
    copyFileSync(staticProgram(LURK), join(root, 'lurk'))
    writeFileSync(join(root, 'script'), '#!/proc/self/exe\n', { mode: 0o755 })
    const before = [hash(process.execPath), hash(supervisor)]
    const sandbox = await open({ root })
    const lurker = await sandbox.spawn(['/lurk'])
    await lurker.waitForLine('ready')
    for (let k = 0; k < 150; k++) await sandbox.run([k % 2 === 0 ? '/proc/self/exe' : '/script'])
    lurker.kill('SIGKILL')
    const { stdout } = await lurker.wait()
    expect(stdout).not.toContain('WRITABLE')
    for (const line of stdout.split('\n').filter((text) => text.startsWith('seen'))) expect(line).toMatch(/^seen \/memfd:/)
    expect([hash(process.execPath), hash(supervisor)]).toEqual(before)
  })

  it('is not node: no process of a sandbox has the host program as its executable', async (ctx) => {
    const { root } = hostile(ctx)
    const sandbox = await open({ root })
    await sandbox.spawn(['/bin/sleep', '100'])
    const inits = readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'stratabox-init\n'
      } catch {
        return false
      }
    })
    expect(inits.length).toBeGreaterThan(0)
    const executables = inits.flatMap((pid) => {
      try {
        return [readlinkSync(`/proc/${pid}/exe`)]
      } catch {
        // Not ours to look at: it is not dumpable.
        return []
      }
    })
    for (const path of executables) expect(path).toContain('stratabox-supervisor')
    expect(await rejection(sandbox.fs.readlink('/proc/1/exe'))).toMatchObject({ code: 'EACCES' })
  })
})

describe('CVE-2016-9962, runc exec: who enters', () => {
  it('shows no descriptor and no memory before it is the program', async (ctx) => {
    const { root } = hostile(ctx)
    copyFileSync(staticProgram(ATTACH), join(root, 'attach'))
    const sandbox = await open({ root })
    const attacker = await sandbox.spawn(['/attach'])
    await attacker.waitForLine('ready')
    for (let k = 0; k < 100; k++) await sandbox.run(['/bin/stat', '/'])
    attacker.kill('SIGKILL')
    const { stdout } = await attacker.wait()
    expect(stdout.split('\n').filter((line) => /ATTACHED|FOUND/.test(line))).toEqual([])
  })
})

describe('CVE-2024-21626, runc: the working directory', () => {
  it('is never a descriptor of the host, directly or by a link', async (ctx) => {
    const { root } = hostile(ctx)
    symlinkSync('/proc/self/fd/7', join(root, 'seven'))
    const sandbox = await open({ root })
    for (let fd = 0; fd < 140; fd++) {
      const error = await sandbox.run(['/bin/ls', '/'], { cwd: `/proc/self/fd/${fd}` }).then(
        () => undefined,
        (thrown: Error & { syscall?: string }) => thrown,
      )
      // A descriptor of PID 1 or of the command that is a directory would let it in.
      expect(error?.syscall, `fd ${fd}`).toBe('chdir')
    }
    expect(await rejection(sandbox.run(['/bin/ls'], { cwd: '/seven' }))).toMatchObject({ syscall: 'chdir' })
    expect(await rejection(open({ root, cwd: '/proc/self/fd/7' }).then((box) => box.run(['/bin/ls'])))).toMatchObject({ syscall: 'chdir' })
  })
})

describe('CVE-2025-23266, nvidia toolkit: LD_PRELOAD of an image', () => {
  it('reaches the command and nothing of ours: the supervisor has no loader', async (ctx) => {
    const { root } = hostile(ctx)
    const sandbox = await open({ root, env: { LD_PRELOAD: '/evil.so', LD_LIBRARY_PATH: '/' } })
    expect(await output(sandbox, '/bin/busybox env')).toContain('LD_PRELOAD=/evil.so')
    const bytes = readFileSync(supervisor)
    const count = bytes.readUInt16LE(0x38)
    const types = Array.from({ length: count }, (_, k) =>
      bytes.readUInt32LE(Number(bytes.readBigUInt64LE(0x20)) + k * bytes.readUInt16LE(0x36)),
    )
    const PT_INTERP = 3
    // Under the sanitizers it is dynamic.
    if (process.env['STRATABOX_SANITIZER_LOG'] === undefined) expect(types).not.toContain(PT_INTERP)
  })
})
