// Options of the store's calls, and what they default to.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { optionsObject, rejectUnknown } from '../core/index.js'
import type { Image, ImageIndex } from '../image/index.js'
import { parseReference } from '../registry/index.js'
import type { RegistriesSettings } from '../transfer/index.js'
import type { SaveFormat } from './store-archive.js'

/** Every call may be aborted. */
export interface StoreCallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Options of `Store.open`. */
export interface StoreOptions extends StoreCallOptions {
  /** Default: `$XDG_DATA_HOME/stratabox`, else `~/.local/share/stratabox` (on Windows `%LOCALAPPDATA%\stratabox`). */
  readonly path?: string | undefined
  /** Mirrors, certificates and more for all pulls and pushes, by registry: `{ 'registry.example:5000': { ca } }`. */
  readonly registries?: RegistriesSettings | undefined
}

/** Options of `save`. */
export interface SaveOptions extends StoreCallOptions {
  readonly format: SaveFormat
  /** Save an image whose layers sit on this host's own files all the same. Default: false. */
  readonly allowHostBase?: boolean | undefined
}

/** What `save` takes: an image, an index, or a reference. */
export type Saved = Image | ImageIndex | string

/** The options of a call, checked. @throws TypeError that names an unknown one @throws the signal's reason where it is aborted */
export function check<T extends StoreCallOptions>(options: T | undefined, of: string, known: readonly string[] = []): T {
  const given = optionsObject(options, of)
  rejectUnknown(given, [...known, 'signal'], of)
  if (given.signal !== undefined && !(given.signal instanceof AbortSignal)) throw new TypeError(`${of}: signal must be an AbortSignal`)
  given.signal?.throwIfAborted()
  return given
}

/** @throws FormatError | TypeError for what is no reference */
export function checkRef(ref: string): string {
  parseReference(ref)
  return ref
}

/** docker load names an image only with a tag. */
export const withTag = (ref: string): string => (parseReference(ref).tag === undefined ? `${ref}:latest` : ref)

/** Where `Store.open` opens one when no path is given. */
export function defaultPath(): string {
  if (process.platform === 'win32') return join(process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'stratabox')
  // The basedir specification: a relative path in the variable is to be ignored.
  const data = process.env['XDG_DATA_HOME']
  return join(data?.startsWith('/') === true ? data : join(homedir(), '.local', 'share'), 'stratabox')
}
