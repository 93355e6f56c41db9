// Runs a program as an ordinary user, from root: with a HOME of its own, in cgroups delegated to it, on request with subordinate ids,
// and with the repository in sight even where it lies below a folder that only root may enter.
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { delegate, enter, remove } from './cgroups.mjs'
import { capture, foreground, main, quietly, root } from './run.mjs'

/** `nobody`: no files, no sub-ids, no session. */
export const UID = 65534

/** Runs `node …args` in the repository as UID. Resolves to its exit code and to what it left behind (lines to show; empty when nothing).
 *  @param options.subIds whether /etc/subuid and /etc/subgid give it a range, for the newuidmap(1) of this run alone */
export async function runUnprivileged(args, { env = {}, subIds = false } = {}) {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-unprivileged-'))
  const groups = delegate(`stratabox-test-${process.pid}`, UID)
  try {
    const request = { work, groups, args, ...(await sight(work)), subIds: subIds ? subIdFiles(work) : [] }
    request.env = { ...process.env, ...homeOf(work), ...env }
    const wrapper = [process.execPath, fileURLToPath(import.meta.url), JSON.stringify(request)]
    const needsMounts = request.binds.length + request.subIds.length > 0
    // A mount namespace of its own: what is bound here is seen by this run only, and goes with it.
    const command = needsMounts ? ['unshare', '--mount', '--propagation', 'private', '--', ...wrapper] : wrapper
    const code = await foreground(command[0], command.slice(1))
    return { code, left: remove(groups.splice(0)) }
  } finally {
    remove(groups)
    rmSync(work, { recursive: true, force: true })
  }
}

function homeOf(work) {
  const own = (name) => {
    const path = join(work, name)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    chownSync(path, UID, UID)
    return path
  }
  // mkdtemp made it for root alone.
  chownSync(work, UID, UID)
  const HOME = own('home')
  return {
    HOME,
    TMPDIR: own('tmp'),
    XDG_RUNTIME_DIR: own('run'),
    XDG_DATA_HOME: undefined,
    XDG_CACHE_HOME: undefined,
    USER: 'nobody',
    LOGNAME: 'nobody',
  }
}

/** Where the user finds the repository and node, and the binds ([from, to]) that put them there. */
async function sight(work) {
  const mayRead = async (path, how) => (await capture('test', [how, path], { cwd: '/', uid: UID, gid: UID })).ok
  const binds = []
  let [tree, node] = [root, process.execPath]
  if (!(await mayRead(join(root, 'package.json'), '-r'))) {
    tree = join(work, 'tree', basename(root))
    const shared = join(dirname(root), 'shared')
    binds.push([root, tree], ...(existsSync(shared) ? [[shared, join(work, 'tree', 'shared')]] : []))
    for (const [, to] of binds) mkdirSync(to, { recursive: true })
  }
  if (!(await mayRead(node, '-x'))) {
    node = join(work, 'node')
    writeFileSync(node, '')
    binds.push([process.execPath, node])
  }
  return { tree, node, binds }
}

/** Copies of the two files with one range for the user, outside the ranges that distributions give out. */
function subIdFiles(work) {
  return ['subuid', 'subgid'].map((name) => {
    const file = join(work, name)
    writeFileSync(file, `${UID}:1000000000:65536\n`)
    return [file, `/etc/${name}`]
  })
}

// As the wrapper: still root, it binds, enters the groups and starts the program as the user. (spawn with a uid also drops the supplementary groups.)
await main(import.meta.url, async () => {
  const request = JSON.parse(process.argv[2])
  for (const [from, to] of [...request.binds, ...request.subIds]) {
    if (!existsSync(to)) writeFileSync(to, '')
    await quietly('a bind mount', 'mount', ['--bind', from, to])
  }
  enter(request.groups)
  process.exitCode = await foreground(request.node, request.args, { cwd: request.tree, env: request.env, uid: UID, gid: UID })
})
