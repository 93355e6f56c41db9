// Limits as asked for, checked.
import { integerOption, optionsObject, rejectUnknown, stringOption } from '../core/index.js'
import { TIMER_MAX_MS } from './option-checks.js'
import type { Limits } from './types.js'

const MIB = 2 ** 20

const LIMITS = [
  'memoryMaxBytes',
  'swapMaxBytes',
  'cpusMax',
  'cpuWeight',
  'pidsMax',
  'ioMax',
  'diskMaxBytes',
  'fileSizeMaxBytes',
  'openFilesMax',
  'lifetimeMaxMs',
]

const IO_RATES = ['readBytesPerSecondMax', 'writeBytesPerSecondMax', 'readOpsPerSecondMax', 'writeOpsPerSecondMax'] as const

function checkIoMax(ioMax: Limits['ioMax']): void {
  if (ioMax === undefined) return
  if (!Array.isArray(ioMax)) throw new TypeError('limits.ioMax must be an array')
  for (const [k, limit] of ioMax.entries()) {
    const of = `limits.ioMax[${k}]`
    const given = optionsObject(limit, of)
    rejectUnknown(given, ['device', ...IO_RATES], of)
    if (stringOption(given.device, `${of}.device`) === undefined || given.device === '')
      throw new TypeError(`${of}.device must be 'major:minor' or a path`)
    // v1 keeps operations in 32 bits.
    for (const rate of IO_RATES) integerOption(given[rate], `${of}.${rate}`, 1, rate.includes('Ops') ? 2 ** 32 - 1 : undefined)
    if (IO_RATES.every((rate) => given[rate] === undefined)) throw new TypeError(`${of} must have at least one of ${IO_RATES.join(', ')}`)
  }
}

/** @throws TypeError | RangeError that names the limit */
export function checkLimits(options: Limits | undefined): Limits {
  const limits = optionsObject(options, 'limits')
  rejectUnknown(limits, LIMITS, 'limits')
  integerOption(limits.memoryMaxBytes, 'limits.memoryMaxBytes', MIB)
  integerOption(limits.swapMaxBytes, 'limits.swapMaxBytes', 0)
  integerOption(limits.cpuWeight, 'limits.cpuWeight', 1, 10_000)
  integerOption(limits.pidsMax, 'limits.pidsMax', 1, 4_194_304)
  integerOption(limits.diskMaxBytes, 'limits.diskMaxBytes', 64 * 1024)
  integerOption(limits.fileSizeMaxBytes, 'limits.fileSizeMaxBytes', 0)
  integerOption(limits.openFilesMax, 'limits.openFilesMax', 4, 1_048_576)
  integerOption(limits.lifetimeMaxMs, 'limits.lifetimeMaxMs', 1, TIMER_MAX_MS)
  const { cpusMax } = limits
  if (cpusMax !== undefined && (typeof cpusMax !== 'number' || !(cpusMax >= 0.01 && cpusMax <= 10_000)))
    throw new RangeError(`limits.cpusMax must be a number of cores from 0.01 to 10000, not ${String(cpusMax)}`)
  checkIoMax(limits.ioMax)
  return limits
}
