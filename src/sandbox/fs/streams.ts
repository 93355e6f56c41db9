// createReadStream and createWriteStream: Node's own streams, whose open() goes through the helper.
import type { EventEmitter } from 'node:events'
import * as hostFs from 'node:fs'
import { creationMode, openFlags, pathText } from './arguments.js'
import type { Inside } from './inside.js'
import { openFd } from './open.js'

type OpenCallback = (error: unknown, fd?: number) => void

const opener = (inside: Inside, path: string) => (_path: unknown, flags: string | number, mode: unknown, done: OpenCallback) => {
  // A throw out of the callback is the stream's user's; it must not come back as a second call.
  const call = (error: unknown, fd?: number) => process.nextTick(done, error, fd)
  Promise.resolve()
    .then(() => openFd(inside, path, openFlags(flags, 'r'), creationMode(mode, 0o666), { syscall: 'open', path }))
    .then((fd) => call(null, fd), call)
}

const optionsFor = (options: unknown): Record<string, unknown> =>
  typeof options === 'string' ? { encoding: options } : { ...(options as object | undefined) }

/** Destroyed with the sandbox, which waits for its descriptor to be closed. */
function noted<T extends hostFs.ReadStream | hostFs.WriteStream>(inside: Inside, stream: T): T {
  const emitter: EventEmitter = stream
  const close = () =>
    new Promise<void>((resolve) => {
      emitter.once('close', resolve)
      stream.destroy()
    })
  // Of a closed sandbox the stream's own open() says so.
  inside.opened.add(emitter, close)
  return stream
}

/** A ReadStream of node:fs. */
export function createReadStream(inside: Inside, path: hostFs.PathLike, options?: unknown): hostFs.ReadStream {
  const { read, close } = hostFs
  const fs = { open: opener(inside, pathText(path)), read, close }
  return noted(inside, hostFs.createReadStream(path, { ...optionsFor(options), fs } as Parameters<typeof hostFs.createReadStream>[1]))
}

/** A WriteStream of node:fs. */
export function createWriteStream(inside: Inside, path: hostFs.PathLike, options?: unknown): hostFs.WriteStream {
  const { write, writev, close, fsync } = hostFs
  const fs = { open: opener(inside, pathText(path)), write, writev, close, fsync }
  return noted(inside, hostFs.createWriteStream(path, { ...optionsFor(options), fs } as Parameters<typeof hostFs.createWriteStream>[1]))
}
