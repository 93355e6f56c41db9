// The cpu controller. Source: cgroup-v2.rst, "CPU"; scheduler/sched-bwc.rst for v1.
import type { Controller } from './controller.js'
import type { IsolationReport } from './types.js'

const PERIOD_US = 100_000
const PERIOD_MAX_US = 1_000_000
// The kernel refuses smaller quotas (min_cfs_quota_period).
const QUOTA_MIN_US = 1_000
// cpu.shares 1024 is cpu.weight 100; the scheduler reckons weights in this proportion.
const SHARES_PER_WEIGHT = 10.24
const SHARES_MIN = 2

function bandwidth(cpus: number): { quotaUs: number; periodUs: number } {
  const periodUs = cpus * PERIOD_US >= QUOTA_MIN_US ? PERIOD_US : Math.min(PERIOD_MAX_US, Math.ceil(QUOTA_MIN_US / cpus))
  return { quotaUs: Math.max(QUOTA_MIN_US, Math.floor(cpus * periodUs)), periodUs }
}

/** cpusMax, cpuWeight. */
export const cpu: Controller = {
  name: { 1: 'cpu', 2: 'cpu' },
  limits: ['cpusMax', 'cpuWeight'],
  plan({ cpusMax, cpuWeight }, { version, childFiles, cpusCeiling }) {
    const writes: { file: string; text: string }[] = []
    const isolation: IsolationReport = {}
    if (cpusMax !== undefined) {
      const file = version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us'
      const { quotaUs, periodUs } = bandwidth(Math.min(cpusMax, cpusCeiling ?? cpusMax))
      if (!childFiles.has(file)) {
        const why = 'the kernel is built without CONFIG_CFS_BANDWIDTH'
        isolation['cpusMax'] = { status: 'refused', how: 'off', why, remedy: 'use cpuWeight, or another kernel' }
      } else {
        if (version === 2) writes.push({ file, text: `${quotaUs} ${periodUs}` })
        // The period first: the quota is checked against it.
        else writes.push({ file: 'cpu.cfs_period_us', text: String(periodUs) }, { file, text: String(quotaUs) })
        isolation['cpusMax'] = { status: 'enforced', how: `cgroup v${version} ${file}` }
      }
    }
    if (cpuWeight !== undefined) {
      const file = version === 2 ? 'cpu.weight' : 'cpu.shares'
      const text = version === 2 ? String(cpuWeight) : String(Math.max(SHARES_MIN, Math.round(cpuWeight * SHARES_PER_WEIGHT)))
      writes.push({ file, text })
      isolation['cpuWeight'] = { status: 'enforced', how: `cgroup v${version} ${file}` }
    }
    return { writes, isolation }
  },
}
