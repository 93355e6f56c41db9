// Where things lie in a Windows layer, and which names Windows can have. Source: Win32 "Naming Files, Paths, and Namespaces".
import { UnsupportedError } from '../core/index.js'

/** The top directories of a layer. */
export const FILES = '/Files'
export const HIVES = '/Hives'
export const UTILITY_VM = '/UtilityVM'
/** The files of the virtual machine that Hyper-V isolation boots. */
export const UTILITY_VM_FILES = '/UtilityVM/Files'

const FORBIDDEN = /[\u0000-\u001f<>:"|?*\\]/
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i
const NAME_MAX = 255

/** Names as Windows compares them, as far as that matters for finding two that clash. */
export const foldCase = (path: string): string => path.toUpperCase()

/** Whether `path` is in `directory` (or is it), without regard to case. */
export const isBelow = (path: string, directory: string): boolean => {
  const [folded, top] = [foldCase(path), foldCase(directory)]
  return folded === top || folded.startsWith(`${top}/`)
}

/** @throws UnsupportedError for a path of a Linux tree that Windows cannot have: a colon would name a stream, a trailing dot would vanish */
export function checkWindowsPath(path: string): void {
  for (const name of path.split('/').slice(1)) {
    const wrong = FORBIDDEN.test(name)
      ? 'holds a character that names on Windows cannot have'
      : DEVICE.test(name)
        ? 'is the name of a device on Windows'
        : /[. ]$/.test(name) && name !== ''
          ? 'ends in a dot or a space, which Windows drops'
          : name.length > NAME_MAX
            ? `has more than ${NAME_MAX} characters`
            : undefined
    if (wrong !== undefined)
      throw new UnsupportedError(`${JSON.stringify(path)}: ${JSON.stringify(name)} ${wrong}`, { remedy: 'rename the file' })
  }
}
