// The memory controller. Source: cgroup-v2.rst, "Memory"; cgroup-v1/memory.rst.
import type { Controller, ControllerPlan } from './controller.js'
import type { CgroupHierarchy, CgroupLimits, IsolationReport } from './types.js'

const noSwapAccounting = {
  status: 'refused',
  how: 'off',
  why: 'the kernel does not account swap',
  remedy: "boot with 'swapaccount=1', or leave swapMaxBytes out",
} as const

function planV2(limits: CgroupLimits, { childFiles }: CgroupHierarchy): ControllerPlan {
  const { memoryMaxBytes, swapMaxBytes } = limits
  const writes: { file: string; text: string }[] = []
  const isolation: IsolationReport = {}
  const accountsSwap = childFiles.has('memory.swap.max')
  if (memoryMaxBytes !== undefined) {
    writes.push({ file: 'memory.max', text: String(memoryMaxBytes) })
    // Not memory.oom.group: it would take PID 1 too. As on v1 the kernel kills the largest process, the run says so, and the sandbox lives.
    isolation['memoryMaxBytes'] = { status: 'enforced', how: 'cgroup v2 memory.max' }
  }
  // Without a word about swap there is none, or a limit on memory would only move the excess to disk.
  if (accountsSwap) writes.push({ file: 'memory.swap.max', text: String(swapMaxBytes ?? 0) })
  if (swapMaxBytes !== undefined)
    isolation['swapMaxBytes'] = accountsSwap ? { status: 'enforced', how: 'cgroup v2 memory.swap.max' } : noSwapAccounting
  return { writes, isolation }
}

function planV1(limits: CgroupLimits, { childFiles }: CgroupHierarchy): ControllerPlan {
  const { memoryMaxBytes, swapMaxBytes } = limits
  const accountsSwap = childFiles.has('memory.memsw.limit_in_bytes')
  if (memoryMaxBytes === undefined) {
    return {
      writes: [],
      isolation: {
        swapMaxBytes: {
          status: 'refused',
          how: 'off',
          why: 'cgroup v1 limits swap only together with memory',
          remedy: 'set memoryMaxBytes too',
        },
      },
    }
  }
  const writes = [{ file: 'memory.limit_in_bytes', text: String(memoryMaxBytes) }]
  // After the memory limit: the sum must never be below it (EINVAL).
  if (accountsSwap) writes.push({ file: 'memory.memsw.limit_in_bytes', text: String(memoryMaxBytes + (swapMaxBytes ?? 0)) })
  const isolation: IsolationReport = { memoryMaxBytes: { status: 'enforced', how: 'cgroup v1 memory.limit_in_bytes' } }
  if (swapMaxBytes !== undefined) {
    isolation['swapMaxBytes'] = accountsSwap ? { status: 'enforced', how: 'cgroup v1 memory.memsw.limit_in_bytes' } : noSwapAccounting
  }
  return { writes, isolation }
}

/** memoryMaxBytes, swapMaxBytes. */
export const memory: Controller = {
  name: { 1: 'memory', 2: 'memory' },
  limits: ['memoryMaxBytes', 'swapMaxBytes'],
  plan: (limits, hierarchy) => (hierarchy.version === 2 ? planV2(limits, hierarchy) : planV1(limits, hierarchy)),
}
