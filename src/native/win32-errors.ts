// Names of Win32 errors: where an errno says the same, its name, so that `code` is what callers know. Source: Win32 "System Error Codes"; libuv maps alike.

const NAMES: ReadonlyMap<number, string> = new Map([
  [2, 'ENOENT'],
  [3, 'ENOENT'],
  [4, 'EMFILE'],
  [5, 'EACCES'],
  [6, 'EBADF'],
  [8, 'ENOMEM'],
  [32, 'EBUSY'],
  [50, 'ENOTSUP'],
  [80, 'EEXIST'],
  [87, 'EINVAL'],
  [120, 'ENOSYS'],
  [123, 'ENOENT'],
  [161, 'ENOENT'],
  [170, 'EBUSY'],
  [183, 'EEXIST'],
  [193, 'ENOEXEC'],
  [206, 'ENAMETOOLONG'],
  [216, 'ENOEXEC'],
  [231, 'EBUSY'],
  [267, 'ENOTDIR'],
  [740, 'EACCES'],
  [998, 'EFAULT'],
  [1314, 'EPERM'],
  [1816, 'EAGAIN'],
])

/** The errno's name for a Win32 error, else `WIN32_` and its number. */
export const win32ErrorName = (error: number): string => NAMES.get(error) ?? `WIN32_${error}`
