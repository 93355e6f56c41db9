// One request and its answer, with the fault that was ordered for it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './faults.js'

const MANIFEST_MAX_BYTES = 4 * 2 ** 20

/** A request that was answered. */
export interface RegistryRequest {
  readonly method: string
  /** With its query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Of the answer; 0 where there was none. */
  status: number
  /** Bytes of body that went out. */
  bytesSent: number
  /** Bytes of body that came in. */
  bytesReceived: number
}

/** An answer with the distribution-spec's error document. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message)
  }
}

/** A request under way. */
export class Exchange {
  readonly url: URL
  readonly #socket: Socket

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    readonly fault: Fault | undefined,
    readonly record: RegistryRequest,
  ) {
    this.url = new URL(request.url ?? '/', 'http://registry')
    // The request itself forgets its socket when the connection ends.
    this.#socket = request.socket
  }

  get method(): string {
    return this.request.method ?? 'GET'
  }

  /** The chunks of the request's body; a `drop` cuts the connection after so many bytes of it. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const { fault } = this
    let left = fault?.kind === 'drop' || fault?.kind === 'hang' ? (fault.afterBytes ?? 0) : Number.POSITIVE_INFINITY
    for await (const chunk of this.request as AsyncIterable<Buffer>) {
      this.record.bytesReceived += chunk.length
      if (chunk.length > left) {
        if (left > 0) yield chunk.subarray(0, left)
        if (fault?.kind === 'hang') await new Promise((resolve) => this.response.once('close', resolve))
        this.cut()
        return
      }
      left -= chunk.length
      yield chunk
    }
  }

  /** The request's body, at most as long as a manifest. */
  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of this.chunks()) {
      size += chunk.length
      if (size > MANIFEST_MAX_BYTES) throw new Refusal(413, 'SIZE_INVALID', 'manifest too large')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  /** Ends the connection in the middle of whatever it is. */
  cut(): void {
    this.#socket.destroy()
  }

  get isCut(): boolean {
    return this.#socket.destroyed
  }

  /** An answer without a body. */
  answer(status: number, headers: Record<string, string> = {}): void {
    if (this.isCut) return
    this.record.status = status
    this.response.writeHead(status, { 'content-length': '0', ...headers }).end()
  }

  /** An answer with a body of known size. For HEAD, its headers alone. */
  async send(status: number, headers: Record<string, string>, size: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    const { fault } = this
    if (this.isCut) return
    const by = fault?.kind === 'wrong-length' ? Math.max(fault.by, -size) : 0
    const length = size + by
    const digest: Record<string, string> = fault?.kind === 'wrong-digest' ? { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } : {}
    this.record.status = status
    this.response.writeHead(status, { ...headers, ...digest, 'content-length': `${length}` })
    if (this.method === 'HEAD') {
      this.response.end()
      return
    }
    let left = length
    let until = fault?.kind === 'drop' || fault?.kind === 'hang' ? (fault.afterBytes ?? 0) : Number.POSITIVE_INFINITY
    for await (const chunk of this.#spoilt(body, by)) {
      const part = chunk.subarray(0, Math.min(chunk.length, left, until))
      if (part.length > 0 && !(await this.#write(part))) return
      left -= part.length
      until -= part.length
      if (until <= 0 && left > 0) {
        if (fault?.kind === 'hang') await new Promise((resolve) => this.response.once('close', resolve))
        this.cut()
        return
      }
      if (left <= 0) break
    }
    this.response.end()
  }

  async *#spoilt(body: AsyncIterable<Uint8Array>, by: number): AsyncGenerator<Uint8Array> {
    let isFirst = true
    for await (const chunk of body) {
      if (isFirst && this.fault?.kind === 'wrong-bytes' && chunk.length > 0) {
        const wrong = Buffer.from(chunk)
        wrong[0] = (wrong[0] ?? 0) ^ 1
        yield wrong
      } else yield chunk
      isFirst = false
    }
    if (by > 0) yield Buffer.alloc(by, 'x')
  }

  /** False where the other side is gone. */
  async #write(chunk: Uint8Array): Promise<boolean> {
    if (this.isCut) return false
    this.record.bytesSent += chunk.length
    if (this.response.write(chunk)) return true
    await new Promise<void>((resolve) => {
      const done = () => {
        this.response.off('drain', done).off('close', done)
        resolve()
      }
      this.response.on('drain', done).on('close', done)
    })
    return !this.isCut
  }

  /** The distribution-spec's error document. */
  refuse({ status, code, message, headers }: Refusal): void {
    if (this.isCut) return
    this.record.status = status
    const body = JSON.stringify({ errors: [{ code, message }] })
    const { length } = Buffer.from(body)
    this.response.writeHead(status, { 'content-type': 'application/json', ...headers, 'content-length': `${length}` })
    this.response.end(this.method === 'HEAD' ? undefined : body)
  }

  /** Does what the fault has to do before there is an answer. True: there will be no other. */
  async spoil(): Promise<boolean> {
    const { fault } = this
    const isUpload = this.method === 'PATCH' || this.method === 'PUT'
    switch (fault?.kind) {
      case 'slow':
        await sleep(fault.delayMs)
        return false
      case 'status':
        this.request.resume()
        this.refuse(new Refusal(fault.status, CODES[fault.status] ?? 'UNKNOWN', 'ordered by the test', retryAfter(fault.retryAfterS)))
        return true
      case 'redirect':
        this.request.resume()
        this.answer(fault.status ?? 307, { location: fault.to })
        return true
      case 'hang':
        if (fault.afterBytes !== undefined) return false
        await new Promise((resolve) => this.response.once('close', resolve))
        return true
      case 'drop':
        if (fault.afterBytes > 0 && (isUpload || this.method === 'GET')) return false
        this.cut()
        return true
      default:
        return false
    }
  }
}

const CODES: Readonly<Record<number, string>> = { 401: 'UNAUTHORIZED', 403: 'DENIED', 404: 'MANIFEST_UNKNOWN', 429: 'TOOMANYREQUESTS' }

const retryAfter = (seconds: number | undefined): Record<string, string> => (seconds === undefined ? {} : { 'retry-after': `${seconds}` })
