// The public shapes of a sandbox's ports.
import type { Abortable } from '../../core/index.js'

/** Options of `waitForPort`. */
export interface WaitForPortOptions extends Abortable {
  /** Default 60,000; then TimeoutError. */
  readonly timeoutMs?: number | undefined
  /** A path that must be answered with a status of 200 to 299. Default: a connection is enough. */
  readonly http?: string | undefined
}

/** Options of `publish`. */
export interface PublishOptions extends Abortable {
  /** The host's address to listen on. Default 127.0.0.1: this machine only. */
  readonly host?: string | undefined
  /** 0 takes any that is free. Default 0. */
  readonly hostPort?: number | undefined
}

/** A port of the host that leads inside. */
export interface PublishedPort extends AsyncDisposable {
  readonly host: string
  readonly hostPort: number
  /** Listens no more and ends its connections. Twice is fine. */
  close(): Promise<void>
}
