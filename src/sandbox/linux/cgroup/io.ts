// The io controller (v2) and blkio (v1). Source: cgroup-v2.rst, "IO"; cgroup-v1/blkio-controller.rst, "Throttling".
import type { Controller } from './controller.js'
import type { IoLimit, IsolationReport } from './types.js'

type Rate = Exclude<keyof IoLimit, 'device'>

const RATES: readonly (readonly [rate: Rate, v2: string, v1: string])[] = [
  ['readBytesPerSecondMax', 'rbps', 'blkio.throttle.read_bps_device'],
  ['writeBytesPerSecondMax', 'wbps', 'blkio.throttle.write_bps_device'],
  ['readOpsPerSecondMax', 'riops', 'blkio.throttle.read_iops_device'],
  ['writeOpsPerSecondMax', 'wiops', 'blkio.throttle.write_iops_device'],
]

// One write per device (and, on v1, per rate): the kernel takes one line at a time.
const writesV2 = (limits: readonly IoLimit[]) =>
  limits.map((limit) => {
    const rates = RATES.flatMap(([rate, key]) => (limit[rate] === undefined ? [] : [`${key}=${limit[rate]}`]))
    return { file: 'io.max', text: [limit.device, ...rates].join(' ') }
  })
const writesV1 = (limits: readonly IoLimit[]) =>
  limits.flatMap((limit) =>
    RATES.flatMap(([rate, , file]) => (limit[rate] === undefined ? [] : [{ file, text: `${limit.device} ${limit[rate]}` }])),
  )

/** ioMax. */
export const io: Controller = {
  name: { 1: 'blkio', 2: 'io' },
  limits: ['ioMax'],
  plan({ ioMax = [] }, { version }) {
    const limitsWrites = ioMax.some((limit) => limit.writeBytesPerSecondMax !== undefined || limit.writeOpsPerSecondMax !== undefined)
    const isolation: IsolationReport =
      version === 2
        ? { ioMax: { status: 'enforced', how: 'cgroup v2 io.max' } }
        : limitsWrites
          ? {
              ioMax: {
                status: 'degraded',
                how: 'cgroup v1 blkio.throttle',
                why: 'cgroup v1 does not see writes that go through the page cache',
                remedy: 'boot with cgroup v2',
              },
            }
          : { ioMax: { status: 'enforced', how: 'cgroup v1 blkio.throttle' } }
    return { writes: version === 2 ? writesV2(ioMax) : writesV1(ioMax), isolation }
  },
}
