// Extended attributes of a host file, for what is copied into images. Source: xattr(7).
import { native } from '../native/index.js'
import { AT_FDCWD } from './linux.js'

/** What belongs to the file and not to this machine: labels, ACLs and overlayfs's own marks stay here. */
const COPIED = /^(user\.(?!overlay\.)|security\.capability$)/

/** The attributes of a file, directory or link (not what it leads to) that mean the same on another machine, by name. Empty off Linux.
 *  `path`: absolute. @throws SyscallError */
export function hostXattrs(path: Uint8Array): Readonly<Record<string, Uint8Array>> {
  if (process.platform !== 'linux') return {}
  const found: Record<string, Uint8Array> = {}
  for (const name of native().listxattr(AT_FDCWD, path)) {
    const value = COPIED.test(name) ? native().getxattr(AT_FDCWD, path, name) : undefined
    if (value !== undefined) found[name] = value
  }
  return found
}
