// /proc, /dev, /dev/pts, /dev/shm and /tmp of a sandbox: fresh ones, all but /proc and /dev/pts on its one tmpfs.
import { OP, type Step, step } from '../native/index.js'
import { ATTR, SLOT } from './plan.js'

// Bound from the host: a device node made inside a user namespace could not be opened.
const NODES = ['null', 'zero', 'full', 'random', 'urandom', 'tty']
const LINKS: readonly (readonly [target: string, name: string])[] = [
  ['/proc/self/fd', 'fd'],
  ['/proc/self/fd/0', 'stdin'],
  ['/proc/self/fd/1', 'stdout'],
  ['/proc/self/fd/2', 'stderr'],
  ['pts/ptmx', 'ptmx'],
]

// The machine's own bound (kernel.pty.max, 4096) counts all sandboxes together: one of them must not take them all.
const TERMINALS_MAX = 256

/** For the child in its scratch directory, before the pivot: everything ends up in slots. `procCovers`: of `coverProc`.
 *  `ttyGroup`: whether group 5 exists inside. */
export function buildSystemDirectories(procCovers: readonly Step[], ttyGroup: boolean): Step[] {
  return [
    // A new procfs needs one that is fully visible to compare with, and after the pivot there is none.
    step(OP.newMount, [SLOT.proc, ATTR.noSuid | ATTR.noDev | ATTR.noExec], 'proc', ''),
    ...procCovers,
    step(
      OP.newMount,
      [SLOT.pts, ATTR.noSuid | ATTR.noExec],
      'devpts',
      `newinstance,ptmxmode=0666,mode=0620,max=${TERMINALS_MAX}${ttyGroup ? ',gid=5' : ''}`,
    ),
    step(OP.mkdir, [0o755], 'dev'),
    step(OP.mkdir, [0o755], 'dev/pts'),
    step(OP.mkdir, [0o1777], 'dev/shm'),
    step(OP.mkdir, [0o1777], 'tmp'),
    ...NODES.flatMap((name) => [
      step(OP.tree, [SLOT.node, 0, 0], `/dev/${name}`),
      step(OP.file, [0o666], `dev/${name}`, ''),
      step(OP.attach, [SLOT.node, 2], `dev/${name}`),
    ]),
    ...LINKS.map(([target, name]) => step(OP.symlink, [], target, `dev/${name}`)),
    step(OP.tree, [SLOT.dev, 1, ATTR.noSuid | ATTR.noExec], 'dev'),
    step(OP.tree, [SLOT.tmp, 0, ATTR.noSuid | ATTR.noDev], 'tmp'),
  ]
}

/** After the pivot: into their places, never through a link of the image. */
export const attachSystemDirectories: readonly Step[] = [
  step(OP.attach, [SLOT.proc, 3], '/proc'),
  step(OP.attach, [SLOT.dev, 3], '/dev'),
  step(OP.attach, [SLOT.pts, 3], '/dev/pts'),
  step(OP.attach, [SLOT.tmp, 3], '/tmp'),
]
