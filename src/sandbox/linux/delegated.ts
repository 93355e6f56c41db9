// Whether a service manager gave a group away, though it is root's own. Source: systemd, docs/CGROUP_DELEGATION.md, "Three Different Trees".
import { closeSync, constants, openSync } from 'node:fs'
import { native } from '../../native/index.js'

const MARKS = ['user.delegate', 'trusted.delegate']

/** Whether systemd marked the cgroup v2 directory as delegated (`Delegate=yes` of a service or scope of root). */
export function isMarkedDelegated(directory: string): boolean {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return MARKS.some((mark) => {
      const value = native().getxattr(fd, new Uint8Array(), mark)
      return value !== undefined && Buffer.from(value).toString() === '1'
    })
  } finally {
    closeSync(fd)
  }
}
