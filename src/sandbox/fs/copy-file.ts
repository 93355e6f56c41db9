// copyFile of node:fs/promises: content and mode; never a directory.
import { constants, fstat, ftruncate, type PathLike } from 'node:fs'
import { promisify } from 'node:util'
import { ERRNO } from '../../core/index.js'
import { native, OP, step } from '../../native/index.js'
import { checkInteger, pathText } from './arguments.js'
import { type Call, callError, errnoError, type Inside, SELF, withMode } from './inside.js'
import { closeFd, openFd, withFd } from './open.js'
import { transfer } from './transfer.js'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, COPYFILE_EXCL, COPYFILE_FICLONE, COPYFILE_FICLONE_FORCE } = constants
const statFd = promisify(fstat)

/** Copies a file. `mode` is a mask of COPYFILE_EXCL, COPYFILE_FICLONE (share blocks where the file system can) and COPYFILE_FICLONE_FORCE. */
export async function copyFile(inside: Inside, source: PathLike, destination: PathLike, mode?: number): Promise<void> {
  const path = pathText(source, 'src')
  const dest = pathText(destination, 'dest')
  const bits = checkInteger(mode ?? 0, 'mode', 0, COPYFILE_EXCL | COPYFILE_FICLONE | COPYFILE_FICLONE_FORCE)
  const call = { syscall: 'copyfile', path, dest }
  await withFd(inside, path, O_RDONLY, call, async (from) => {
    const info = await statFd(from)
    if (info.isDirectory()) throw errnoError(ERRNO.EISDIR, call)
    // Not emptied before it is known to be another file.
    const to = await openFd(inside, dest, O_WRONLY | O_CREAT | ((bits & COPYFILE_EXCL) === 0 ? 0 : O_EXCL), info.mode & 0o777, call)
    try {
      const { dev, ino } = await statFd(to)
      if (dev === info.dev && ino === info.ino) return
      await fill(from, to, info.size, bits)
      await inside.ask(step(OP.fsChmod, withMode(SELF, info.mode & 0o777), ''), { ...call, base: to })
    } catch (error) {
      throw callError(error, call)
    } finally {
      await closeFd(to)
    }
  })
}

async function fill(from: number, to: number, size: number, bits: number): Promise<void> {
  await promisify(ftruncate)(to, 0)
  if ((bits & (COPYFILE_FICLONE | COPYFILE_FICLONE_FORCE)) !== 0 && native().reflink(from, to)) return
  const force: Call = { syscall: 'copyfile', path: '' }
  if ((bits & COPYFILE_FICLONE_FORCE) !== 0) throw errnoError(ERRNO.EOPNOTSUPP, force)
  await transfer(from, to, size)
}
