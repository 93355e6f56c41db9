// Who may write where: the quarantine is labelled low, which all processes of the sandbox are; what it is only to read stays medium.
// Source: Win32 "Mandatory Integrity Control", "ACE Strings".
import { SyscallError } from '../../../core/index.js'
import { nativeWindows } from '../../../native/index.js'
import { securityFromSddl, securityToSddl } from '../../../windows-layer/index.js'

// DACL_SECURITY_INFORMATION, LABEL_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION
const DACL = 0x4
const LABEL = 0x10
const PROTECTED = 0x80000000

/** A directory that this user and the sandbox's container (its SID, where it has one) may use, at low integrity or at medium. Both are inherited. Whether
 *  the system keeps the label; Wine does not. */
export function secure(path: string, container: string | undefined, level: 'low' | 'medium'): boolean {
  const binding = nativeWindows()
  const rights = level === 'low' ? 'FA' : '0x1200a9'
  const theirs = container === undefined ? '' : `(A;OICI;${rights};;;${container})`
  const label = level === 'low' ? 'LW' : 'ME'
  const dacl = `D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;${binding.userSid()})${theirs}`
  binding.setFileSecurity(path, DACL | PROTECTED, securityFromSddl(dacl))
  try {
    binding.setFileSecurity(path, LABEL, securityFromSddl(`S:(ML;OICI;NW;;;${label})`))
    return securityToSddl(binding.fileSecurity(path, LABEL)).includes(`;${label})`)
  } catch (error) {
    // No label on this file system, or none for this user: the report says that there is no such wall.
    if (!(error instanceof SyscallError)) throw error
    return false
  }
}
