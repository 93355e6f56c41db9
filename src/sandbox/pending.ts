// Calls under way, and nothing else, keep the event loop alive: idle sandboxes and unread streams do not.

let count = 0
let keeper: ((keepsAlive: boolean) => void) | undefined

/** Sets what keeps the loop alive while calls are pending: the backend's one handle. */
export function setKeeper(keep: (keepsAlive: boolean) => void): void {
  keeper = keep
  if (count > 0) keep(true)
}

/** Keeps the event loop alive until the promise settles. */
export async function pendingCall<T>(promise: Promise<T>): Promise<T> {
  if (count++ === 0) keeper?.(true)
  try {
    return await promise
  } finally {
    if (--count === 0) keeper?.(false)
  }
}
