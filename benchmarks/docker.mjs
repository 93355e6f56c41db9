// A docker daemon of our own for as long as a measurement takes: a child in its own mount, network and process namespaces, with all its files in one folder.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { missingCommands } from '../scripts/peers.mjs'

const TRIES = 100
const TAG = 'stratabox-bench:1'

/** { args?, close }: the arguments of a `docker run` of /true in `root`; without them the reason is in `missing`. */
export async function startDocker({ root, work, missing }) {
  const reason = whyNot()
  if (reason !== undefined) {
    missing.push({ name: 'docker', reason })
    return { close: async () => {} }
  }
  const folder = join(work, 'docker')
  mkdirSync(folder)
  const [log, host] = [join(folder, 'log'), `unix://${join(folder, 'socket')}`]
  const places = [
    '--data-root',
    join(folder, 'data'),
    '--exec-root',
    join(folder, 'exec'),
    '--pidfile',
    join(folder, 'pid'),
    '--host',
    host,
  ]
  const options = ['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs']
  // It ends with this process, and all that it started with it: it is PID 1 of its namespace.
  const around = ['--pdeathsig', 'SIGKILL', 'unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
  const daemon = spawn('setpriv', [...around, 'dockerd', ...places, ...options], { stdio: ['ignore', 'ignore', openSync(log, 'w')] })
  const ended = once(daemon, 'exit')
  const close = async () => {
    daemon.kill('SIGKILL')
    await ended
  }
  for (let attempt = 0; attempt < TRIES && daemon.exitCode === null; attempt++) {
    await sleep(100)
    if (existsSync(join(folder, 'socket')) && isAnswering(host)) {
      execFileSync('sh', ['-c', 'tar -C "$1" -c . | docker --host "$2" import - "$3"', 'sh', root, host, TAG], { stdio: 'ignore' })
      return { args: ['--host', host, 'run', '--rm', '--read-only', '--network', 'none', TAG, '/true'], close }
    }
  }
  await close()
  missing.push({ name: 'docker', reason: `its daemon does not start here: ${readFileSync(log, 'utf8').trim().split('\n').at(-1)}` })
  return { close: async () => {} }
}

function whyNot() {
  if (process.getuid() !== 0) return 'its daemon takes root'
  const [absent] = missingCommands([{ command: 'dockerd' }, { command: 'docker' }, { command: 'containerd' }])
  return absent === undefined ? undefined : `${absent.command} is not installed`
}

function isAnswering(host) {
  try {
    execFileSync('docker', ['--host', host, 'version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
