// Extended attributes: xattr(7), setxattr(2). Stored by full name; what a name means to the kernel (ACL, capabilities) is not interpreted.
import { encodePath } from '../core/index.js'
import { demand, owns, READ, WRITE } from './access.js'
import { type Call, fail } from './fail.js'
import type { Inode } from './inode.js'
import { copyUp } from './tree.js'
import type { Volume } from './volume.js'

const NAME_MAX = 255
const VALUE_MAX = 65_536
const NAMESPACES = ['user.', 'trusted.', 'security.', 'system.posix_acl_']

/** Whether an attribute must be new (`create`) or there already (`replace`). */
export type XattrMode = 'create' | 'replace' | undefined

/** The value, a copy. @throws FsError ENODATA, EOPNOTSUPP, ERANGE for a name */
export function getXattr(volume: Volume, inode: Inode, name: string, call: Call): Uint8Array {
  if (!canHave(volume, inode, name)) throw fail('ENODATA', call)
  if (!isOfSystem(name)) demand(volume, inode, READ, call)
  demandNamespace(name, call)
  const value = Object.hasOwn(inode.xattrs, name) ? inode.xattrs[name] : undefined
  if (value === undefined) throw fail('ENODATA', call)
  return new Uint8Array(value)
}

/** Names, sorted. */
export function listXattrs(volume: Volume, inode: Inode): string[] {
  return Object.keys(inode.xattrs)
    .filter((name) => volume.privileged || !name.startsWith('trusted.'))
    .sort()
}

/** Sets one. @throws FsError EEXIST, ENODATA, EPERM, EOPNOTSUPP */
export function setXattr(volume: Volume, inode: Inode, name: string, value: Uint8Array, mode: XattrMode, call: Call): void {
  demandChange(volume, inode, name, call)
  const exists = Object.hasOwn(inode.xattrs, name)
  if (mode === 'create' && exists) throw fail('EEXIST', call)
  if (mode === 'replace' && !exists) throw fail('ENODATA', call)
  copyUp(inode)
  // A copy (a Buffer's slice would be none), and own properties only: '__proto__' is as good a name as any.
  inode.xattrs = Object.fromEntries([...Object.entries(inode.xattrs), [name, new Uint8Array(value)]])
  inode.ctimeNs = volume.nowNs()
}

/** Removes one. @throws FsError ENODATA, EPERM, EOPNOTSUPP */
export function removeXattr(volume: Volume, inode: Inode, name: string, call: Call): void {
  demandChange(volume, inode, name, call)
  if (!Object.hasOwn(inode.xattrs, name)) throw fail('ENODATA', call)
  copyUp(inode)
  inode.xattrs = omit(inode.xattrs, name)
  inode.ctimeNs = volume.nowNs()
}

/** The kernel looks at the arguments before it looks for the file. @throws FsError ERANGE, E2BIG; TypeError */
export function checkXattrArguments(name: string, value: Uint8Array | undefined, call: Call): void {
  if (typeof name !== 'string' || name.includes('\0')) throw new TypeError(`${call.syscall}: a name must be a string without NUL`)
  const length = encodePath(name).length
  if (length === 0 || length > NAME_MAX) throw fail('ERANGE', call)
  if (value !== undefined && !(value instanceof Uint8Array)) throw new TypeError(`${call.syscall}: a value must be a Uint8Array`)
  if (value !== undefined && value.length > VALUE_MAX) throw fail('E2BIG', call)
}

/** `xattrs` without `name`. */
export const omit = (xattrs: Readonly<Record<string, Uint8Array>>, name: string): Readonly<Record<string, Uint8Array>> =>
  Object.fromEntries(Object.entries(xattrs).filter(([other]) => other !== name))

// The order of the checks is that of the kernel's xattr_permission() and xattr_resolve_name().
function demandChange(volume: Volume, inode: Inode, name: string, call: Call): void {
  if (!canHave(volume, inode, name)) throw fail('EPERM', call)
  // What all may write and none delete, only its owner may mark.
  const isSticky = inode.type === 'directory' && (inode.mode & 0o1000) !== 0
  if (name.startsWith('user.') && isSticky && !owns(volume, inode)) throw fail('EPERM', call)
  if (!isOfSystem(name)) demand(volume, inode, WRITE, call)
  demandNamespace(name, call)
  if (isOfSystem(name) && (name.startsWith('system.') ? !owns(volume, inode) : !volume.privileged)) throw fail('EPERM', call)
}

/** Whether this kind of file and caller can have it at all. */
function canHave(volume: Volume, inode: Inode, name: string): boolean {
  if (name.startsWith('user.')) return inode.type === 'file' || inode.type === 'directory'
  return !name.startsWith('trusted.') || volume.privileged
}

/** Whether a file's permissions do not count for it. */
const isOfSystem = (name: string): boolean => /^(trusted|security|system)\./.test(name)

function demandNamespace(name: string, call: Call): void {
  const namespace = NAMESPACES.find((prefix) => name.startsWith(prefix))
  if (namespace === undefined) throw fail('EOPNOTSUPP', call)
  if (name === namespace) throw fail('EINVAL', call)
}
