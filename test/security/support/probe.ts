// ../shared/probe: a program that tries some 170 ways out from inside, with canaries on the host. Each setting runs once for a test file.
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { SandboxOptions } from 'stratabox'
import type { TestContext } from 'vitest'
import { requires } from '../../support/requires.js'
import { sharedPath } from '../../support/shared.js'

const run = promisify(execFile)
const tree = fileURLToPath(new URL('../../../', import.meta.url))
/** `nobody`: the ordinary user that the host process is in some settings. */
const UID = 65534

/** Whose process the host is, and what the sandbox is asked for. */
export interface ProbeSetting {
  readonly host: 'root' | 'ordinary user'
  readonly options: SandboxOptions
  /** With host directories bound in, as canary.py shares them. Without, the program is in the root. */
  readonly shares: boolean
  readonly arguments?: readonly string[]
  /** On a terminal instead of pipes. */
  readonly pty?: boolean
}

/** One line of the probe. */
export interface ProbeCheck {
  readonly verdict: 'PASS' | 'FAIL' | 'INFO' | 'SKIP'
  readonly kind: 'escape' | 'leak' | 'harden'
  readonly id: string
  readonly detail: string
}

/** What it found, and what canary.py says of the host afterwards. */
export interface ProbeReport {
  readonly checks: readonly ProbeCheck[]
  readonly host: string
  /** All that was written. */
  readonly output: string
}

function prepare(source: string, owner: number): string {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-probe-'))
  chmodSync(work, 0o755)
  for (const name of ['root', 'share', 'roshare', 'home']) {
    mkdirSync(join(work, name))
    chownSync(join(work, name), owner, owner)
  }
  execFileSync('cc', ['-O1', '-static', '-w', '-o', join(work, 'root/probe'), source, '-lrt'])
  copyFileSync(process.execPath, join(work, 'node'))
  chmodSync(join(work, 'node'), 0o755)
  return work
}

/** node as an ordinary user with canary.py's groups, the repository bound where that user may read it. */
function asOrdinaryUser(work: string, sight: string): string[] {
  const script = `mount --bind "${tree}" "${sight}" && exec setpriv --reuid=${UID} --regid=${UID} --groups=4242,4243 "$@"`
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', join(work, 'node')]
}

const line = (text: string): ProbeCheck[] => {
  const [verdict, kind, id, detail = ''] = text.split('\t')
  return kind === undefined ? [] : [{ verdict, kind, id, detail } as ProbeCheck]
}

/** Runs it. Skips where something is missing. */
export async function probe(ctx: TestContext, setting: ProbeSetting): Promise<ProbeReport> {
  const folder = sharedPath(ctx, 'probe')
  requires(ctx, 'root', 'python3', 'setpriv', 'unshare', 'cc')
  const isOrdinary = setting.host === 'ordinary user'
  const work = prepare(join(folder, 'probe.c'), isOrdinary ? UID : 0)
  // Not below `work`: the kernel refuses a tree with foreign mounts below it as a lower.
  const sight = mkdtempSync(join(tmpdir(), 'stratabox-probe-tree-'))
  chmodSync(sight, 0o755)
  try {
    const mounts = setting.shares
      ? { '/mnt/share': { source: `${work}/share`, access: 'write' as const }, '/mnt/roshare': { source: `${work}/roshare` } }
      : {}
    const ownRoot = setting.options.root === undefined
    const options = {
      ...setting.options,
      pty: setting.pty === true,
      program: ownRoot ? '/probe' : '/mnt/probe',
      ...(ownRoot ? { root: `${work}/root` } : {}),
      mounts: { ...mounts, ...(ownRoot ? {} : { '/mnt/probe': { source: `${work}/root/probe` } }) },
    }
    const adaptor = join(isOrdinary ? sight : tree, 'test/security/support/probe-adaptor.mjs')
    const node = isOrdinary ? asOrdinaryUser(work, sight) : [process.execPath]
    const command = [...node, adaptor, JSON.stringify(options), '@P@', ...(setting.arguments ?? [])]
    const home = { HOME: `${work}/home`, XDG_RUNTIME_DIR: `${work}/home`, XDG_DATA_HOME: `${work}/home/data`, TMPDIR: `${work}/home` }
    const { stdout, stderr } = await run('python3', [join(folder, 'canary.py'), '--', ...command], {
      env: { ...process.env, ...(isOrdinary ? home : {}), CANARY_DIR: work },
      maxBuffer: 2 ** 24,
    })
    const lines = `${stdout}\n${stderr}`.split('\n')
    return {
      checks: lines.flatMap(line),
      host: lines.find((text) => text.startsWith('# host: ')) ?? 'no report',
      output: `${stdout}${stderr}`,
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
    rmSync(sight, { recursive: true, force: true })
  }
}

/** The ids with a verdict, sorted. */
export const idsWith = (report: ProbeReport, verdict: ProbeCheck['verdict']): string[] =>
  report.checks
    .filter((check) => check.verdict === verdict)
    .map(({ id }) => id)
    .sort()
