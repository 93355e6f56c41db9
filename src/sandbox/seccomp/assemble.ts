// Classic BPF instructions and their 8-byte encoding. Source: linux/filter.h (struct sock_filter), bpf(4); only forward jumps exist.
import { UnsupportedError } from '../../core/errors.js'

/** Opcodes that seccomp accepts and this compiler uses. */
export const OP = {
  /** BPF_LD | BPF_W | BPF_ABS: a 32-bit word of struct seccomp_data. */
  load: 0x20,
  /** BPF_ALU | BPF_AND | BPF_K */
  and: 0x54,
  /** BPF_JMP | BPF_JA */
  jump: 0x05,
  /** BPF_JMP | BPF_JEQ | BPF_K */
  jumpEqual: 0x15,
  /** BPF_JMP | BPF_JGT | BPF_K */
  jumpGreater: 0x25,
  /** BPF_JMP | BPF_JGE | BPF_K */
  jumpGreaterOrEqual: 0x35,
  /** BPF_RET | BPF_K */
  ret: 0x06,
} as const

/** BPF_MAXINSNS: the kernel refuses longer programs. */
export const INSTRUCTIONS_MAX = 4096

/** Instructions are this long. */
export const INSTRUCTION_BYTES = 8

/** A place in a program, set once with `place`. */
export type Label = { readonly id: number }

interface Instruction {
  readonly op: number
  readonly k: number
  /** undefined: the next instruction. */
  readonly whenTrue?: Label | undefined
  readonly whenFalse?: Label | undefined
}

/** Collects instructions and labels, then encodes them. */
export class Assembler {
  readonly #instructions: Instruction[] = []
  readonly #places: number[] = []

  label(): Label {
    this.#places.push(-1)
    return { id: this.#places.length - 1 }
  }

  /** Lets `label` stand for the next instruction. */
  place(label: Label): void {
    this.#places[label.id] = this.#instructions.length
  }

  emit(op: number, k: number, whenTrue?: Label, whenFalse?: Label): void {
    this.#instructions.push({ op, k, whenTrue, whenFalse })
  }

  /** The program's bytes, little-endian. @throws UnsupportedError when the kernel would refuse its length */
  toBytes(): Uint8Array {
    const count = this.#instructions.length
    if (count > INSTRUCTIONS_MAX) {
      throw new UnsupportedError(`the seccomp profile needs ${count} instructions, the kernel takes ${INSTRUCTIONS_MAX}`, {
        remedy: 'use fewer rules that compare arguments',
      })
    }
    const bytes = new Uint8Array(count * INSTRUCTION_BYTES)
    const view = new DataView(bytes.buffer)
    for (const [index, instruction] of this.#instructions.entries()) {
      const at = index * INSTRUCTION_BYTES
      view.setUint16(at, instruction.op, true)
      if (instruction.op === OP.jump) {
        view.setUint32(at + 4, this.#distance(index, instruction.whenTrue, 0xffff), true)
        continue
      }
      view.setUint8(at + 2, this.#distance(index, instruction.whenTrue, 0xff))
      view.setUint8(at + 3, this.#distance(index, instruction.whenFalse, 0xff))
      view.setUint32(at + 4, instruction.k, true)
    }
    return bytes
  }

  #distance(from: number, to: Label | undefined, max: number): number {
    if (to === undefined) return 0
    const distance = (this.#places[to.id] ?? -1) - from - 1
    if (distance < 0 || distance > max) throw new RangeError(`jump of ${distance} instructions at ${from}`)
    return distance
  }
}
