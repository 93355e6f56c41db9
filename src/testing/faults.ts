// What can go wrong between a registry and its client, to order.

/** What a fault looks at to decide whether it is meant. */
export interface FaultTarget {
  readonly method: string
  /** Path of the request, without its query. */
  readonly path: string
}

/** A fault, and what it hits: the next request, unless `times` and `on` say otherwise. */
export type Fault = FaultKind & {
  /** How many requests it hits. Default: 1. */
  readonly times?: number
  /** Which requests it may hit. Default: any but `/v2/` itself. */
  readonly on?: (request: FaultTarget) => boolean
}

/** What happens to a request. Bytes are those of the body: of the answer to GET, of the request to PATCH and PUT. */
export type FaultKind =
  /** The connection ends after so many bytes. */
  | { readonly kind: 'drop'; readonly afterBytes: number }
  /** An error instead of an answer, such as 429 or 503. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterS?: number }
  /** The answer comes late. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** The answer never comes, or never ends after so many bytes. */
  | { readonly kind: 'hang'; readonly afterBytes?: number }
  /** One bit of the body is another. */
  | { readonly kind: 'wrong-bytes' }
  /** `Docker-Content-Digest` is that of something else. */
  | { readonly kind: 'wrong-digest' }
  /** The body has so many bytes more (or fewer) than it should, and `Content-Length` agrees with it. */
  | { readonly kind: 'wrong-length'; readonly by: number }
  /** Ranges are not understood: everything comes again. */
  | { readonly kind: 'no-ranges' }
  /** It is sent elsewhere. */
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: 301 | 302 | 303 | 307 | 308 }

/** The faults that wait for their requests. */
export class Faults {
  readonly #waiting: { readonly fault: Fault; left: number }[] = []

  /** Adds one; the result takes it back. */
  add(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? 1 }
    this.#waiting.push(entry)
    return () => this.#drop(entry)
  }

  clear(): void {
    this.#waiting.length = 0
  }

  /** The fault for a request, if there is one; it is used up. */
  take(request: FaultTarget): Fault | undefined {
    const isMeant = ({ fault }: { readonly fault: Fault }) => fault.on?.(request) ?? request.path !== '/v2/'
    const entry = this.#waiting.find(isMeant)
    if (entry === undefined) return undefined
    entry.left--
    if (entry.left <= 0) this.#drop(entry)
    return entry.fault
  }

  #drop(entry: { readonly fault: Fault; left: number }): void {
    const at = this.#waiting.indexOf(entry)
    if (at >= 0) this.#waiting.splice(at, 1)
  }
}
