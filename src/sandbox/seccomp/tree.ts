// A balanced binary search over ranges, as BPF jumps. A linear list costs ten times as much to install: the kernel runs the filter once for
// every call number to learn which ones are always allowed (kernel/seccomp.c, action cache).
import { type Assembler, type Label, OP } from './assemble.js'
import type { Behaviour } from './behaviour.js'
import { emitComparison } from './compare.js'
import { behaviourKey, type Range } from './ranges.js'

function emitBehaviour(to: Assembler, behaviour: Behaviour): void {
  for (const clause of behaviour.clauses) {
    const next = to.label()
    for (const argument of clause.args) emitComparison(to, argument, next)
    to.emit(OP.ret, clause.value)
    to.place(next)
  }
  to.emit(OP.ret, behaviour.otherwise)
}

/** Emits the decision over `ranges` for the call number in the accumulator. */
export function emitTree(to: Assembler, ranges: readonly Range[]): void {
  // What compares arguments stands once, after the tree, however many ranges lead there.
  const blocks = new Map<string, { label: Label; behaviour: Behaviour }>()
  const emitLeaf = (behaviour: Behaviour): void => {
    if (behaviour.clauses.length === 0) {
      to.emit(OP.ret, behaviour.otherwise)
      return
    }
    const key = behaviourKey(behaviour)
    const block = blocks.get(key) ?? { label: to.label(), behaviour }
    blocks.set(key, block)
    to.emit(OP.jump, 0, block.label)
  }
  const emitNode = (from: number, end: number): void => {
    if (end - from === 1) {
      emitLeaf((ranges[from] as Range).behaviour)
      return
    }
    const middle = (from + end) >> 1
    const upper = to.label()
    const pivot = (ranges[middle] as Range).first
    // A subtree of n ranges has at most 3n - 2 instructions; conditional jumps reach 255.
    if (3 * (middle - from) <= 250) {
      to.emit(OP.jumpGreaterOrEqual, pivot, upper)
    } else {
      const far = to.label()
      const lower = to.label()
      to.emit(OP.jumpGreaterOrEqual, pivot, far, lower)
      to.place(far)
      to.emit(OP.jump, 0, upper)
      to.place(lower)
    }
    emitNode(from, middle)
    to.place(upper)
    emitNode(middle, end)
  }
  emitNode(0, ranges.length)
  for (const { label, behaviour } of blocks.values()) {
    to.place(label)
    emitBehaviour(to, behaviour)
  }
}
