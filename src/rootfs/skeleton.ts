// The lowest lower of an image's root: empty mount points. What the image has at a path hides them; what it lacks is there, and is no change.
import { OP, type Step, step } from '../native/index.js'

/** A path inside, absolute and normal, that something will be mounted on. */
export interface MountPoint {
  readonly path: string
  readonly kind: 'directory' | 'file'
}

const SYSTEM: readonly (readonly [name: string, mode: number])[] = [
  ['proc', 0o555],
  ['dev', 0o755],
  ['tmp', 0o1777],
]

/** Steps that make the points below the directory `at` of the scratch directory. */
export const pointSteps = (at: string, points: readonly MountPoint[]): Step[] =>
  points.map(({ path, kind }) =>
    kind === 'directory' ? step(OP.makePath, [0o755], `${at}${path}`) : step(OP.file, [0o644], `${at}${path}`, ''),
  )

/** Steps that make it as `k` in the scratch directory. */
export function skeleton(mountPoints: readonly MountPoint[]): Step[] {
  const outside = mountPoints.filter(({ path }) => !SYSTEM.some(([name]) => path === `/${name}` || path.startsWith(`/${name}/`)))
  return [step(OP.mkdir, [0o755], 'k'), ...SYSTEM.map(([name, mode]) => step(OP.mkdir, [mode], `k/${name}`)), ...pointSteps('k', outside)]
}
