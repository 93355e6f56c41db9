// The probe of ../shared inside sandboxes of every kind: each way out is shut, and what it still complains of is named in docs/security.md.
import { readFileSync } from 'node:fs'
import { describe, expect, it, type TestContext } from 'vitest'
import { idsWith, type ProbeReport, type ProbeSetting, probe } from './support/probe.js'

// In every sandbox: who sets the audit login id of a process of their own has named a label, nothing else. /proc/self cannot be covered.
const ALWAYS = ['write./proc/self/loginuid']
// With directories of the host bound in: the kernel's mountinfo names them by their path in their own file system.
const WITH_BINDS = ['mount.host-paths-shown']
// The map reads "0 0 1" because its outside is the supervisor's own namespace, where 0 is the ordinary user.
const SINGLE_ID_ROOT = ['uid.host-root']

const user = '1000:1000'
const settings: readonly (readonly [name: string, setting: ProbeSetting, accepted: readonly string[]])[] = [
  ['root inside, a root host process', { host: 'root', options: {}, shares: true }, [...ALWAYS, ...WITH_BINDS]],
  ['a user inside, a root host process', { host: 'root', options: { user }, shares: true }, [...ALWAYS, ...WITH_BINDS]],
  ["root: 'host', a root host process", { host: 'root', options: { root: 'host' }, shares: true }, [...ALWAYS, ...WITH_BINDS]],
  ['nothing bound in, a root host process', { host: 'root', options: {}, shares: false }, ALWAYS],
  [
    'root inside, an ordinary host process',
    { host: 'ordinary user', options: {}, shares: true },
    [...ALWAYS, ...WITH_BINDS, ...SINGLE_ID_ROOT],
  ],
  ['a user inside, an ordinary host process', { host: 'ordinary user', options: { user }, shares: true }, [...ALWAYS, ...WITH_BINDS]],
  [
    "root: 'host', an ordinary host process",
    { host: 'ordinary user', options: { root: 'host' }, shares: true },
    [...ALWAYS, ...WITH_BINDS, ...SINGLE_ID_ROOT],
  ],
]

// Advisories whose test is a check of the probe: docs/security.md has the whole list.
const ADVISORIES: readonly (readonly [advisory: string, ids: readonly string[]])[] = [
  ['CVE-2016-9962, runc exec: descriptors of who enters', ['fd.leaked', 'fd.std-directory']],
  [
    'kernel bugs that containers reach (CVE-2016-0728, CVE-2022-0185, CVE-2024-1086 and their kind)',
    [
      'sys.keyctl',
      'sys.add_key',
      'sys.request_key',
      'sys.bpf',
      'mount.new-api',
      'ns.new-userns',
      'ns.unshare-others',
      'net.packet',
      'sys.userfaultfd',
      'sys.perf_event_open',
      'sys.io_uring_setup',
      'sys.io_uring_enter',
      'sys.io_uring_register',
    ],
  ],
  ['CVE-2017-5226, CVE-2019-7303, CVE-2023-28100: TIOCSTI', ['tty.tiocsti', 'tty.tiocsti-own-pty', 'tty.console-vt']],
  ['CVE-2023-25809, runc: a writable cgroup', ['write.cgroup']],
  ['CVE-2019-5736: the executable of PID 1', ['pid.exe-overwrite']],
  ['CVE-2020-15257, containerd-shim: an abstract socket of the host', ['net.abstract-socket']],
  ['CVE-2018-10892: /proc/acpi', ['read./proc/acpi', 'cap.bounding', 'cap.effective']],
  ['CVE-2020-13401, CVE-2020-10749: rogue router advertisements', ['net.raw', 'net.packet']],
  ['CVE-2021-3602, buildah: variables of the host', ['env.secret']],
  ['CVE-2022-0492: release_agent', ['cgroup.release-agent-mount', 'write.cgroup']],
  ['CVE-2022-24769, CVE-2022-27649, CVE-2022-29162: inheritable capabilities', ['cap.inheritable', 'cap.ambient']],
  ['CVE-2022-36109, CVE-2022-2989, CVE-2023-25173: supplementary groups', ['uid.groups']],
  [
    'CVE-2022-1227, podman top: the context of the host',
    ['pid.kill-host', 'pid.ptrace-host', 'pid.vm-readv-host', 'ns.own-mnt', 'ns.own-pid'],
  ],
  ['CVE-2024-21626, runc: a working directory outside', ['root.cwd', 'root.proc-pid-root', 'fd.leaked']],
  ['CVE-2020-8558, kube-proxy: the loopback of the host', ['net.host-loopback']],
  ['Shocker: files by handle', ['handle.shocker']],
]

const reports = new Map<ProbeSetting, Promise<ProbeReport>>()
const reportOf = (ctx: TestContext, setting: ProbeSetting): Promise<ProbeReport> => {
  const report = reports.get(setting) ?? probe(ctx, setting)
  reports.set(setting, report)
  return report
}

describe.each(settings)('the probe, %s', (_name, setting, accepted) => {
  it('finds what is accepted, and nothing else', async (ctx) => {
    const report = await reportOf(ctx, setting)
    expect(report.host).toContain("changed files: none; mount table same; canary connections {'abstract': 0, 'tcp': 0}; victim alive")
    expect(idsWith(report, 'FAIL'), report.output).toEqual([...accepted].sort())
    expect(report.checks.filter(({ verdict, kind }) => verdict === 'FAIL' && kind === 'escape')).toEqual([])
    // It ran to its end.
    expect(idsWith(report, 'PASS').length).toBeGreaterThan(160)
  })

  it.for(ADVISORIES)('finds shut: %s', async ([, ids], ctx) => {
    const report = await reportOf(ctx, setting)
    for (const id of ids) expect(report.checks.find((check) => check.id === id)).toMatchObject({ id, verdict: 'PASS' })
  })
})

describe('the probe', () => {
  it('is stopped by limits on memory and processes', async (ctx) => {
    const options = { limits: { memoryMaxBytes: 64 * 2 ** 20, pidsMax: 128 } }
    const report = await probe(ctx, { host: 'root', options, shares: true, arguments: ['--limits', '--only', 'limit.', 'P_MEMMB=64'] })
    expect(idsWith(report, 'PASS')).toEqual(['limit.memory', 'limit.pids'])
    expect(idsWith(report, 'FAIL')).toEqual([])
  })

  it('types into no terminal, on one of its own (CVE-2017-5226)', async (ctx) => {
    const report = await probe(ctx, { host: 'root', options: {}, shares: true, pty: true, arguments: ['--only', 'tty.'] })
    expect(idsWith(report, 'PASS')).toEqual(['tty.console-vt', 'tty.tiocsti', 'tty.tiocsti-own-pty'])
    expect(idsWith(report, 'FAIL')).toEqual([])
  })

  it('has no complaint that docs/security.md does not name', () => {
    const page = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8')
    for (const id of [...ALWAYS, ...WITH_BINDS, ...SINGLE_ID_ROOT]) expect(page).toContain(`\`${id}\``)
  })
})
