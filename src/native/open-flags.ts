// Flags of open(2) that Node does not have, or has only where the system does. On Windows they are the addon's own: native/windows/files-tree.cc reads them.
import { constants } from 'node:fs'

const isWindows = process.platform === 'win32'

/** What is opened must be a directory. Not for Node's own open on Windows. */
export const O_DIRECTORY: number = isWindows ? 0x10000 : constants.O_DIRECTORY
/** A link at the end of the path is not followed. Not for Node's own open on Windows. */
export const O_NOFOLLOW: number = isWindows ? 0x20000 : constants.O_NOFOLLOW
/** Opening does not wait for anybody. */
export const O_NONBLOCK: number = isWindows ? 0 : constants.O_NONBLOCK
/** What is opened does not become the controlling terminal. */
export const O_NOCTTY: number = isWindows ? 0 : constants.O_NOCTTY
/** An fd that names a place but opens nothing: enough for every *at call. */
export const O_PATH = 0o10000000
