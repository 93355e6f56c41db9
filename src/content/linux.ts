// Numbers of open(2), openat2(2), unlinkat(2) and inode(7) that node:fs does not export, or exports only where it runs.
import { constants } from 'node:fs'

export const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = constants
export { O_DIRECTORY, O_NOFOLLOW, O_PATH } from '../native/index.js'

/** Paths relative to the working directory. */
export const AT_FDCWD = -100
/** unlinkat(2): as rmdir. */
export const AT_REMOVEDIR = 0x200

/** openat2(2): no mount point, no magic link, no symbolic link, nothing above the directory. */
export const RESOLVE_STRICT = 0x01 | 0x02 | 0x04 | 0x08

export const S_IFMT = 0o170000
export const S_IFDIR = 0o040000
export const S_IFREG = 0o100000
export const S_IFLNK = 0o120000
export const S_IFCHR = 0o020000
export const S_IFBLK = 0o060000
export const S_IFIFO = 0o010000
