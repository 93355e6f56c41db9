// One process of the density benchmark: makes idle sandboxes on request, and says what they cost here. Started by density.mjs with an IPC channel and
// --expose-gc; not for hand use.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Sandbox, Store } from 'stratabox'

const { root, storePath, limits } = JSON.parse(process.argv[2])
const WATCHED_MS = 2000
const TICK_MS = 10
// Past what stays of a program whose last sandbox is closed.
const LINGER_MS = 1500

const store = await Store.open({ path: storePath })
const image = await store.build('scratch').copy(root, '/').commit({ compression: 'none' })
const options = { store, root: image, ...(limits === undefined ? {} : { limits }) }
// Code compiled, caches filled.
for (let k = 0; k < 20; k++) await (await Sandbox.create(options)).close()
await sleep(LINGER_MS)

const heapBytes = () => {
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

/** CPU time of a process, in milliseconds: proc_pid_stat(5), utime and stime. */
function cpuMs(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

const childrenOf = (pid) =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter((child) => child !== ''),
  )

/** This process, the supervisor and every PID 1. */
const everybody = () => [String(process.pid), ...childrenOf(process.pid).flatMap((child) => [child, ...childrenOf(child)])]

const sum = (list) => list.reduce((total, one) => total + one, 0)

const sandboxes = []
const answers = {
  async make({ count }) {
    const heapBefore = heapBytes()
    const tookMs = []
    for (let k = 0; k < count; k++) {
      const began = performance.now()
      sandboxes.push(await Sandbox.create(options))
      tookMs.push(performance.now() - began)
    }
    await sleep(500)
    const mean = (list) => sum(list) / list.length
    return { heapKib: (heapBytes() - heapBefore) / 1024 / count, firstMs: mean(tookMs.slice(0, 100)), lastMs: mean(tookMs.slice(-100)) }
  },
  async watch() {
    const [own, ...others] = everybody()
    // This process is looked at last before, and first after: looking at thousands takes time of its own.
    const before = sum(others.map(cpuMs)) + cpuMs(own)
    await sleep(WATCHED_MS)
    const after = cpuMs(own) + sum(others.map(cpuMs))
    return { cpuMsPerSecond: (after - before) / (WATCHED_MS / 1000) }
  },
  async close() {
    const began = performance.now()
    await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()))
    const closeMs = performance.now() - began
    await sleep(LINGER_MS)
    return { closeMs }
  },
  async end() {
    await store.close()
    process.disconnect()
    return {}
  },
}

process.on('message', async ({ ask, ...input }) => {
  const answer = await answers[ask](input)
  if (process.connected) process.send(answer)
})
process.send({})
