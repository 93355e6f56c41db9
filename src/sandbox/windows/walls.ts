// The walls around a sandbox's processes: a token that can do less, a desktop of its own, a directory of named objects. Each is made, then asked what it is:
// what was called and what came of it are two things (Wine takes many calls and does nothing).
import { StrataError } from '../../core/index.js'
import { nativeWindows, type WindowsBinding } from '../../native/index.js'
import { encodeSid, securityFromSddl } from '../../windows-layer/index.js'
import type { IsolationEntry } from '../types.js'

const ADMINISTRATORS = 'S-1-5-32-544'
const POWER_USERS = 'S-1-5-32-547'
const LOW = 4096
const LOW_SID = 'S-1-16-4096'
/** Anybody of the session may use it, at any integrity: who is in it is decided by whom it is given to. */
const DESKTOP_SECURITY = 'D:(A;;GA;;;WD)(A;;GA;;;AC)S:(ML;;NW;;;LW)'

/** Something made, what it is worth, and how it is undone. */
export interface Wall<T> {
  readonly value: T | undefined
  readonly entry: IsolationEntry
  release(): void
}

const nothing = () => undefined

/** The entry for what the system refused. */
function refusal(error: unknown, how: string): IsolationEntry {
  if (!(error instanceof StrataError)) throw error
  return { status: 'refused', how, why: error.message }
}

/** A token of this user without privileges, in which administrators' groups only deny, at low integrity. */
export function restrictedToken(): Wall<number> & { readonly integrity: IsolationEntry } {
  const binding = nativeWindows()
  let token: number | undefined
  try {
    token = binding.restrictToken(true, [ADMINISTRATORS, POWER_USERS].map(encodeSid), [])
    binding.setIntegrity(token, encodeSid(LOW_SID))
  } catch (error) {
    if (token !== undefined) binding.closeHandle(token)
    const entry = refusal(error, 'no restricted token')
    return { value: undefined, entry, integrity: entry, release: nothing }
  }
  const made = token
  const { privileges, denied, integrity } = binding.tokenFacts(made)
  const isRestricted = privileges <= 1 && denied.includes(ADMINISTRATORS)
  return {
    value: made,
    entry: isRestricted
      ? { status: 'enforced', how: 'a restricted token: no privileges, administrators deny-only' }
      : {
          status: 'degraded',
          how: `a restricted token that keeps ${privileges} privileges${denied.includes(ADMINISTRATORS) ? '' : ' and administrators'}`,
          why: system(binding, 'does not take them away'),
        },
    integrity:
      integrity === LOW
        ? { status: 'enforced', how: 'low integrity: nothing of medium integrity can be written' }
        : { status: 'degraded', how: `integrity stays ${integrity}`, why: system(binding, 'does not lower it') },
    release: () => binding.closeHandle(made),
  }
}

/** An AppContainer of this name: no network, no files but those that are for all packages. */
export function appContainer(name: string): Wall<Uint8Array> {
  const binding = nativeWindows()
  try {
    const sid = binding.createContainer(name)
    return {
      value: sid,
      entry: { status: 'enforced', how: 'an AppContainer without capabilities' },
      release: () => binding.deleteContainer(name),
    }
  } catch (error) {
    return { value: undefined, entry: refusal(error, 'no AppContainer'), release: nothing }
  }
}

/** A window station with one desktop. The value is what STARTUPINFO names. */
export function privateDesktop(name: string): Wall<string> {
  const binding = nativeWindows()
  try {
    const [station, desktop] = binding.createDesktop(name, 'desktop', securityFromSddl(DESKTOP_SECURITY))
    return {
      value: `${name}\\desktop`,
      entry: { status: 'enforced', how: "a window station and desktop of its own: no window of the user's is in reach" },
      release: () => binding.closeDesktop(station, desktop),
    }
  } catch (error) {
    return { value: undefined, entry: refusal(error, "the user's desktop"), release: nothing }
  }
}

/** A directory for named objects. The value is its handle; programs find it by its name. */
export function objectDirectory(path: string): Wall<number> {
  const binding = nativeWindows()
  try {
    const directory = binding.createObjectDirectory(0, path)
    return {
      value: directory,
      entry: {
        status: 'degraded',
        how: `${path}, named in STRATABOX_OBJECTS`,
        why: 'only programs that ask for it use it: names without a path are still those of the session',
      },
      release: () => binding.closeHandle(directory),
    }
  } catch (error) {
    return { value: undefined, entry: refusal(error, "the session's names"), release: nothing }
  }
}

const system = (binding: WindowsBinding, what: string): string => {
  const wine = binding.wineVersion()
  return `${wine === undefined ? 'this Windows' : `Wine ${wine}`} ${what}`
}
