// The emitted bytes in the real kernel: a python3 process installs them and makes calls.
import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { defaultCapabilities } from '../../../src/sandbox/capabilities.js'
import { compileSeccomp, defaultProfile, type SeccompArch, type SeccompProfile } from '../../../src/sandbox/seccomp/index.js'
import { syscallNumbers } from '../../../src/sandbox/seccomp/numbers.js'

// Reads {program: hex, calls: [[number, ...args]]}; prints [[result, errno]] of the calls made after installing.
const INSTALL = `
import ctypes, json, sys
task = json.load(sys.stdin)
code = bytes.fromhex(task['program'])
class Prog(ctypes.Structure):
    _fields_ = [('len', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
buffer = ctypes.create_string_buffer(code, len(code))
prog = Prog(len(code) // 8, ctypes.addressof(buffer))
if libc.prctl(38, 1, 0, 0, 0) != 0: sys.exit('no_new_privs')
if libc.prctl(22, 2, ctypes.byref(prog), 0, 0) != 0: sys.exit('seccomp: errno %d' % ctypes.get_errno())
out = []
for call in task['calls']:
    ctypes.set_errno(0)
    result = libc.syscall(*[ctypes.c_long(value) for value in call])
    out.append([result, ctypes.get_errno()])
print(json.dumps(out))
`

const python = spawnSync('python3', ['-c', 'import ctypes']).status === 0
const arch = process.arch as SeccompArch
const reason = process.platform !== 'linux' ? 'not Linux' : !python ? 'no python3 with ctypes' : undefined

function underFilter(profile: SeccompProfile, calls: readonly (readonly [number: number, ...args: number[]])[]) {
  const program = Buffer.from(compileSeccomp(profile, { arch, capabilities: defaultCapabilities })).toString('hex')
  return spawnSync('python3', ['-c', INSTALL], { input: JSON.stringify({ program, calls }), encoding: 'utf8' })
}

const number = (name: string) => syscallNumbers(arch).get(name) as number
const { EPERM, ENOSYS, EBADF } = constants.errno

describe('the kernel', () => {
  it('takes the default program, refuses what it refuses and lets the rest through', (ctx) => {
    if (reason !== undefined) return ctx.skip(reason)
    const cases: readonly (readonly [call: readonly [number, ...number[]], errno: number])[] = [
      [[number('unshare'), 0x1000_0000], EPERM],
      [[number('mount'), 0, 0, 0, 0, 0], EPERM],
      [[number('keyctl'), 0, -3, 0], EPERM],
      [[number('bpf'), 0, 0, 0], EPERM],
      [[number('clone3'), 0, 0], ENOSYS],
      [[number('clone'), 0x1000_0011, 0, 0, 0, 0], EPERM],
      [[number('io_uring_setup'), 1, 0], ENOSYS],
      [[number('ioctl'), -1, 0x5412, 0], EPERM],
      // The kernel drops the high half of a request: the filter must too.
      [[number('ioctl'), -1, 0x1_0000_5412, 0], EPERM],
      [[number('ioctl'), -1, 0x5401, 0], EBADF],
      [[number('socket'), 40, 1, 0], EPERM],
      [[number('socket'), 0x1_0000_0028, 1, 0], EPERM],
      [[number('personality'), 0x4_0000], EPERM],
      [[number('close'), -1], EBADF],
      [[5000], ENOSYS],
    ]
    const { stdout, stderr, status } = underFilter(
      defaultProfile,
      cases.map(([call]) => call),
    )
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(JSON.parse(stdout)).toEqual(cases.map(([, errno]) => [-1, errno]))
  })

  it('still runs a whole program with threads and children', (ctx) => {
    if (reason !== undefined) return ctx.skip(reason)
    const install = INSTALL.replace('print(json.dumps(out))', 'import os; os.execv(sys.argv[1], sys.argv[1:])')
    const program = Buffer.from(compileSeccomp(defaultProfile, { arch, capabilities: [] })).toString('hex')
    const script =
      "const { execFileSync } = require('node:child_process'); const { Worker } = require('node:worker_threads');" +
      "new Worker('', { eval: true }).on('exit', () => console.log(execFileSync('/bin/echo', ['fine'], { encoding: 'utf8' }).trim()))"
    const child = spawnSync('python3', ['-c', install, process.execPath, '-e', script], {
      input: JSON.stringify({ program, calls: [] }),
      encoding: 'utf8',
    })
    expect(child).toMatchObject({ stdout: 'fine\n', stderr: '', status: 0 })
  })

  it('refuses x32 calls and kills at an i386 call', (ctx) => {
    if (reason !== undefined) return ctx.skip(reason)
    if (arch !== 'x64') return ctx.skip('x32 and i386 entries are of x86-64')
    const { stdout } = underFilter({ defaultAction: 'SCMP_ACT_ALLOW' }, [[0x4000_0000 + number('getpid')]])
    expect(JSON.parse(stdout)).toEqual([[-1, ENOSYS]])
    // mov eax, 20 (getpid of i386); int 0x80; ret
    const int80 = `
import mmap
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes.fromhex('b814000000cd80c3'))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
print('survived')
`
    const program = Buffer.from(compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW' }, { arch, capabilities: [] })).toString('hex')
    const child = spawnSync('python3', ['-c', INSTALL + int80], { input: JSON.stringify({ program, calls: [] }), encoding: 'utf8' })
    expect(child.stdout).not.toContain('survived')
    expect(['SIGSYS', 'SIGSEGV']).toContain(child.signal)
  })
})
