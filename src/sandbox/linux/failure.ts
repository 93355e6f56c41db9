// Failures as the supervisor, PID 1 and the helper tell them.
import { decodePath, errnoName, SyscallError } from '../../core/index.js'
import type { ReceivedStep } from '../../native/index.js'

const REMEDIES: Record<string, string> = {
  'clone3:EPERM':
    'allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)',
  'clone3:ENOSPC': 'raise user.max_user_namespaces, or close some sandboxes',
  'clone3:EAGAIN': 'raise the limit on processes (ulimit -u, pids.max), or close some sandboxes',
  'fsmount:EPERM':
    'show /proc unmasked: in a container, docker run --security-opt systempaths=unconfined (the kernel allows a new procfs only where one is fully visible)',
  'keyctl:EDQUOT': 'raise kernel.keys.maxkeys, or close some sandboxes',
  'open_tree:EINVAL': 'choose a directory with nothing mounted below it, or start the host process as root',
  'execve:ENOENT': 'check the name, the PATH inside and that the interpreter and libraries are in the image',
  'execve:EACCES': 'give the file execute permission for this user',
  'execve:ENOEXEC': 'start it through its interpreter, or add a #! line',
  'execve:E2BIG': 'pass long input through stdin or a file',
  'mkdir:EROFS':
    "the place to mount on is to be made in a tree that is read-only: choose another, or make it in the source, or use access: 'copy'",
  'open:EROFS':
    "the place to mount on is to be made in a tree that is read-only: choose another, or make it in the source, or use access: 'copy'",
  'mount_setattr:EINVAL':
    'a file system in the source cannot be mounted with mapped ids: mount parts without it, or run as an ordinary user',
  'chdir:ENOENT': 'create the directory, or choose another cwd',
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined || bytes.length === 0 ? undefined : decodePath(bytes.subarray(0, 4096))

/** The error in a message whose first int is an errno and whose strings are the system call, the step and the path. */
export function failureOf(step: ReceivedStep): SyscallError {
  const errno = Number(step.ints[0] ?? 0n)
  const code = errnoName(errno)
  const syscall = text(step.strings[0]) ?? 'unknown'
  const remedy = REMEDIES[`${syscall}:${code}`]
  return new SyscallError(
    { errno, code, syscall, step: text(step.strings[1]), path: text(step.strings[2]) },
    remedy === undefined ? {} : { remedy },
  )
}
