// Which disk an I/O limit is about: the kernel throttles whole disks, by number. Source: sysfs, /sys/dev/block; cgroup-v2.rst, "IO".
import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UnsupportedError } from '../../../core/index.js'
import type { IoLimit } from './types.js'

// makedev(3) as glibc packs it.
const major = (device: number): number => Number(((BigInt(device) >> 8n) & 0xfffn) | ((BigInt(device) >> 32n) & ~0xfffn))
const minor = (device: number): number => Number((BigInt(device) & 0xffn) | ((BigInt(device) >> 12n) & ~0xffn))

function numberOf(device: string): string {
  if (/^\d+:\d+$/.test(device)) return device
  const found = statSync(device, { throwIfNoEntry: false })
  if (found === undefined)
    throw new RangeError(`limits.ioMax: device must be 'major:minor' or a path that exists, not ${JSON.stringify(device)}`)
  const number = found.isBlockDevice() ? found.rdev : found.dev
  return `${major(number)}:${minor(number)}`
}

/** The `major:minor` of the whole disk that `device` names. @throws RangeError for a path that is not there; UnsupportedError where it is on no disk */
export function wholeDisk(device: string, sysfs = '/sys'): string {
  const number = numberOf(device)
  const link = join(sysfs, 'dev', 'block', number)
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined)
    throw new UnsupportedError(
      `limits.ioMax: ${JSON.stringify(device)} is on no disk of this machine (there is no block device ${number})`,
      {
        remedy: "name the disk as 'major:minor', which lsblk(8) tells",
      },
    )
  const place = realpathSync(link)
  return existsSync(join(place, 'partition')) ? readFileSync(join(dirname(place), 'dev'), 'utf8').trim() : number
}

/** The limits by disk, each disk once: of several limits the tightest of each kind counts. */
export function resolveDevices(limits: readonly IoLimit[], sysfs?: string): readonly IoLimit[] {
  const disks = new Map<string, Record<string, number | string>>()
  for (const { device, ...rates } of limits) {
    const disk = wholeDisk(device, sysfs)
    const merged: Record<string, number | string> = disks.get(disk) ?? { device: disk }
    for (const [rate, value] of Object.entries(rates)) {
      if (value !== undefined) merged[rate] = Math.min(value, (merged[rate] as number | undefined) ?? value)
    }
    disks.set(disk, merged)
  }
  return [...disks.values()] as unknown as readonly IoLimit[]
}
