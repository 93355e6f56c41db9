// Limits and host to a plan: pure, so that it can be shown and compared. Source: cgroups(7).
import type { Controller } from './controller.js'
import { cpu } from './cpu.js'
import { io } from './io.js'
import { memory } from './memory.js'
import { pids } from './pids.js'
import type { CgroupGroup, CgroupHierarchy, CgroupHost, CgroupLimits, CgroupPlan, CgroupWrite, IsolationReport } from './types.js'

const CONTROLLERS: readonly Controller[] = [memory, cpu, pids, io]

/** Every group of this library is named so, directly beneath the own group. */
export const GROUP_PREFIX = 'stratabox-'

const isSet = (limits: CgroupLimits, controller: Controller) =>
  controller.limits.some((limit) => {
    const value = limits[limit]
    return value !== undefined && !(Array.isArray(value) && value.length === 0)
  })

/** The controllers (v2 names) that `limits` need. */
export const neededControllers = (limits: CgroupLimits): string[] => CONTROLLERS.filter((of) => isSet(limits, of)).map((of) => of.name[2])

/** The hierarchy that has the controller, v2 first. */
const hierarchyOf = (host: CgroupHost, controller: Controller): CgroupHierarchy | undefined =>
  [...host.hierarchies].sort((a, b) => b.version - a.version).find((at) => at.controllers.includes(controller.name[at.version]))

function refusal(host: CgroupHost, controller: Controller): { why: string; remedy: string } {
  const holder = host.hierarchies.find((at) => at.available.includes(controller.name[at.version]))
  const why =
    holder?.why ?? host.hierarchies.find((at) => at.why !== undefined)?.why ?? `no hierarchy here has the ${controller.name[2]} controller`
  const remedy =
    host.layout === 'v2'
      ? "start the program with 'systemd-run --user --scope -p Delegate=yes …', or as root in a container give it its own cgroup namespace, writable"
      : host.layout === 'none'
        ? 'mount the cgroup file system'
        : 'let root make a group in each hierarchy, give it to this user (chown -R) and start the program in it'
  return { why, remedy: `${remedy}; or pass onUnenforceable: 'degrade'` }
}

function freezerOf(groups: readonly CgroupGroup[], unified: string | undefined): CgroupPlan['freezer'] | undefined {
  if (unified !== undefined) return { path: `${unified}/cgroup.freeze`, frozen: '1', thawed: '0' }
  const v1 = groups.find((group) => group.controller.split(',').includes('freezer'))
  return v1 && { path: `${v1.directory}/freezer.state`, frozen: 'FROZEN', thawed: 'THAWED' }
}

/** What to make and write for sandbox `id`. Only controllers with a limit get a group; one v2 group (or, on pure v1, one freezer group) is there
 *  always where it can be, to freeze and to kill. A limit that cannot be had is `refused` in `isolation`, with the reason, and has no writes. */
export function planCgroups(limits: CgroupLimits, host: CgroupHost, id: string): CgroupPlan {
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(id)) throw new TypeError(`not a name for a control group: ${JSON.stringify(id)}`)
  const isolation: IsolationReport = {}
  const writes: CgroupWrite[] = []
  const used = new Map<CgroupHierarchy, string[]>()
  const directoryIn = (hierarchy: CgroupHierarchy) => `${hierarchy.directory}/${GROUP_PREFIX}${id}`
  const use = (hierarchy: CgroupHierarchy, controller: string) => used.set(hierarchy, [...(used.get(hierarchy) ?? []), controller])

  for (const controller of CONTROLLERS) {
    for (const limit of controller.limits) isolation[limit] = { status: 'off', how: 'no limit asked for' }
    if (!isSet(limits, controller)) continue
    const hierarchy = hierarchyOf(host, controller)
    if (hierarchy === undefined) {
      const reason = refusal(host, controller)
      for (const limit of controller.limits)
        if (limits[limit] !== undefined) isolation[limit] = { status: 'refused', how: 'off', ...reason }
      continue
    }
    const planned = controller.plan(limits, hierarchy)
    Object.assign(isolation, planned.isolation)
    if (planned.writes.length > 0) use(hierarchy, controller.name[hierarchy.version])
    writes.push(...planned.writes.map(({ file, text }) => ({ path: `${directoryIn(hierarchy)}/${file}`, text })))
  }

  const unified = host.hierarchies.find((at) => at.version === 2 && at.childFiles.size > 0)
  const freezer = unified ?? host.hierarchies.find((at) => at.controllers.includes('freezer'))
  if (freezer !== undefined && (freezer.version === 1 || !used.has(freezer))) use(freezer, freezer.version === 2 ? 'unified' : 'freezer')

  const groups = [...used].map(([hierarchy, controllers]) => ({
    controller: controllers.join(','),
    version: hierarchy.version,
    directory: directoryIn(hierarchy),
  }))
  const unifiedDirectory = unified && directoryIn(unified)
  const frozenBy = freezerOf(groups, unifiedDirectory)
  return {
    groups,
    writes,
    tasksFiles: groups.filter((group) => group.version === 1).map((group) => `${group.directory}/tasks`),
    ...(unifiedDirectory === undefined ? {} : { unifiedDirectory }),
    ...(frozenBy === undefined ? {} : { freezer: frozenBy }),
    isolation,
  }
}
