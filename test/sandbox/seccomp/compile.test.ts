import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../../src/core/index.js'
import {
  compileSeccomp,
  type SeccompArgument,
  type SeccompOperator,
  type SeccompProfile,
  type SeccompRule,
} from '../../../src/sandbox/seccomp/index.js'
import { syscallNumbers } from '../../../src/sandbox/seccomp/numbers.js'
import { ALLOW, AUDIT_ARCH, errno, KILL_PROCESS, simulate } from './simulate.js'

const EPERM = errno(1)
const ENOSYS = errno(38)

const run = (
  profile: SeccompProfile,
  number: number,
  args: readonly bigint[] = [],
  arch: 'x64' | 'arm64' = 'x64',
  capabilities: string[] = [],
) => simulate(compileSeccomp(profile, { arch, capabilities }), { arch: AUDIT_ARCH[arch], number, args }).value

const deny = (...syscalls: SeccompRule[]): SeccompProfile => ({ defaultAction: 'SCMP_ACT_ERRNO', syscalls })

describe('entry', () => {
  const open: SeccompProfile = { defaultAction: 'SCMP_ACT_ALLOW' }
  it('kills the process at a call of another architecture, whatever the profile allows', () => {
    for (const [arch, other] of [
      ['x64', AUDIT_ARCH.i386],
      ['x64', AUDIT_ARCH.arm64],
      ['arm64', AUDIT_ARCH.x64],
      ['arm64', 0x4000_0028],
    ] as const) {
      expect(simulate(compileSeccomp(open, { arch, capabilities: [] }), { arch: other, number: 0, args: [] }).value).toBe(KILL_PROCESS)
    }
  })
  it('answers ENOSYS to x32 numbers and to -1, and not below them', () => {
    for (const [number, value] of [
      [0x3fff_ffff, ALLOW],
      [0x4000_0000, ENOSYS],
      [0x4000_0027, ENOSYS],
      [0x7fff_ffff, ENOSYS],
      [0x8000_0000, ENOSYS],
      [0xffff_ffff, ENOSYS],
    ] as const) {
      expect(run(open, number)).toBe(value)
    }
  })
  it('answers ENOSYS past the newest known number where the default is an errno, else the default', () => {
    const newest = Math.max(...syscallNumbers('x64').values())
    expect(run(deny(), newest)).toBe(EPERM)
    expect(run(deny(), newest + 1)).toBe(ENOSYS)
    expect(run({ defaultAction: 'SCMP_ACT_ALLOW' }, newest + 1)).toBe(ALLOW)
    expect(run({ defaultAction: 'SCMP_ACT_KILL_PROCESS' }, newest + 1)).toBe(KILL_PROCESS)
  })
})

describe('precedence', () => {
  const allow: SeccompRule = { names: ['read'], action: 'SCMP_ACT_ALLOW' }
  const refuse: SeccompRule = {
    names: ['read'],
    action: 'SCMP_ACT_ERRNO',
    errnoRet: 5,
    args: [{ index: 0, op: 'SCMP_CMP_EQ', value: 7 }],
  }
  it('lets the stricter of two matching rules win, in either order', () => {
    for (const profile of [deny(allow, refuse), deny(refuse, allow)]) {
      expect(run(profile, 0, [7n])).toBe(errno(5))
      expect(run(profile, 0, [8n])).toBe(ALLOW)
    }
  })
  it('lets the first of two equally strict rules choose the errno', () => {
    expect(run(deny({ ...refuse, args: [] }, { ...refuse, args: [], errnoRet: 6 }), 0)).toBe(errno(5))
  })
  it('takes comparisons of one argument as alternatives, and of several arguments together', () => {
    const at = (index: number, value: number): SeccompArgument => ({ index, op: 'SCMP_CMP_EQ', value })
    const either = deny({ names: ['read'], action: 'SCMP_ACT_ALLOW', args: [at(0, 1), at(0, 2)] })
    expect([1n, 2n, 3n].map((value) => run(either, 0, [value]))).toEqual([ALLOW, ALLOW, EPERM])
    const both = deny({ names: ['read'], action: 'SCMP_ACT_ALLOW', args: [at(0, 1), at(5, 2)] })
    expect(run(both, 0, [1n, 0n, 0n, 0n, 0n, 2n])).toBe(ALLOW)
    expect(run(both, 0, [1n])).toBe(EPERM)
    expect(run(both, 0, [0n, 0n, 0n, 0n, 0n, 2n])).toBe(EPERM)
  })
})

describe('conditions of rules', () => {
  const when = (conditions: Pick<SeccompRule, 'includes' | 'excludes'>) =>
    deny({ names: ['mount'], action: 'SCMP_ACT_ALLOW', ...conditions })
  const mount = 165
  it('includes a rule only with all its capabilities, and excludes it with any', () => {
    const includes = when({ includes: { caps: ['CAP_SYS_ADMIN', 'CAP_BPF'] } })
    expect(run(includes, mount, [], 'x64', ['SYS_ADMIN'])).toBe(EPERM)
    expect(run(includes, mount, [], 'x64', ['SYS_ADMIN', 'CAP_BPF'])).toBe(ALLOW)
    const excludes = when({ excludes: { caps: ['CAP_SYS_ADMIN', 'CAP_BPF'] } })
    expect(run(excludes, mount, [], 'x64', ['CAP_CHOWN'])).toBe(ALLOW)
    expect(run(excludes, mount, [], 'x64', ['CAP_BPF'])).toBe(EPERM)
  })
  it('follows arches in the spelling of docker', () => {
    expect(run(when({ includes: { arches: ['amd64', 'x32'] } }), mount)).toBe(ALLOW)
    expect(run(when({ includes: { arches: ['arm64'] } }), mount)).toBe(EPERM)
    expect(run(when({ excludes: { arches: ['amd64'] } }), mount)).toBe(EPERM)
    expect(run(when({ includes: { arches: ['arm64'] } }), 40, [], 'arm64')).toBe(ALLOW)
  })
  it('compares minKernel by numbers, both sides of it', () => {
    const profile = when({ includes: { minKernel: '4.8' } })
    const on = (kernel?: string) =>
      simulate(compileSeccomp(profile, { arch: 'x64', capabilities: [], kernel }), { arch: AUDIT_ARCH.x64, number: mount, args: [] }).value
    expect([undefined, '4.8.0', '4.10.0-generic', '6.1.0-18-amd64', '5'].map(on)).toEqual([ALLOW, ALLOW, ALLOW, ALLOW, ALLOW])
    expect(['4.7.99', '3.10.0'].map(on)).toEqual([EPERM, EPERM])
  })
  it('takes null where Go writes it', () => {
    const profile = {
      ...deny(),
      syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ALLOW', args: null, includes: { arches: null }, excludes: { arches: null } }],
    }
    expect(run(profile as unknown as SeccompProfile, mount)).toBe(ALLOW)
  })
})

// The reference: compares bigints, and looks at rules one after the other as seccomp(2) does with filters.
const holds = (argument: SeccompArgument, args: readonly bigint[]): boolean => {
  const is = args[argument.index] ?? 0n
  const value = BigInt(argument.value)
  const table: Record<SeccompOperator, boolean> = {
    SCMP_CMP_EQ: is === value,
    SCMP_CMP_NE: is !== value,
    SCMP_CMP_LT: is < value,
    SCMP_CMP_LE: is <= value,
    SCMP_CMP_GE: is >= value,
    SCMP_CMP_GT: is > value,
    SCMP_CMP_MASKED_EQ: (is & value) === BigInt(argument.valueTwo ?? 0),
  }
  return table[argument.op]
}

const interesting = fc.oneof(
  fc.constantFrom(0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0001n, 0x8000_0000n, 0xffff_ffff_ffff_ffffn, 0xffff_ffff_0000_0000n),
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
)
const operators: readonly SeccompOperator[] = [
  'SCMP_CMP_EQ',
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
]

describe('properties', () => {
  it('compares all 64 bits for every operator, beside each edge', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...operators),
        interesting,
        interesting,
        fc.integer({ min: 0, max: 5 }),
        fc.bigInt(-1n, 1n),
        (op, value, valueTwo, index, off) => {
          const argument: SeccompArgument = { index, op, value, valueTwo }
          const profile = deny({ names: ['read'], action: 'SCMP_ACT_ALLOW', args: [argument] })
          for (const is of [value, valueTwo, BigInt.asUintN(64, value + off), value ^ (1n << 32n), value | valueTwo]) {
            const args = Array.from({ length: 6 }, (_, at) => (at === index ? is : 0x5555_5555_5555n))
            expect(run(profile, 0, args)).toBe(holds(argument, args) ? ALLOW : EPERM)
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  const names = [...syscallNumbers('x64').keys()]
  const actions = [
    ['SCMP_ACT_KILL_PROCESS', KILL_PROCESS],
    ['SCMP_ACT_KILL', 0],
    ['SCMP_ACT_TRAP', 0x3_0000],
    ['SCMP_ACT_ERRNO', errno(13)],
    ['SCMP_ACT_NOTIFY', 0x7fc0_0000],
    ['SCMP_ACT_TRACE', 0x7ff0_000d],
    ['SCMP_ACT_LOG', 0x7ffc_0000],
    ['SCMP_ACT_ALLOW', ALLOW],
  ] as const
  const argument: fc.Arbitrary<SeccompArgument> = fc.record({
    index: fc.integer({ min: 0, max: 5 }),
    op: fc.constantFrom(...operators),
    value: fc.constantFrom(0, 1, 2, 0xffff_ffff),
    valueTwo: fc.constantFrom(0, 1, 2),
  })
  const rule = fc.record({
    names: fc.oneof(fc.subarray(names, { minLength: 1, maxLength: 12 }), fc.subarray(names, { minLength: 1 })),
    action: fc.integer({ min: 0, max: actions.length - 1 }),
    args: fc.oneof(fc.constant<SeccompArgument[]>([]), fc.array(argument, { maxLength: 3 })),
  })

  it('agrees with the rules for every number and for arguments at random', () => {
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 8 }),
        fc.integer({ min: 0, max: actions.length - 1 }),
        fc.array(fc.constantFrom(0n, 1n, 2n, 3n, 1n << 32n), { minLength: 6, maxLength: 6 }),
        (rules, byDefault, args) => {
          const numbers = syscallNumbers('x64')
          const profile: SeccompProfile = {
            defaultAction: actions[byDefault]![0],
            defaultErrnoRet: 13,
            syscalls: rules.map((of) => ({ names: of.names, args: of.args, errnoRet: 13, action: actions[of.action]![0] })),
          }
          const program = compileSeccomp(profile, { arch: 'x64', capabilities: [] })
          const newest = Math.max(...numbers.values())
          const wanted = new Map<number, number>()
          for (const of of rules) {
            const repeats = new Set(of.args.map((one) => one.index)).size < of.args.length
            const matches = repeats ? of.args.some((one) => holds(one, args)) : of.args.every((one) => holds(one, args))
            // The table stands in the kernel's order of strictness.
            if (matches)
              for (const name of of.names)
                wanted.set(numbers.get(name)!, Math.min(of.action, wanted.get(numbers.get(name)!) ?? actions.length))
          }
          for (let number = 0; number <= newest; number++) {
            const action = wanted.get(number) ?? byDefault
            // TRACE and NOTIFY default data is the errno, as given; KILL and the like carry none.
            const value =
              byDefault === action && !wanted.has(number) && actions[action]![0] === 'SCMP_ACT_TRACE' ? 0x7ff0_000d : actions[action]![1]
            expect(simulate(program, { arch: AUDIT_ARCH.x64, number, args }).value, `call ${number}`).toBe(value)
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('size', () => {
  const rules = (count: number): SeccompProfile => ({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: Array.from({ length: count }, (_, value) => ({
      names: ['read'],
      action: 'SCMP_ACT_ALLOW' as const,
      args: [{ index: 0, op: 'SCMP_CMP_EQ' as const, value: value + 1 }],
    })),
  })
  it('takes as many rules as fit into 4,096 instructions and refuses the next with a remedy', () => {
    let fits = 1
    for (let step = 1024; step >= 1; step = Math.floor(step / 2)) {
      try {
        compileSeccomp(rules(fits + step), { arch: 'x64', capabilities: [] })
        fits += step
      } catch (error) {
        expect(error).toBeInstanceOf(UnsupportedError)
      }
    }
    const program = compileSeccomp(rules(fits), { arch: 'x64', capabilities: [] })
    expect(program.byteLength / 8).toBeLessThanOrEqual(4096)
    expect(program.byteLength / 8).toBeGreaterThan(4080)
    expect(simulate(program, { arch: AUDIT_ARCH.x64, number: 0, args: [BigInt(fits)] }).value).toBe(ALLOW)
    expect(simulate(program, { arch: AUDIT_ARCH.x64, number: 0, args: [BigInt(fits + 1)] }).value).toBe(EPERM)
    expect(() => compileSeccomp(rules(fits + 1), { arch: 'x64', capabilities: [] })).toThrowError(/4096.*fewer rules/)
  })
  it('reaches across a tree that is wider than a conditional jump', () => {
    const names = [...syscallNumbers('x64').entries()]
    const profile: SeccompProfile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: names.map(([name, number]) => ({ names: [name], action: 'SCMP_ACT_ERRNO' as const, errnoRet: 2 + (number % 1000) })),
    }
    const program = compileSeccomp(profile, { arch: 'x64', capabilities: [] })
    for (const [, number] of names)
      expect(simulate(program, { arch: AUDIT_ARCH.x64, number, args: [] }).value).toBe(errno(2 + (number % 1000)))
  })
})

describe('keeping programs', () => {
  it('gives the same bytes for the same profile object and different ones for other capabilities', () => {
    const profile = deny({ names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } })
    const first = compileSeccomp(profile, { arch: 'x64', capabilities: ['CAP_CHOWN', 'CAP_KILL'] })
    expect(compileSeccomp(profile, { arch: 'x64', capabilities: ['CAP_KILL', 'CAP_CHOWN'] })).toBe(first)
    expect(compileSeccomp(profile, { arch: 'x64', capabilities: ['CAP_SYS_ADMIN'] })).not.toEqual(first)
    expect(compileSeccomp({ ...profile }, { arch: 'x64', capabilities: ['CAP_CHOWN', 'CAP_KILL'] })).not.toBe(first)
  })
})
