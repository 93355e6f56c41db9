// A registry for one process tree: views of hives where the caller wants them, links to the real keys for all the rest, and RegOverridePredefKey in each
// command before its first instruction. What was written is read back and goes to the views' top deltas.
import { UnsupportedError } from '../../core/index.js'
import { type Key, type LayeredHive, typeNumber } from '../../hive/index.js'
import { type Handle, nativeWindows, type WindowsBinding } from '../../native/index.js'
import { utf16 } from '../job/command-line.js'
import type { IsolationEntry } from '../types.js'

const HKLM = 0x80000002
const HKCU = 0x80000001
const VOLATILE = 1
const CREATE_LINK = 2
const OPEN_LINK = 8
const ALL_ACCESS = 0xf003f
const REG_LINK = 6
/** Where the keys of all sandboxes are, one each, named by the process that made it. */
const HOME = 'SOFTWARE\\stratabox'

/** What can be overridden: its number, and its place in the registry proper. */
const PREDEFINED: ReadonlyMap<string, { readonly key: number; ntPath(binding: WindowsBinding): string }> = new Map([
  ['HKLM', { key: HKLM, ntPath: () => '\\Registry\\Machine' }],
  ['HKCU', { key: HKCU, ntPath: (binding: WindowsBinding) => `\\Registry\\User\\${binding.userSid()}` }],
])
const LONG: ReadonlyMap<string, string> = new Map([
  ['HKEY_LOCAL_MACHINE', 'HKLM'],
  ['HKEY_CURRENT_USER', 'HKCU'],
])

/** The keys of a predefined handle are numbers of 32 bits with a sign. */
const predefined = (key: number): Handle => key - 2 ** 32

interface Mapping {
  readonly root: string
  /** Below the root; at least one part. */
  readonly parts: readonly string[]
  readonly view: LayeredHive
}

/** One sandbox's registry. */
export class RegistryView {
  readonly entry: IsolationEntry
  readonly #binding: WindowsBinding
  readonly #mappings: readonly Mapping[]
  readonly #home: { readonly parent: Handle; readonly path: string }
  readonly #roots: ReadonlyMap<string, Handle>

  /** Makes it. `id`: of the sandbox. @throws TypeError | UnsupportedError for paths that cannot be overridden; SyscallError */
  constructor(id: string, registry: Readonly<Record<string, LayeredHive>>) {
    this.#binding = nativeWindows()
    this.#mappings = Object.entries(registry).map(([path, view]) => mappingOf(path, view))
    // Links out of a hive that users may write are not followed into one of the system's: only an administrator gets the whole picture.
    const [parent, hasLinks] = this.#mayWriteMachine() ? [predefined(HKLM), true] : [predefined(HKCU), false]
    this.#home = { parent, path: `${HOME}\\${process.pid}-${id}` }
    this.#sweep(parent)
    const roots = new Map<string, Handle>()
    this.#roots = roots
    try {
      for (const name of new Set(this.#mappings.map(({ root }) => root))) {
        const handle = this.#binding.createKey(parent, `${this.#home.path}\\${name}`, 0)
        roots.set(name, handle)
        const mappings = this.#mappings.filter(({ root }) => root === name)
        const { key, ntPath } = PREDEFINED.get(name)!
        this.#level(handle, mappings, predefined(key), hasLinks ? ntPath(this.#binding) : undefined)
      }
    } catch (error) {
      this.close(false)
      throw error
    }
    this.entry = {
      status: 'degraded',
      how: `${Object.keys(registry).join(', ')} by RegOverridePredefKey${hasLinks ? '' : '; no other keys beside them'}`,
      why: 'holds for a command itself, not for programs that it starts, nor for one that calls the kernel past Win32',
    }
  }

  /** What a command inherits, and sees as which predefined key. */
  get overrides(): readonly (readonly [predefined: number, key: Handle])[] {
    return [...this.#roots].map(([name, handle]) => [PREDEFINED.get(name)!.key, handle])
  }

  /** Takes what was written into the views (`keep`), and removes the keys. */
  close(keep: boolean): void {
    const binding = this.#binding
    if (keep) for (const { root, parts, view } of this.#mappings) this.#readBack(this.#roots.get(root)!, parts, view)
    for (const handle of this.#roots.values()) {
      this.#removeLinks(handle)
      binding.closeKey(handle)
    }
    binding.deleteKeyTree(this.#home.parent, this.#home.path)
  }

  #mayWriteMachine(): boolean {
    try {
      this.#binding.closeKey(this.#binding.createKey(predefined(HKLM), HOME, 0))
      return true
    } catch (error) {
      if ((error as { code?: string }).code !== 'EACCES') throw error
      return false
    }
  }

  /** Removes what processes left that ended without closing their sandboxes. */
  #sweep(parent: Handle): void {
    const binding = this.#binding
    const home = binding.createKey(parent, HOME, 0)
    try {
      for (const name of binding.subkeys(home)) {
        if (isAlive(Number.parseInt(name, 10))) continue
        const left = binding.openKey(home, name, 0, ALL_ACCESS)
        try {
          this.#removeLinks(left)
        } finally {
          binding.closeKey(left)
        }
        binding.deleteKeyTree(home, name)
      }
    } finally {
      binding.closeKey(home)
    }
  }

  /** One level of a predefined key's tree: views where they belong, links to the real keys beside them. */
  #level(into: Handle, mappings: readonly Mapping[], real: Handle | undefined, ntPath: string | undefined): void {
    const binding = this.#binding
    const byName = new Map<string, Mapping[]>()
    for (const mapping of mappings) {
      const name = mapping.parts[0]!.toUpperCase()
      byName.set(name, [...(byName.get(name) ?? []), mapping])
    }
    if (real !== undefined && ntPath !== undefined) {
      const isHidden = (name: string) =>
        byName.has(name.toUpperCase()) || `${ntPath}\\${name}`.toUpperCase().endsWith(`MACHINE\\${HOME}`.toUpperCase())
      for (const name of binding.subkeys(real)) if (!isHidden(name)) this.#link(into, name, `${ntPath}\\${name}`)
      for (const [name, type, bytes] of binding.keyValues(real)) binding.setKeyValue(into, name, type, bytes)
    }
    for (const group of byName.values()) {
      const [first] = group as [Mapping]
      const [name, ...rest] = first.parts as [string, ...string[]]
      // Not volatile: in a volatile key programs can make only volatile ones.
      const key = binding.createKey(into, name, 0)
      try {
        if (rest.length === 0) {
          if (group.length > 1) throw new TypeError(`registry: ${first.root}\\${name} and keys below it`)
          write(binding, key, first.view.root)
          continue
        }
        const below = group.map((mapping) => ({ ...mapping, parts: mapping.parts.slice(1) }))
        const opened = ntPath === undefined || real === undefined ? undefined : openOrNone(binding, real, name)
        try {
          this.#level(key, below, opened, ntPath === undefined ? undefined : `${ntPath}\\${name}`)
        } finally {
          if (opened !== undefined) binding.closeKey(opened)
        }
      } finally {
        binding.closeKey(key)
      }
    }
  }

  #link(into: Handle, name: string, target: string): void {
    const link = this.#binding.createKey(into, name, VOLATILE | CREATE_LINK)
    try {
      this.#binding.setKeyValue(link, 'SymbolicLinkValue', REG_LINK, utf16(target))
    } finally {
      this.#binding.closeKey(link)
    }
  }

  #readBack(root: Handle, parts: readonly string[], view: LayeredHive): void {
    const key = this.#binding.openKey(root, parts.join('\\'), 0, ALL_ACCESS)
    try {
      read(this.#binding, key, view.root)
    } finally {
      this.#binding.closeKey(key)
    }
  }

  /** Deleting a tree would follow links into the real registry: they go first. */
  #removeLinks(key: Handle): void {
    const binding = this.#binding
    for (const name of binding.subkeys(key)) {
      const below = binding.openKey(key, name, OPEN_LINK, ALL_ACCESS)
      try {
        const isLink = binding.keyValues(below).some(([value, type]) => type === REG_LINK && value === 'SymbolicLinkValue')
        if (isLink) binding.deleteKeyLink(below)
        else this.#removeLinks(below)
      } finally {
        binding.closeKey(below)
      }
    }
  }
}

function mappingOf(path: string, view: LayeredHive): Mapping {
  const [head = '', ...parts] = path.split('\\')
  const root = LONG.get(head.toUpperCase()) ?? head.toUpperCase()
  if (parts.length === 0 || parts.includes('')) throw new TypeError(`registry: not a key below HKLM or HKCU: ${JSON.stringify(path)}`)
  if (!PREDEFINED.has(root))
    throw new UnsupportedError(`registry: ${JSON.stringify(path)}: only keys below HKLM and HKCU can be views`, {
      remedy: 'use one of those',
    })
  if (typeof view?.root?.subkeys !== 'function') throw new TypeError(`registry: ${JSON.stringify(path)} must be a LayeredHive`)
  return { root, parts, view }
}

function openOrNone(binding: WindowsBinding, parent: Handle, name: string): Handle | undefined {
  try {
    return binding.openKey(parent, name, 0, 0x20019)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error
    return undefined
  }
}

/** A view's keys and values into a real key. */
function write(binding: WindowsBinding, into: Handle, key: Key): void {
  for (const { name, type, raw } of key.values()) binding.setKeyValue(into, name, typeNumber(type), raw)
  for (const subkey of key.subkeys()) {
    const below = binding.createKey(into, subkey.name, 0)
    try {
      write(binding, below, subkey)
    } finally {
      binding.closeKey(below)
    }
  }
}

/** What a real key has now into a view: only what differs is written. */
function read(binding: WindowsBinding, from: Handle, key: Key): void {
  const values = new Map(binding.keyValues(from).map((value) => [value[0].toUpperCase(), value]))
  for (const { name } of [...key.values()]) if (!values.has(name.toUpperCase())) key.deleteValue(name)
  for (const [name, type, bytes] of values.values()) {
    const old = key.value(name)
    if (old === undefined || typeNumber(old.type) !== type || !equal(old.raw, bytes)) key.setValue(name, { type, data: bytes })
  }
  const names = new Map(binding.subkeys(from).map((name) => [name.toUpperCase(), name]))
  for (const { name } of [...key.subkeys()]) if (!names.has(name.toUpperCase())) key.deleteSubkey(name)
  for (const name of names.values()) {
    const below = binding.openKey(from, name, 0, 0x20019)
    try {
      read(binding, below, key.createSubkey(name))
    } finally {
      binding.closeKey(below)
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: string }).code !== 'ESRCH'
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, k) => byte === b[k])
