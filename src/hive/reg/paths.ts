// Key paths of .reg files: the names of the predefined keys, long and short.

const SHORT: Readonly<Record<string, string>> = {
  HKLM: 'HKEY_LOCAL_MACHINE',
  HKCU: 'HKEY_CURRENT_USER',
  HKCR: 'HKEY_CLASSES_ROOT',
  HKU: 'HKEY_USERS',
  HKCC: 'HKEY_CURRENT_CONFIG',
}

/** `path` with the long name of its predefined key. */
export function longPath(path: string): string {
  const [first = '', ...rest] = path.split('\\')
  return [SHORT[first.toUpperCase()] ?? first, ...rest].join('\\')
}
