// From a tar to layer entries. Source: image-spec layer.md.
import { FormatError } from '../core/index.js'
import { readTar, type TarEntry } from '../tar/index.js'
import type { InodeEntry, LayerEntry } from './entry.js'
import { linkTarget, markerOf, memberName } from './names.js'

/** Largest id a file can have: 2^32 - 1 means "leave as it is" to chown(2). */
const ID_MAX = 2 ** 32 - 2

/** The entries of a layer in the tar's order. AUFS leftovers (`.wh..wh.plnk` …) are passed over. `open` gives the uncompressed tar.
 *  A file's `content()` is cheapest when it is read before the next entry is asked for; later (or a second time) it reads the tar again up to the file.
 *  @throws FormatError for a broken tar, a name that leads out of the root, and what no layer may hold */
export async function* readEntries(open: () => AsyncIterable<Uint8Array>): AsyncGenerator<LayerEntry> {
  for await (const member of readTar(open())) {
    const { headerOffset } = member
    // Let go of the member once it is past: whoever keeps 100,000 entries must not keep what they were read from.
    const current: Current = { member }
    const entry = entryOf(member, () => contentOf(open, headerOffset, current))
    if (entry !== undefined) yield entry
    current.member = undefined
  }
}

interface Current {
  member: TarEntry | undefined
}

function contentOf(open: () => AsyncIterable<Uint8Array>, headerOffset: number, current: Current): AsyncIterable<Uint8Array> {
  const { member } = current
  current.member = undefined
  return member === undefined ? reopened(open, headerOffset) : member.content()
}

async function* reopened(open: () => AsyncIterable<Uint8Array>, headerOffset: number): AsyncGenerator<Uint8Array> {
  for await (const member of readTar(open())) {
    if (member.headerOffset !== headerOffset) continue
    yield* member.content()
    return
  }
}

/** The entry that a tar member stands for; undefined for AUFS leftovers. @throws FormatError */
export function entryOf(member: TarEntry, content: () => AsyncIterable<Uint8Array>): LayerEntry | undefined {
  const offset = member.headerOffset
  const path = memberName(member.name, offset)
  const marker = markerOf(path, offset)
  if (marker === 'leftover') return undefined
  if (marker !== undefined) return marker
  if (path === '/' && member.type !== 'directory') throw new FormatError('the root is no directory', { offset })
  if (member.uid > ID_MAX || member.gid > ID_MAX) throw new FormatError(`an owner out of range: ${member.uid}:${member.gid}`, { offset })
  const entry = plainEntry(member, path, content)
  return member.records === undefined ? entry : { ...entry, records: member.records }
}

function plainEntry(member: TarEntry, path: string, content: () => AsyncIterable<Uint8Array>): InodeEntry {
  const offset = member.headerOffset
  // Field by field: a spread costs several microseconds, and layers have 100,000 entries.
  const { type, mode, uid, gid, mtimeNs, xattrs } = member
  switch (type) {
    case 'file':
      return { type, path, mode, uid, gid, mtimeNs, xattrs, size: member.size, content }
    case 'directory':
    case 'fifo':
      return { type, path, mode, uid, gid, mtimeNs, xattrs }
    case 'symlink':
      return { type, path, mode, uid, gid, mtimeNs, xattrs, target: symlinkTarget(member.linkName, offset) }
    case 'hardlink':
      return { type, path, mode, uid, gid, mtimeNs, xattrs, target: linkTarget(member.linkName, path, offset) }
    case 'char':
    case 'block':
      // As an overlay's own whiteout it would delete what a layer below has.
      if (type === 'char' && member.devMajor === 0 && member.devMinor === 0) throw new FormatError('a character device 0:0', { offset })
      return { type, path, mode, uid, gid, mtimeNs, xattrs, major: member.devMajor, minor: member.devMinor }
  }
}

function symlinkTarget(target: string, offset: number): string {
  if (target === '') throw new FormatError('a symbolic link without a target', { offset })
  return target
}
