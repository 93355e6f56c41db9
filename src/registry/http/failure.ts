// Requests that get no answer, or one that breaks off: what fetch throws differs from host to host, so it becomes one error of ours.
import { RegistryError, StrataError } from '../../core/index.js'
import { isPassing } from './retry.js'

/** Node's and OpenSSL's codes of what stays as it is: the certificate is not trusted, nobody listens, there is no such name. */
const CERTIFICATE = /CERT|ERR_TLS|ERR_SSL|SIGNATURE/
const LASTING = /CERT|ERR_TLS|ERR_SSL|SIGNATURE|ENOTFOUND|ECONNREFUSED/

/** The error of a request without an answer. One of ours stays as it is, and so does the reason of an abort. */
export function noAnswer(error: unknown, signal: AbortSignal, what: string): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof StrataError) return error
  const code = codeOf(error)
  const remedy =
    code !== undefined && CERTIFICATE.test(code) ? "trust its certificate's authority with `ca`, or pass insecure: true" : undefined
  return new RegistryError(`${what}: no answer${code === undefined ? '' : ` (${code})`}`, 0, [], {
    cause: error,
    ...(remedy === undefined ? {} : { remedy }),
  })
}

/** Passes chunks on; where they break off, with an error of ours. */
export async function* unbroken(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal, what: string): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (error) {
    throw noAnswer(error, signal, what)
  }
}

/** Whether an error is of the kind that goes away: no answer, a broken one, silence, a registry that is busy. */
export function isWorthAnother(error: unknown): error is StrataError {
  if (!(error instanceof StrataError)) return false
  if (error.code === 'ERR_TIMEOUT') return true
  return error instanceof RegistryError && (isPassing(error.status) || (error.status === 0 && !LASTING.test(codeOf(error.cause) ?? '')))
}

/** fetch() hides what happened in the cause of its TypeError. */
function codeOf(error: unknown): string | undefined {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    const { code } = each as { code?: unknown }
    if (typeof code === 'string') return code
  }
  return undefined
}
