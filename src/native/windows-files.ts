// The calls of FsBinding that the addon does not have on Windows: what Node does as well, and what Windows has not.
import { closeSync, fstatSync } from 'node:fs'
import { ERRNO, SyscallError } from '../core/index.js'
import type { FsBinding } from './binding.js'

const missing = (syscall: string, what: string) => (): never => {
  throw new SyscallError({ errno: ERRNO.EOPNOTSUPP, code: 'EOPNOTSUPP', syscall }, { remedy: `Windows has no ${what}` })
}

/** Owners are not ids there, and files have no attributes of Linux's kinds: what reads them finds none, what would lose one is EOPNOTSUPP. */
export const windowsFiles: Pick<
  FsBinding,
  'close' | 'nextData' | 'reflink' | 'fchownat' | 'listxattr' | 'getxattr' | 'setxattr' | 'removexattr' | 'mknodat' | 'symlinkat'
> = {
  close: closeSync,
  nextData(fd, start) {
    const end = BigInt(fstatSync(fd).size)
    return start < end ? { start, end } : undefined
  },
  reflink: () => false,
  fchownat: () => undefined,
  listxattr: () => [],
  getxattr: () => undefined,
  setxattr: missing('setxattr', 'extended attributes of this kind'),
  removexattr: () => undefined,
  mknodat: missing('mknod', 'files of this kind'),
  // It takes a privilege that a sandbox does not have, and what it made would lead out of its files.
  symlinkat: missing('symlink', 'links that every user may make'),
}
