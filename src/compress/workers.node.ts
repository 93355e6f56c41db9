// Threads that compress: off the event loop, on all cores. They start when there is something to do and end when there was nothing for a while.
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { DEFLATE_OPTIONS } from './gzip.js'
import { WORKER_SOURCE } from './worker-source.node.js'
import { ZSTD_LEVEL } from './zstd.js'

/** One block to compress. */
export interface Task {
  readonly kind: 'deflate' | 'zstd'
  readonly bytes: Uint8Array
  readonly dictionary?: Uint8Array
}

interface Answer {
  readonly id: number
  readonly packed?: Uint8Array
}

interface Thread {
  readonly worker: Worker
  readonly waiting: Map<number, (packed: Uint8Array | undefined) => void>
}

const IDLE_MS = 5000
/** Each costs some megabytes. */
const THREADS_MAX = 4

/** Threads at most; blocks at a time are one more, so that none waits for the event loop. */
export const THREADS = Math.min(availableParallelism(), THREADS_MAX)

const threads: Thread[] = []
let next = 0
let idle: NodeJS.Timeout | undefined
let isImpossible = false

/** Compresses one block in a thread. undefined: there are no threads here (or this one broke), and the caller has to do it. */
export function inThread(task: Task): Promise<Uint8Array | undefined> {
  const thread = leastBusy()
  if (thread === undefined) return Promise.resolve(undefined)
  clearTimeout(idle)
  // Only work keeps the process alive.
  if (thread.waiting.size === 0) thread.worker.ref()
  const id = next++
  return new Promise((resolve) => {
    thread.waiting.set(id, resolve)
    thread.worker.postMessage({ id, ...task })
  })
}

function leastBusy(): Thread | undefined {
  const [least] = [...threads].sort((a, b) => a.waiting.size - b.waiting.size)
  if (least !== undefined && (least.waiting.size === 0 || threads.length >= THREADS)) return least
  return started() ?? least
}

function started(): Thread | undefined {
  if (isImpossible) return undefined
  let worker: Worker
  try {
    const require = createRequire(import.meta.url)
    const workerData = {
      fflate: require.resolve('fflate'),
      wasmZstd: require.resolve('@hpcc-js/wasm-zstd'),
      deflate: DEFLATE_OPTIONS,
      zstdLevel: ZSTD_LEVEL,
    }
    worker = new Worker(WORKER_SOURCE, { eval: true, workerData, execArgv: [], name: 'stratabox-compress' })
  } catch {
    // Bundled into one file, or the host allows no threads. The bytes are the same without.
    isImpossible = true
    return undefined
  }
  const thread: Thread = { worker, waiting: new Map() }
  worker.unref()
  worker.on('message', ({ id, packed }: Answer) => settle(thread, id, packed))
  worker.on('error', () => drop(thread))
  worker.on('exit', () => drop(thread))
  threads.push(thread)
  return thread
}

function settle(thread: Thread, id: number, packed: Uint8Array | undefined): void {
  thread.waiting.get(id)?.(packed)
  thread.waiting.delete(id)
  if (thread.waiting.size > 0) return
  thread.worker.unref()
  if (threads.every(({ waiting }) => waiting.size === 0)) idle = setTimeout(end, IDLE_MS).unref()
}

/** A thread that ended: what it had is done by whoever asked. */
function drop(thread: Thread): void {
  if (threads.includes(thread)) threads.splice(threads.indexOf(thread), 1)
  for (const resolve of thread.waiting.values()) resolve(undefined)
  thread.waiting.clear()
}

function end(): void {
  for (const { worker } of threads.splice(0)) void worker.terminate()
}
