// What a sandbox tells while it runs, and the emitter that tells it: node:events with types, and listeners that cannot disturb each other.
import { EventEmitter } from 'node:events'

/** Events of a sandbox with their listeners' arguments. `exit`: it ended, and why. `limit`: a limit took effect. `denied`: something was refused. */
export interface SandboxEvents {
  exit: [event: { readonly reason: string }]
  limit: [event: { readonly limit: string; readonly value: number; readonly max: number }]
  /** `what`: a system call's name. `count`: how often since the event before; many are told together. */
  denied: [event: { readonly kind: 'network' | 'syscall'; readonly what: string; readonly count: number }]
}

/** A typed emitter. A listener that throws is an uncaught exception, as anywhere in Node; whoever emitted, and the other listeners, go on. */
export class Events<T extends { [K in keyof T]: unknown[] } = SandboxEvents> {
  readonly #emitter = new EventEmitter()
  readonly #starts = new Map<string, () => void>()

  /** Calls `start` once, before the first listener to `event` is added: whoever has to watch something begins then. */
  whenHeard(event: keyof T & string, start: () => void): void {
    this.#starts.set(event, start)
  }

  #begin(event: string): void {
    const start = this.#starts.get(event)
    this.#starts.delete(event)
    start?.()
  }

  on<K extends keyof T & string>(event: K, listener: (...args: T[K]) => void): void {
    this.#begin(event)
    this.#emitter.on(event, listener as (...args: unknown[]) => void)
  }

  once<K extends keyof T & string>(event: K, listener: (...args: T[K]) => void): void {
    this.#begin(event)
    this.#emitter.once(event, listener as (...args: unknown[]) => void)
  }

  off<K extends keyof T & string>(event: K, listener: (...args: T[K]) => void): void {
    this.#emitter.off(event, listener as (...args: unknown[]) => void)
  }

  /** Whether anybody would hear it. */
  hears(event: keyof T & string): boolean {
    return this.#emitter.listenerCount(event) > 0
  }

  emit<K extends keyof T & string>(event: K, ...args: T[K]): void {
    // rawListeners: those of once() take themselves off when called.
    for (const listener of this.#emitter.rawListeners(event)) {
      try {
        Reflect.apply(listener, this.#emitter, args)
      } catch (error) {
        process.nextTick(() => {
          throw error
        })
      }
    }
  }
}
