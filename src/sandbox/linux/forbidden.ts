// Why namespaces cannot be made here, and what to do about it. What forbids them is found out by trying; the files only explain what came of it.
import { existsSync, readFileSync } from 'node:fs'
import { SyscallError, UnsupportedError } from '../../core/index.js'

/** Looks at the host; '' for a file that is not there or not ours to read. */
export type ReadText = (path: string) => string

// A file that is there and empty marks something too.
const readHost: ReadText = (path) => {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8').trim() || ' ' : ''
  } catch (error) {
    if (['EACCES', 'EPERM', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

interface Reason {
  readonly why: string
  readonly remedy: string
}

const CONTAINER: Reason = {
  why: 'this process is in a container whose own filter or masks forbid it',
  remedy:
    'docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined; podman run --security-opt seccomp=unconfined --security-opt unmask=ALL',
}

function isInContainer(read: ReadText): boolean {
  const marks = /docker|containerd|kubepods|libpod|lxc/
  return (
    read('/.dockerenv') !== '' ||
    read('/run/.containerenv') !== '' ||
    marks.test(read('/proc/1/cgroup')) ||
    read('/proc/1/environ').includes('container=')
  )
}

/** What the host's settings say about it, most certain first. */
export function reasonFor(read: ReadText = readHost): Reason {
  if (read('/proc/sys/user/max_user_namespaces') === '0')
    return { why: 'user.max_user_namespaces is 0', remedy: 'sysctl -w user.max_user_namespaces=15000' }
  if (read('/proc/sys/kernel/unprivileged_userns_clone') === '0')
    return { why: 'kernel.unprivileged_userns_clone is 0', remedy: 'sysctl -w kernel.unprivileged_userns_clone=1' }
  if (read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1')
    return {
      why: 'AppArmor restricts the user namespaces of ordinary users (Ubuntu 23.10 and later)',
      remedy: "an AppArmor profile for node with the rule 'userns,', or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    }
  if (isInContainer(read)) return CONTAINER
  return {
    why: 'the kernel or a security module refuses them',
    remedy: 'allow unprivileged user namespaces (user.max_user_namespaces, CONFIG_USER_NS, the policy of the security module)',
  }
}

const FORBIDDEN = ['EPERM', 'EACCES', 'ENOSPC', 'ENOSYS', 'EUSERS', 'EINVAL']
// What fails first where namespaces are forbidden: making one, mapping its ids, and the first mounts in it.
const FIRST_CALLS = ['clone3', 'unshare', 'setns', 'fsmount', 'fsopen']

/** Whether a failure is the host's refusal of namespaces, and not of something in one sandbox. */
export function isForbidden(error: unknown): error is SyscallError {
  if (!(error instanceof SyscallError) || !FORBIDDEN.includes(error.code)) return false
  const { syscall, path = '' } = error
  return FIRST_CALLS.includes(syscall) || /uid_map|gid_map|setgroups/.test(path) || (syscall === 'mount' && path === '/')
}

/** The same failure with the reason and the remedy; any other error as it is. */
export function explained(error: unknown, read: ReadText = readHost): unknown {
  if (!isForbidden(error)) return error
  const { why, remedy } = error.syscall === 'fsmount' && error.path === 'proc' ? CONTAINER : reasonFor(read)
  return new UnsupportedError(`sandboxes need user namespaces, and they cannot be made here: ${why} (${error.syscall}: ${error.code})`, {
    remedy,
    cause: error,
  })
}
