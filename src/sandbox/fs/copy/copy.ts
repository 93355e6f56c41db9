// copyIn and copyOut: which directories the two sides of a copy start at.
import { constants, type PathLike } from 'node:fs'
import { mkdir as mkdirHost } from 'node:fs/promises'
import { basename, dirname, posix, resolve } from 'node:path'
import { encodePath, FsError, optionsObject, rejectUnknown } from '../../../core/index.js'
import { O_DIRECTORY, O_NOFOLLOW } from '../../../native/index.js'
import { pathText } from '../arguments.js'
import { type Call, callError, type Inside } from '../inside.js'
import { makeAll } from '../mkdir.js'
import { closeFd, openFd } from '../open.js'
import { HostSource, HostTarget, openDirectory } from './host.js'
import { type Place, SandboxSource, SandboxTarget } from './sandbox.js'
import { type CopyOptions, Walk } from './walk.js'

const { O_RDONLY } = constants

/** Descriptors that are closed at the end, whatever happens. */
async function holding<T>(work: (hold: (fd: number) => number) => Promise<T>): Promise<T> {
  const held: number[] = []
  try {
    return await work((fd) => {
      held.push(fd)
      return fd
    })
  } finally {
    for (const fd of held) await closeFd(fd)
  }
}

/** Undefined where `open` finds no directory (a link is none). */
async function unlessNoDirectory(open: () => number | Promise<number>): Promise<number | undefined> {
  try {
    return await open()
  } catch (error) {
    if ((error as FsError).code === 'ENOTDIR') return undefined
    throw error
  }
}

/** What both directions do around the copy. */
async function copy(options: CopyOptions | undefined, call: Call, work: (given: CopyOptions, call: Call) => Promise<void>): Promise<void> {
  const given = optionsObject(options, call.syscall)
  rejectUnknown(given, ['signal', 'filter'], call.syscall)
  given.signal?.throwIfAborted()
  const full: Call = { ...call, signal: given.signal }
  try {
    await work(given, full)
  } catch (error) {
    // Whatever is an FsError says which path below it is about.
    throw error instanceof FsError && given.signal?.aborted !== true ? error : callError(error, full)
  }
}

const makeHostDirectories = (path: string) => mkdirHost(Buffer.from(encodePath(path)), { recursive: true })

/** Whether it was made. */
async function makeHostDirectory(path: string): Promise<boolean> {
  await makeHostDirectories(dirname(path))
  try {
    await mkdirHost(Buffer.from(encodePath(path)), { mode: 0o700 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

const below =
  (call: Call) =>
  (path: string): Call => ({
    syscall: call.syscall,
    path: path === '' ? call.path : posix.join(call.path, path),
    dest: path === '' ? call.dest : posix.join(call.dest as string, path),
  })

/** A file or tree of the host into the sandbox. */
export function copyIn(inside: Inside, hostPath: PathLike, path: PathLike, options?: CopyOptions): Promise<void> {
  const from = pathText(hostPath, 'hostPath')
  const to = pathText(path)
  return copy(options, { syscall: 'copyIn', path: from, dest: to }, (given, call) =>
    holding(async (hold) => {
      const { signal } = given
      const directory = await unlessNoDirectory(() => openDirectory(from))
      const owner = await inside.user()
      const targetAt = async (at: string): Promise<Place> => ({
        inside,
        base: hold(await openFd(inside, at, O_RDONLY | O_DIRECTORY, 0, call)),
        call,
      })
      if (directory !== undefined) {
        const source = new HostSource(hold(directory))
        const isNew = (await makeAll(inside, to, 0o755, signal)) !== undefined
        const target = new SandboxTarget(await targetAt(to), owner)
        await new Walk(source, target, given, below(call)).tree(isNew ? await source.entry('') : undefined)
        return
      }
      const full = resolve(from)
      const source = new HostSource(hold(openDirectory(dirname(full), true)))
      const name = basename(full)
      const entry = await source.entry(name)
      await makeAll(inside, posix.dirname(to), 0o755, signal)
      const target = new SandboxTarget(await targetAt(posix.dirname(to)), owner)
      await new Walk(source, target, given, () => call).leaf(name, posix.basename(to), entry)
    }),
  )
}

/** A file or tree of the sandbox out to the host. */
export function copyOut(inside: Inside, path: PathLike, hostPath: PathLike, options?: CopyOptions): Promise<void> {
  const from = pathText(path)
  const to = resolve(pathText(hostPath, 'hostPath'))
  return copy(options, { syscall: 'copyOut', path: from, dest: to }, (given, call) =>
    holding(async (hold) => {
      const directory = await unlessNoDirectory(() => openFd(inside, from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, call))
      if (directory !== undefined) {
        const source = new SandboxSource({ inside, base: hold(directory), call })
        const isNew = await makeHostDirectory(to)
        const target = new HostTarget(hold(openDirectory(to)))
        await new Walk(source, target, given, below(call)).tree(isNew ? await source.entry('') : undefined)
        return
      }
      const source = new SandboxSource({ inside, base: undefined, call })
      const entry = await source.entry(from)
      const parent = dirname(to)
      await makeHostDirectories(parent)
      const target = new HostTarget(hold(openDirectory(parent, true)))
      await new Walk(source, target, given, () => call).leaf(from, basename(to), entry)
    }),
  )
}
