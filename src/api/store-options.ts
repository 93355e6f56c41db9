// Options of the store's calls, and what they default to.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Abortable } from '../core/index.js'
import type { Image, ImageIndex } from '../image/index.js'
import { parseReference } from '../registry/index.js'
import type { RegistriesSettings } from '../transfer/index.js'
import type { SaveFormat } from './store-archive.js'

/** Options of `Store.open`. */
export interface StoreOptions extends Abortable {
  /** Default: `$XDG_DATA_HOME/stratabox`, else `~/.local/share/stratabox` (on Windows `%LOCALAPPDATA%\stratabox`). */
  readonly path?: string | undefined
  /** Only read: nothing is made, locked or swept. A store that this user cannot write is opened so by itself. Default: false. */
  readonly readOnly?: boolean | undefined
  /** Most bytes of content that the store shall have: whenever something was added, caches that nobody uses go, the least recently used first (see `trim`). Images
   *  with a reference, and what is in use, may be more. Default: no limit. */
  readonly quotaBytes?: number | undefined
  /** Mirrors, certificates and more for all pulls and pushes, by registry: `{ 'registry.example:5000': { ca } }`. */
  readonly registries?: RegistriesSettings | undefined
}

/** Options of `save`. */
export interface SaveOptions extends Abortable {
  readonly format: SaveFormat
  /** Save an image whose layers sit on this host's own files all the same. Default: false. */
  readonly allowHostBase?: boolean | undefined
}

/** What `save` takes: an image, an index, or a reference. */
export type Saved = Image | ImageIndex | string

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
