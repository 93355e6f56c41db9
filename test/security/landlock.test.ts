// The wall behind the walls: landlock(7). What it refuses, and what it must not.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest'
import { confinement, landlockEntry } from '../../src/sandbox/linux/landlock.js'
import { open, output } from '../sandbox/api/support/open.js'
import { requires } from '../support/requires.js'
import { staticProgram } from '../support/static-program.js'

const none = { capabilities: [] }
const admin = { capabilities: ['CAP_SYS_ADMIN'] }

describe('what is asked of Landlock', () => {
  it.each([
    [0, 0, 0],
    // Before ABI 2 every rename into another directory would fail.
    [1, 0, 0],
    [2, 0x3fff, 0],
    [3, 0x7fff, 0],
    [4, 0x7fff, 0],
    [5, 0xffff, 0],
    [6, 0xffff, 3],
    [7, 0xffff, 3],
    [99, 0xffff, 3],
  ])('with ABI %i is %i and %i', (abi, files, scopes) => {
    expect(confinement(abi, none)).toEqual({ files, scopes })
  })

  it('leaves files out for who keeps CAP_SYS_ADMIN, since the confined may not mount', () => {
    expect(confinement(7, admin)).toEqual({ files: 0, scopes: 3 })
    expect(landlockEntry(7, admin)).toMatchObject({ status: 'degraded' })
  })

  it('is told: enforced, degraded with a remedy, or off with a remedy', () => {
    expect(landlockEntry(7, none)).toMatchObject({ status: 'enforced' })
    expect(landlockEntry(3, none)).toMatchObject({ status: 'degraded', remedy: expect.stringContaining('6.12') })
    for (const abi of [0, 1]) expect(landlockEntry(abi, none)).toMatchObject({ status: 'off', remedy: expect.stringContaining('lsm=') })
  })
})

const CONNECT = String.raw`
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
int main(int argc, char** argv) {
  struct sockaddr_un address = {AF_UNIX};
  strncpy(address.sun_path + 1, argv[1], 100);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  int failed = connect(fd, (void*)&address, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[1]));
  printf("%s\n", failed ? strerror(errno) : "connected");
  return 0;
}`

// Takes the descriptor that the host's process sends, and tries to open a file below it.
const RECEIVE = String.raw`
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
int main(void) {
  struct sockaddr_un address = {AF_UNIX, "/share/socket"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0), got = -1;
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec vector = {&byte, 1};
  struct msghdr header = {0, 0, &vector, 1, control, sizeof control, 0};
  if (connect(fd, (void*)&address, sizeof address) != 0) { printf("connect: %s\n", strerror(errno)); return 1; }
  if (recvmsg(fd, &header, 0) != 1 || !CMSG_FIRSTHDR(&header)) { printf("recvmsg: %s\n", strerror(errno)); return 1; }
  memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof got);
  printf("%s\n", openat(got, "secret", O_RDONLY) < 0 ? strerror(errno) : "opened");
  return 0;
}`

// Listens on an abstract socket, and on one by path, through which it hands a directory out.
const HOST = `
import os, socket, sys, threading
folder, name = sys.argv[1:]
abstract = socket.socket(socket.AF_UNIX); abstract.bind(chr(0) + name); abstract.listen(5)
path = socket.socket(socket.AF_UNIX); path.bind(folder + '/share/socket'); os.chmod(folder + '/share/socket', 0o777); path.listen(5)
print('ready', flush=True)
peer, _ = path.accept()
socket.send_fds(peer, [b'x'], [os.open(folder + '/outside', os.O_RDONLY)])
`

/** A process of the host that a sandbox might talk to. */
async function host(ctx: TestContext): Promise<{ folder: string; name: string }> {
  requires(ctx, 'python3')
  const folder = mkdtempSync(join(tmpdir(), 'stratabox-landlock-'))
  const name = `stratabox-test-${randomUUID()}`
  for (const part of ['share', 'outside']) mkdirSync(join(folder, part))
  for (const part of ['', 'share', 'outside']) chmodSync(join(folder, part), 0o755)
  writeFileSync(join(folder, 'outside/secret'), 'host', { mode: 0o644 })
  const child = spawn('python3', ['-c', HOST, folder, name], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  await once(child.stdout, 'data')
  return { folder, name }
}

describe('Landlock in a sandbox', () => {
  it('refuses what is not below the root, though somebody of the host hands a descriptor of it in', async (ctx) => {
    const { folder } = await host(ctx)
    const sandbox = await open({
      mounts: { '/share': { source: join(folder, 'share') }, '/mnt/receive': { source: staticProgram(RECEIVE) } },
    })
    const isConfined = sandbox.isolation['landlock']?.status === 'enforced'
    expect(await output(sandbox, ['/mnt/receive'])).toBe(isConfined ? 'Permission denied' : 'opened')
  })

  it("keeps the host's abstract sockets away, even with the host's network (CVE-2020-15257)", async (ctx) => {
    const { name } = await host(ctx)
    const sandbox = await open({ network: 'host', mounts: { '/mnt/connect': { source: staticProgram(CONNECT) } } })
    const isConfined = sandbox.isolation['landlock']?.status === 'enforced'
    expect(await output(sandbox, ['/mnt/connect', name])).toBe(isConfined ? 'Operation not permitted' : 'connected')
  })

  it('lets programs do what they do', async () => {
    const sandbox = await open()
    const script = `
      set -e
      mkdir -p /tmp/a /tmp/b /var/tmp/c
      echo x > /tmp/a/file; mv /tmp/a/file /tmp/b/file; ln /tmp/b/file /tmp/a/hard; ln -s ../b/file /tmp/a/soft; cat /tmp/a/soft
      echo y > /var/tmp/c/file; mv /var/tmp/c/file /var/tmp/other; rm -r /var/tmp/c
      mkfifo /tmp/fifo; (echo through > /tmp/fifo &); cat < /tmp/fifo
      echo out > /dev/stdout; echo err > /dev/stderr; cat /proc/self/status > /dev/null
      : > /tmp/b/file; rm -r /tmp/a /tmp/b
      sleep 100 & kill $!; wait $! || true
      echo done`
    expect((await sandbox.run(['sh', '-c', script], { reject: true })).stdout).toBe('x\nthrough\nout\ndone\n')
  })

  it('lets the commands of one sandbox signal each other', async () => {
    const sandbox = await open()
    const sleeper = await sandbox.spawn(['sleep', '100'])
    await output(sandbox, ['sh', '-c', `kill ${sleeper.pid}`])
    expect(await sleeper.wait()).toMatchObject({ signal: 'SIGTERM' })
  })

  it('leaves mounting to who kept CAP_SYS_ADMIN', async () => {
    const sandbox = await open({ capabilities: ['CAP_SYS_ADMIN'] })
    expect(await output(sandbox, 'mount -t tmpfs none /mnt 2>/dev/null || mount -t tmpfs none /tmp; echo mounted')).toBe('mounted')
    expect(sandbox.isolation['landlock']?.status).not.toBe('enforced')
  })
})
