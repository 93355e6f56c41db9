// A classic BPF machine for seccomp programs, written from bpf(4) and seccomp(2) alone: it shares no code with the compiler.

/** One call as a filter sees it. */
export interface Call {
  readonly arch: number
  readonly number: number
  readonly args: readonly bigint[]
}

/** What the program returns, as the kernel would. Throws for what the kernel's verifier refuses: other opcodes, jumps out of the program. */
export function simulate(program: Uint8Array, call: Call): { value: number; steps: number } {
  const data = new DataView(new ArrayBuffer(64))
  data.setUint32(0, call.number, true)
  data.setUint32(4, call.arch, true)
  for (let index = 0; index < 6; index++) data.setBigUint64(16 + index * 8, call.args[index] ?? 0n, true)
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength)
  const count = program.byteLength / 8
  if (!Number.isInteger(count) || count < 1 || count > 4096) throw new Error(`program of ${count} instructions`)
  let accumulator = 0
  let steps = 0
  for (let at = 0; ; at++) {
    if (at >= count) throw new Error(`fell off the program at ${at}`)
    steps++
    const op = code.getUint16(at * 8, true)
    const jt = code.getUint8(at * 8 + 2)
    const jf = code.getUint8(at * 8 + 3)
    const k = code.getUint32(at * 8 + 4, true)
    switch (op) {
      case 0x20:
        if (k % 4 !== 0 || k > 60) throw new Error(`load from ${k}`)
        accumulator = data.getUint32(k, true)
        break
      case 0x54:
        accumulator = (accumulator & k) >>> 0
        break
      case 0x05:
        at += k
        break
      case 0x15:
        at += accumulator === k ? jt : jf
        break
      case 0x25:
        at += accumulator > k ? jt : jf
        break
      case 0x35:
        at += accumulator >= k ? jt : jf
        break
      case 0x06:
        return { value: k, steps }
      default:
        throw new Error(`opcode 0x${op.toString(16)} at ${at}`)
    }
  }
}

export const AUDIT_ARCH = { x64: 0xc000_003e, arm64: 0xc000_00b7, i386: 0x4000_0003 } as const

export const ALLOW = 0x7fff_0000
export const KILL_PROCESS = 0x8000_0000
export const errno = (number: number): number => 0x0005_0000 + number
