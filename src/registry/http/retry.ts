// When a request is worth another try, and when. Source: RFC 9110 "Retry-After", "Idempotent Methods"; RFC 6585 429.

/** How often and how soon a request is tried again. */
export interface RetryPolicy {
  /** Tries in all, at least 1. */
  readonly attempts: number
  /** Pause before the second try; it doubles with each, and up to half of it is random. */
  readonly minDelayMs: number
  /** No pause is longer, whatever the registry asks for in `Retry-After`. */
  readonly maxDelayMs: number
}

/** Five tries, from 250 ms to 30 s apart. */
export const RETRY_POLICY: RetryPolicy = { attempts: 5, minDelayMs: 250, maxDelayMs: 30_000 }

const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

/** Whether an answer may be another one soon. */
export const isPassing = (status: number): boolean => PASSING.has(status)

/** The pause that a `Retry-After` header asks for; undefined where it says nothing that can be read. */
export function retryAfterMs(header: string | null, now: number = Date.now()): number | undefined {
  if (header === null) return undefined
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** The pause before try number `attempt` + 1 (the first is 1). */
export function delayMs(policy: RetryPolicy, attempt: number, askedMs: number | undefined): number {
  const grown = policy.minDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
  return Math.min(policy.maxDelayMs, Math.max(grown, askedMs ?? 0))
}

/** Waits. @throws the signal's reason */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason)
      return
    }
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
