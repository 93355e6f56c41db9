// What is mounted where: /proc/self/mountinfo. Source: proc_pid_mountinfo(5).
import { readFileSync } from 'node:fs'
import { decodePath, isWithin } from '../core/index.js'

/** One mount of this process's mount namespace. */
export interface MountedAt {
  readonly id: number
  /** `major:minor` of the file system. */
  readonly device: string
  /** Which directory (or file) of the file system it shows. */
  readonly root: string
  /** Where it is mounted. */
  readonly point: string
  /** `ext4`, `proc` … */
  readonly type: string
}

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

/** All mounts, in the order in which they were made. */
export function readMountinfo(bytes: Uint8Array = readFileSync('/proc/self/mountinfo')): MountedAt[] {
  return decodePath(bytes)
    .split('\n')
    .flatMap((line) => {
      const [id, , device, root, point, ...rest] = line.split(' ')
      const type = rest[rest.indexOf('-') + 1]
      if (device === undefined || root === undefined || point === undefined || type === undefined) return []
      return [{ id: Number(id), device, root: unescaped(root), point: unescaped(point), type }]
    })
}

/** The mounts whose points lie below `path`, which is itself without links. */
export const mountsBelow = (path: string, mounts: readonly MountedAt[]): MountedAt[] =>
  mounts.filter(({ point }) => point !== path && isWithin(point, path))

/** Whether something is mounted at or below `path`. */
export const hasMounts = (path: string): boolean => readMountinfo().some(({ point }) => isWithin(point, path))
