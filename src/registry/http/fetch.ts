// What the client asks of `fetch`: the part of https://fetch.spec.whatwg.org/ that a registry needs. The fetch of browsers and of Node fits as it is.

/** Bytes to send: at once, or as a stream (with `duplex: 'half'`). */
export type FetchBody = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>

/** How one request is made. */
export interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: FetchBody
  /** Redirects are the client's own: it knows who may see the credentials. */
  readonly redirect: 'manual' | 'follow'
  readonly duplex?: 'half'
  readonly signal: AbortSignal
}

/** What comes back. A body is a web stream, or anything else that can be iterated. */
export interface FetchResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null
  /** `opaqueredirect` where a browser hides a redirect. */
  readonly type?: string
}

/** Sends one request. Rejects where there is no answer. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>

/** The fetch of this JavaScript host. */
export const hostFetch: Fetch = (url, init) => globalThis.fetch(url, init as RequestInit)
