// What goes to Windows' job objects as bytes: held to the layouts of the Win32 headers (native/windows/job.cc asserts the same offsets where it compiles).
import { describe, expect, it } from 'vitest'
import {
  decodeAccounting,
  decodeExtendedLimits,
  decodeProcessIds,
  encodeCpuRate,
  encodeExtendedLimits,
  encodeFreeze,
  encodeUiRestrictions,
  JOB_LIMIT,
} from '../../../src/sandbox/job/layouts.js'
import { checkJobLimits, cpuRate, extendedLimits, limitsNotKept } from '../../../src/sandbox/job/limits.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** JOBOBJECT_EXTENDED_LIMIT_INFORMATION written field by field, little-endian. */
function golden(fields: Record<number, bigint>): string {
  const bytes = Buffer.alloc(144)
  for (const [at, value] of Object.entries(fields)) bytes.writeBigUInt64LE(value, Number(at))
  return bytes.toString('hex')
}

describe('limits of a job', () => {
  it.each([
    ['killOnClose', {}, JOB_LIMIT.killOnClose, { 16: 0x2000n }],
    ['memoryMaxBytes: 2 ** 30', { memoryMaxBytes: 2 ** 30 }, 0, { 16: 0x200n, 120: 2n ** 30n }],
    ['processMemoryMaxBytes: 2 ** 20', { processMemoryMaxBytes: 2 ** 20 }, 0, { 16: 0x100n, 112: 2n ** 20n }],
    ['pidsMax: 7', { pidsMax: 7 }, 0, { 16: 0x8n, 40: 7n }],
    ['affinityMask: 0b101n', { affinityMask: 0b101n }, 0, { 16: 0x10n, 48: 5n }],
    ['cpuTimeMaxMs: 1500', { cpuTimeMaxMs: 1500 }, 0, { 16: 0x4n, 8: 15_000_000n }],
    ['processCpuTimeMaxMs: 1', { processCpuTimeMaxMs: 1 }, 0, { 16: 0x2n, 0: 10_000n }],
  ])('%s: the bytes that Windows reads', (_, limits, flags, fields) => {
    const asked = extendedLimits(limits as never, flags)
    expect(hex(encodeExtendedLimits(asked))).toBe(golden(fields as never))
    expect(decodeExtendedLimits(encodeExtendedLimits(asked))).toEqual({ ...asked, peakJobMemory: 0n, peakProcessMemory: 0n })
  })

  it.each([
    [{ cpusMax: 0.5 }, 2, { hardCap: 2500 }],
    [{ cpusMax: 2 }, 2, { hardCap: 10_000 }],
    [{ cpusMax: 64 }, 2, { hardCap: 10_000 }],
    [{ cpusMax: 0.01 }, 1024, { hardCap: 1 }],
    [{ cpuWeight: 100 }, 2, { weight: 5 }],
    [{ cpuWeight: 1 }, 2, { weight: 1 }],
    [{ cpuWeight: 10_000 }, 2, { weight: 9 }],
    [{}, 2, undefined],
  ])('%j on %i processors is the rate %j', (limits, processors, rate) => expect(cpuRate(limits, processors)).toEqual(rate))

  it('has the layouts of the small classes', () => {
    expect(hex(encodeCpuRate({ hardCap: 2500 }))).toBe('05000000c4090000')
    expect(hex(encodeCpuRate({ weight: 9 }))).toBe('0300000009000000')
    expect(hex(encodeUiRestrictions(0xff))).toBe('ff000000')
    expect(hex(encodeFreeze(true))).toBe('01000000010000000000000000000000')
    expect(hex(encodeFreeze(false))).toBe('01000000000000000000000000000000')
  })

  it('names those that the system took and does not have', () => {
    const wanted = { memoryMaxBytes: 2 ** 30, pidsMax: 4 }
    const asked = extendedLimits(wanted, 0)
    expect(limitsNotKept(wanted, asked, encodeExtendedLimits(asked))).toEqual([])
    expect(limitsNotKept(wanted, asked, encodeExtendedLimits({ ...asked, jobMemory: asked.jobMemory + 4096n }))).toEqual([])
    expect(limitsNotKept(wanted, asked, encodeExtendedLimits({ ...asked, activeProcesses: 5 * 2 ** 20 }))).toEqual(['pidsMax'])
    expect(limitsNotKept(wanted, asked, new Uint8Array(144))).toEqual(['memoryMaxBytes', 'pidsMax'])
  })

  it.each([
    ['memoryMaxBytes: 2 ** 20', { memoryMaxBytes: 2 ** 20 }, undefined],
    ['memoryMaxBytes: 2 ** 20 - 1', { memoryMaxBytes: 2 ** 20 - 1 }, RangeError],
    ['pidsMax: 1', { pidsMax: 1 }, undefined],
    ['pidsMax: 0', { pidsMax: 0 }, RangeError],
    ['cpusMax: 0.01', { cpusMax: 0.01 }, undefined],
    ['cpusMax: 0', { cpusMax: 0 }, RangeError],
    ['affinityMask: 1n', { affinityMask: 1n }, undefined],
    ['affinityMask: 0n', { affinityMask: 0n }, RangeError],
    ['affinityMask: 1n << 64n', { affinityMask: 1n << 64n }, RangeError],
    ['cpusMax: 1, cpuWeight: 100', { cpusMax: 1, cpuWeight: 100 }, TypeError],
    ['swapMaxBytes: 1', { swapMaxBytes: 1 }, TypeError],
  ])('%s: refused or not', (_, limits, error) => {
    const check = () => checkJobLimits(limits as never)
    if (error === undefined) expect(check()).toBe(limits)
    else expect(check).toThrow(error)
  })
})

describe('what a job tells', () => {
  it('is its accounting, with and without I/O', () => {
    const bytes = Buffer.alloc(96)
    bytes.writeBigInt64LE(15_000_000n, 0)
    bytes.writeBigInt64LE(5_000_000n, 8)
    bytes.writeUInt32LE(9, 36)
    bytes.writeUInt32LE(2, 40)
    bytes.writeBigUInt64LE(4096n, 72)
    bytes.writeBigUInt64LE(512n, 80)
    const counted = { userUs: 1_500_000, kernelUs: 500_000, totalProcesses: 9, activeProcesses: 2 }
    expect(decodeAccounting(bytes)).toEqual({ ...counted, readBytes: 4096, writeBytes: 512 })
    expect(decodeAccounting(bytes.subarray(0, 48))).toEqual({ ...counted, readBytes: 0, writeBytes: 0 })
    expect(() => decodeAccounting(bytes.subarray(0, 47))).toThrow(RangeError)
  })

  it('is a list of processes, as far as it fits', () => {
    const bytes = Buffer.alloc(24)
    bytes.writeUInt32LE(3, 0)
    bytes.writeUInt32LE(3, 4)
    bytes.writeBigUInt64LE(100n, 8)
    bytes.writeBigUInt64LE(200n, 16)
    expect(decodeProcessIds(bytes)).toEqual({ count: 3, pids: [100, 200] })
  })
})
