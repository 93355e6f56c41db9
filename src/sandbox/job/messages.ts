// What comes out of the completion port: messages of jobs, ends of processes; each to whom it is for.
import { nativeWindows, PROCESS_ENDED } from '../../native/index.js'
import { setKeeper } from '../pending.js'

/** JOB_OBJECT_MSG_…. */
export const JOB_MESSAGE = {
  endOfJobTime: 1,
  endOfProcessTime: 2,
  processLimit: 3,
  empty: 4,
  newProcess: 6,
  exitProcess: 7,
  abnormalExit: 8,
  processMemoryLimit: 9,
  jobMemoryLimit: 10,
  notificationLimit: 11,
} as const

const listeners = new Map<number, (kind: number, value: number) => void>()
let next = 1
let isListening = false

function listen(listener: (kind: number, value: number) => void): number {
  if (!isListening) begin()
  const key = next++
  listeners.set(key, listener)
  return key
}

function begin(): void {
  nativeWindows().onMessage((kind, key, value) => listeners.get(key)?.(kind, value))
  isListening = true
  // The port has no handle of the event loop's: a timer that never fires keeps it alive while calls are pending.
  let timer: NodeJS.Timeout | undefined
  setKeeper((keepsAlive) => {
    clearInterval(timer)
    timer = keepsAlive ? setInterval(() => undefined, 2 ** 30) : undefined
  })
}

/** Calls `listener` for each message of a job, with the id of the process that it is about. Returns what ends it. */
export function watchJob(job: number, listener: (message: number, pid: number) => void): () => void {
  const key = listen(listener)
  nativeWindows().watchJob(job, key)
  return () => void listeners.delete(key)
}

/** Resolves with the exit code of a process that has not begun to run. */
export function exitOf(process: number): Promise<number> {
  return new Promise((resolve) => {
    const key = listen((kind, exitCode) => {
      if (kind !== PROCESS_ENDED) return
      listeners.delete(key)
      resolve(exitCode)
    })
    nativeWindows().watchProcess(process, key)
  })
}
