// The files in an archive by name. Links are followed inside the archive only: a name never reaches the host.
import { collect, FormatError, imagePath, joinPath, memberPath, parentPath } from '../core/index.js'
import { type RandomAccess, rangeOf, readTar } from '../tar/index.js'

const MEMBERS_MAX = 100_000
const HOPS_MAX = 8

/** A regular file in an archive. */
export interface ArchivedFile {
  readonly size: number
  open(): AsyncIterable<Uint8Array>
}

type Member = { readonly kind: 'file'; readonly start: number; readonly size: number } | { readonly kind: 'link'; readonly target: string }

/** The members of an archive that lies in a file. */
export class ArchiveFiles {
  private constructor(
    readonly input: RandomAccess,
    readonly members: ReadonlyMap<string, Member>,
  ) {}

  /** Reads the headers alone. @throws FormatError for what is no tar, has names that lead out, or more than 100,000 members */
  static async of(input: RandomAccess): Promise<ArchiveFiles> {
    const members = new Map<string, Member>()
    for await (const entry of readTar(input)) {
      const path = memberPath(entry.name, entry.headerOffset)
      if (entry.type === 'file') {
        if (entry.sparse !== undefined) throw new FormatError('a sparse file in an image archive', { offset: entry.headerOffset })
        members.set(path, { kind: 'file', start: entry.dataOffset, size: entry.size })
      } else if (entry.type === 'symlink' || entry.type === 'hardlink') {
        const target =
          entry.type === 'symlink' && !entry.linkName.startsWith('/') ? joinPath(parentPath(path), entry.linkName) : entry.linkName
        if (target !== '') members.set(path, { kind: 'link', target: imagePath(target) })
      }
      if (members.size > MEMBERS_MAX) throw new FormatError(`more than ${MEMBERS_MAX} members`)
    }
    return new ArchiveFiles(input, members)
  }

  has(name: string): boolean {
    return this.members.has(memberPath(name))
  }

  /** @throws FormatError where there is no such file */
  file(name: string): ArchivedFile {
    let path = memberPath(name)
    for (let hops = 0; hops <= HOPS_MAX; hops++) {
      const member = this.members.get(path)
      if (member === undefined) break
      if (member.kind === 'file') {
        const { start, size } = member
        return { size, open: () => rangeOf(this.input, start, start + size) }
      }
      path = member.target
    }
    throw new FormatError(`the archive has no file ${JSON.stringify(name.slice(0, 200))}`)
  }

  /** All bytes of a small file. @throws FormatError where it is larger than `maxBytes` or not there */
  async bytes(name: string, maxBytes: number): Promise<Uint8Array> {
    const file = this.file(name)
    if (file.size > maxBytes) throw new FormatError(`${name} has ${file.size} bytes, more than ${maxBytes}`)
    return collect(file.open(), maxBytes)
  }
}
