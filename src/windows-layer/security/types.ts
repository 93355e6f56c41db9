// A security descriptor in memory. Source: MS-DTYP 2.4.

/** One access control entry. */
export interface Ace {
  /** ACE_HEADER.AceType. */
  readonly type: number
  /** ACE_HEADER.AceFlags. */
  readonly flags: number
  /** Access mask, 32 bits. */
  readonly mask: number
  /** `S-1-…`. */
  readonly sid: string
  /** Of object entries: 8-4-4-4-12 hexadecimal digits, lower case. */
  readonly objectType?: string | undefined
  readonly inheritedObjectType?: string | undefined
}

/** Owner, group and the two lists; undefined: not present. `null`: present and empty of meaning, which gives all access. */
export interface SecurityDescriptor {
  /** The SE_DACL_… and SE_SACL_… bits that SDDL can say: protected, auto-inherited, auto-inherit required. */
  readonly control: number
  readonly owner: string | undefined
  readonly group: string | undefined
  readonly dacl: readonly Ace[] | null | undefined
  readonly sacl: readonly Ace[] | null | undefined
}

/** Bits of SECURITY_DESCRIPTOR_CONTROL. */
export const SE = {
  daclPresent: 0x0004,
  saclPresent: 0x0010,
  daclAutoInheritRequired: 0x0100,
  saclAutoInheritRequired: 0x0200,
  daclAutoInherited: 0x0400,
  saclAutoInherited: 0x0800,
  daclProtected: 0x1000,
  saclProtected: 0x2000,
  selfRelative: 0x8000,
} as const

/** The bits of `control` that mean something in text. */
export const SE_TEXT_BITS = 0x3f00
