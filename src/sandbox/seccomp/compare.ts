// 64-bit comparisons of arguments, made of 32-bit instructions. Source: seccomp(2), struct seccomp_data; both architectures are little-endian.
import { type Assembler, type Label, OP } from './assemble.js'
import type { SeccompArgument } from './profile.js'

const ARGUMENTS_AT = 16
const lowWord = (index: number) => ARGUMENTS_AT + 8 * index
const highWord = (index: number) => ARGUMENTS_AT + 8 * index + 4

const halves = (value: number | bigint): { low: number; high: number } => {
  const wide = BigInt(value)
  return { low: Number(wide & 0xffff_ffffn), high: Number(wide >> 32n) }
}

function emitEqual(to: Assembler, index: number, mask: bigint, expected: bigint, yes: Label | undefined, no: Label): void {
  const wanted = halves(expected)
  const bits = halves(mask)
  const word = (at: number, wordMask: number, value: number, matched: Label | undefined) => {
    to.emit(OP.load, at)
    if (wordMask !== 0xffff_ffff) to.emit(OP.and, wordMask)
    to.emit(OP.jumpEqual, value, matched, no)
  }
  // A word whose mask and value are both 0 always matches: half the work for the many 32-bit arguments.
  if (bits.high !== 0 || wanted.high !== 0) word(highWord(index), bits.high, wanted.high, undefined)
  word(lowWord(index), bits.low, wanted.low, yes)
}

/** `argument > value` (or `>=`): goes to `yes` or `no`. */
function emitAbove(to: Assembler, index: number, value: number | bigint, op: number, yes: Label, no: Label): void {
  const { low, high } = halves(value)
  to.emit(OP.load, highWord(index))
  to.emit(OP.jumpGreater, high, yes)
  to.emit(OP.jumpEqual, high, undefined, no)
  to.emit(OP.load, lowWord(index))
  to.emit(op, low, yes, no)
}

/** Emits one comparison: falls through to the next instruction when it holds, goes to `no` when not. */
export function emitComparison(to: Assembler, argument: SeccompArgument, no: Label): void {
  const yes = to.label()
  const { index, value } = argument
  switch (argument.op) {
    case 'SCMP_CMP_EQ':
      emitEqual(to, index, 0xffff_ffff_ffff_ffffn, BigInt(value), yes, no)
      break
    case 'SCMP_CMP_NE':
      emitEqual(to, index, 0xffff_ffff_ffff_ffffn, BigInt(value), no, yes)
      break
    case 'SCMP_CMP_MASKED_EQ':
      emitEqual(to, index, BigInt(value), BigInt(argument.valueTwo ?? 0), yes, no)
      break
    case 'SCMP_CMP_GT':
      emitAbove(to, index, value, OP.jumpGreater, yes, no)
      break
    case 'SCMP_CMP_GE':
      emitAbove(to, index, value, OP.jumpGreaterOrEqual, yes, no)
      break
    case 'SCMP_CMP_LE':
      emitAbove(to, index, value, OP.jumpGreater, no, yes)
      break
    case 'SCMP_CMP_LT':
      emitAbove(to, index, value, OP.jumpGreaterOrEqual, no, yes)
      break
  }
  to.place(yes)
}
