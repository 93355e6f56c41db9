// Loads the addon when it is first needed, never at import, and says what to install when it cannot.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errnoName, SyscallError, UnsupportedError } from '../core/index.js'
import type { NativeBinding } from './binding.js'
import { win32ErrorName } from './win32-errors.js'
import type { WindowsBinding } from './windows-binding.js'
import { windowsFiles } from './windows-files.js'

const isWindows = process.platform === 'win32'
let loaded: NativeBinding | undefined

/** The addon. @throws UnsupportedError where it was not built for this machine */
export function native(): NativeBinding {
  loaded ??= load()
  return loaded
}

/** The addon on Windows. @throws UnsupportedError on other systems, and where it was not built */
export function nativeWindows(): WindowsBinding {
  if (!isWindows) throw new UnsupportedError(`this needs Windows, not ${process.platform}`, { remedy: 'run it on Windows 10 or later' })
  return native() as unknown as WindowsBinding
}

/** The folder of this package: the nearest one above with its package.json. */
export function packageRoot(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const manifest = join(at, 'package.json')
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'stratabox') return at
    if (at === dirname(at))
      throw new UnsupportedError('the package folder of stratabox was not found', { remedy: 'import it from an installed package' })
  }
}

/** Where the build puts the addon and the supervisor. STRATABOX_NATIVE, below the package's folder unless absolute, names another build (a sanitizer's,
 *  say). Whoever sets the environment of a Node program chooses its code anyhow (NODE_OPTIONS), so this gives nobody a new power. */
export function nativeDirectory(): string {
  const directory = process.env['STRATABOX_NATIVE'] ?? join('build', 'Release')
  // A bundle of this library has no package folder, but can be told where the addon is.
  return isAbsolute(directory) ? directory : join(packageRoot(), directory)
}

function load(): NativeBinding {
  const file = join(nativeDirectory(), 'stratabox.node')
  try {
    return typed(createRequire(import.meta.url)(file) as NativeBinding)
  } catch (cause) {
    throw new UnsupportedError(
      `the native addon could not be loaded from ${file} (${process.platform}-${process.arch}, Node ${process.version})`,
      {
        code: 'ERR_NATIVE_MISSING',
        remedy: 'install a C++20 compiler, make and cmake, then run: npm rebuild stratabox (in a checkout: npm run build)',
        cause,
      },
    )
  }
}

/** The addon throws plain errors with `errno` and `syscall`; everything above sees SyscallError. */
function typed(binding: NativeBinding): NativeBinding {
  const wrapped: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(binding)) {
    if (typeof member !== 'function') continue
    wrapped[name] = (...args: unknown[]) => {
      try {
        return (member as (...args: unknown[]) => unknown)(...args)
      } catch (cause) {
        const { errno, isErrno, syscall, path } = cause as { errno?: number; isErrno?: boolean; syscall?: string; path?: string }
        if (typeof errno !== 'number' || syscall === undefined) throw cause
        // On Windows calls about files speak of Linux's errnos, all others of Win32's errors.
        const code = isWindows && isErrno !== true ? win32ErrorName(errno) : errnoName(errno)
        throw new SyscallError({ errno, code, syscall, path }, { cause })
      }
    }
  }
  return (isWindows ? { ...wrapped, ...windowsFiles } : wrapped) as unknown as NativeBinding
}
