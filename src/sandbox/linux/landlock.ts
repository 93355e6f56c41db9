// Landlock as a wall behind the others: landlock(7). It holds where a mount namespace does not, when a descriptor of the host's has got in.
import { OP, type Step, step } from '../../native/index.js'
import type { SandboxSpec } from '../spec.js'
import type { IsolationEntry } from '../types.js'

/** Access rights to files by the ABI that brought them, as bits. Before ABI 2 a rename into another directory cannot be allowed. */
const FILE_RIGHTS: readonly (readonly [abi: number, bits: number])[] = [
  [1, 0x1fff],
  [2, 1 << 13],
  [3, 1 << 14],
  [5, 1 << 15],
]
const SCOPED_ABI = 6
/** Abstract unix sockets and signals reach only processes of the same sandbox. */
const SCOPES = 0b11

/** What is asked of the kernel; 0 where it has nothing to offer. */
export interface Confinement {
  /** Rights that exist below the sandbox's root only. */
  readonly files: number
  readonly scopes: number
}

/** What a sandbox gets on a kernel with this ABI (0: no Landlock). */
export function confinement(abi: number, { capabilities }: Pick<SandboxSpec, 'capabilities'>): Confinement {
  // Who is confined in files may not mount either, and mounting is what this capability was kept for.
  const hasFiles = abi >= 2 && !capabilities.includes('CAP_SYS_ADMIN')
  const files = hasFiles ? FILE_RIGHTS.filter(([since]) => since <= abi).reduce((bits, [, added]) => bits | added, 0) : 0
  return { files, scopes: abi >= SCOPED_ABI ? SCOPES : 0 }
}

/** For PID 1, whose every child inherits it, once its root is complete. */
export const confineSteps = ({ files, scopes }: Confinement): Step[] =>
  files === 0 && scopes === 0 ? [] : [step(OP.confine, [files, scopes], '/')]

/** As the report tells it. */
export function landlockEntry(abi: number, spec: Pick<SandboxSpec, 'capabilities'>): IsolationEntry {
  const { files, scopes } = confinement(abi, spec)
  if (files === 0 && scopes === 0)
    return {
      status: 'off',
      how: 'off',
      why: `this kernel has ${abi === 0 ? 'no Landlock' : 'too old a Landlock'}`,
      remedy: 'Linux 5.19, and landlock among the modules of the lsm= boot option',
    }
  const parts = [
    ...(files === 0 ? [] : ["no file outside the sandbox's root, by whatever descriptor"]),
    ...(scopes === 0 ? [] : ['no abstract socket of, and no signal to, a process outside']),
  ]
  const how = `Landlock ABI ${abi}: ${parts.join('; ')}`
  if (files === 0)
    return {
      status: 'degraded',
      how,
      why: 'CAP_SYS_ADMIN was kept, and who is confined in files may not mount',
      remedy: 'do without CAP_SYS_ADMIN',
    }
  if (scopes === 0) return { status: 'degraded', how, why: 'sockets and signals need ABI 6', remedy: 'Linux 6.12' }
  return { status: 'enforced', how }
}
