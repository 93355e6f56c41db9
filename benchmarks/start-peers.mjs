// The other ways to start a program in a sandbox that can run here, tried once: bubblewrap, runc, crun, podman and docker, all with namespaces of their own, a
// read-only root and no network, as stratabox has by default.
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startDocker } from './docker.mjs'
import { installed } from './peers.mjs'
import { spawned } from './spawned.mjs'

/** What these leave of their control groups when their containers are gone: the inner one first. */
const GROUPS = ['libpod_parent/conmon', 'libpod_parent', 'docker', 'stratabox-bench']

/** { peers: { who, command, args, every? }[], close }: `{id}` in arguments stands for a name that no two processes share. What does not run goes to `missing`. */
export async function startPeers({ root, work, missing, say }) {
  const before = groups()
  const docker = await startDocker({ root, work, missing })
  const candidates = [
    { who: 'bubblewrap', command: 'bwrap', args: bwrapArguments(root) },
    ...['crun', 'runc'].map((command) => ({ who: command, command, args: ociArguments({ root, work, command }) })),
    // These would take most of the time if they were measured in every round.
    { who: 'podman', command: 'podman', args: podmanArguments({ root, work }), every: 5 },
    ...(docker.args === undefined ? [] : [{ who: 'docker', command: 'docker', args: docker.args, every: 5 }]),
  ]
  const peers = []
  for (const peer of candidates.filter(({ command }) => installed(command, missing))) {
    try {
      await startPeer(peer)
      peers.push(peer)
      say(`startup: ${peer.who} runs here`)
    } catch (error) {
      missing.push({ name: peer.who, reason: `it does not run here: ${error.message}` })
    }
  }
  const close = async () => {
    await docker.close()
    for (const path of groups()) if (!before.includes(path)) removeGroup(path)
  }
  return { peers, close }
}

/** Starts one, until it has ended. */
export const startPeer = ({ command, args }) =>
  spawned(
    command,
    args.map((argument) => argument.replace('{id}', `stratabox-bench-${process.pid}`)),
    { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, HOME: process.env.HOME ?? '/' } },
  )

const bwrapArguments = (root) =>
  ['--unshare-all --die-with-parent --ro-bind', root, '/ --proc /proc --dev /dev --tmpfs /tmp /true'].flatMap((part) =>
    part === root ? part : part.split(' '),
  )

/** A bundle by the OCI runtime specification, config.md, for both runtimes. */
function ociArguments({ root, work, command }) {
  const bundle = join(work, `${command}-bundle`)
  mkdirSync(bundle)
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(ociConfig(root)))
  return ['--root', join(work, `${command}-state`), 'run', '--bundle', bundle, '{id}']
}

function ociConfig(root) {
  const isRoot = process.getuid() === 0
  const mapping = (hostID) => [{ containerID: 0, hostID, size: 1 }]
  const tmpfs = (destination) => ({ destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] })
  return {
    ociVersion: '1.0.0',
    process: { user: { uid: 0, gid: 0 }, args: ['/true'], cwd: '/', noNewPrivileges: true, capabilities: {} },
    root: { path: root, readonly: true },
    hostname: 'bench',
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }, tmpfs('/dev'), tmpfs('/tmp')],
    linux: {
      ...(isRoot ? {} : { uidMappings: mapping(process.getuid()), gidMappings: mapping(process.getgid()) }),
      cgroupsPath: `/stratabox-bench/${process.pid}`,
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', ...(isRoot ? [] : ['user'])].map((type) => ({ type })),
    },
  }
}

/** Its limits of processes and files are said: where the default ones may not be set, it would not start. */
const podmanArguments = ({ root, work }) => [
  ...['--root', join(work, 'podman'), '--runroot', join(work, 'podman-run'), '--tmpdir', join(work, 'podman-tmp')],
  ...['--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'],
  ...(installed('runc', []) ? ['--runtime', 'runc'] : []),
  ...[
    'run',
    '--rm',
    '--read-only',
    '--network',
    'none',
    '--ulimit',
    'nofile=256:256',
    '--ulimit',
    'nproc=256:256',
    '--rootfs',
    root,
    '/true',
  ],
]

/** Those that are there, in all hierarchies. */
function groups() {
  const top = '/sys/fs/cgroup'
  const hierarchies = existsSync(top) ? [top, ...readdirSync(top).map((name) => join(top, name))] : []
  return hierarchies.flatMap((hierarchy) => GROUPS.map((name) => join(hierarchy, name))).filter((path) => existsSync(path))
}

/** Another program of the machine may have come to use it. */
function removeGroup(path) {
  try {
    rmdirSync(path)
  } catch (error) {
    if (error.code !== 'EBUSY' && error.code !== 'ENOTEMPTY') throw error
  }
}
