// The merged tree of an image in the form of the corpus's treewalk.py.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { encodePath } from '../../../src/core/index.js'
import { type Image, mergeLayers } from '../../../src/image/index.js'

/** A line of a `.expected.jsonl` file. */
export type TreeLine = Record<string, unknown> & { readonly path: string }

const latin1 = (path: string) => Buffer.from(encodePath(path)).toString('latin1')
const NS = 1_000_000_000n

/** Walks an image as treewalk.py walks a directory. Directories without an entry have no times. */
export async function treeOf(image: Image): Promise<Map<string, TreeLine>> {
  const layers = await image.layers()
  const rows = await mergeLayers(layers)
  const wanted = new Map<string, string[]>()
  for (const { path, inode } of rows) {
    if (inode !== undefined && inode.entry.type !== 'directory') {
      const key = `${inode.layer}:${inode.ordinal}`
      wanted.set(key, [...(wanted.get(key) ?? []), path])
    }
  }
  const hashes = new Map<string, string>()
  for (const [index, layer] of layers.entries()) {
    let ordinal = 0
    for await (const entry of layer.entries()) {
      const key = `${index}:${ordinal++}`
      if (entry.type !== 'file' || !wanted.has(key)) continue
      const hash = createHash('sha256')
      for await (const chunk of entry.content()) hash.update(chunk)
      hashes.set(key, hash.digest('hex'))
    }
  }
  const out = new Map<string, TreeLine>()
  for (const { path, inode } of rows) {
    if (inode === undefined) {
      out.set(latin1(path), { path: latin1(path), type: 'dir', mode: '0o755', uid: 0, gid: 0 })
      continue
    }
    const { entry } = inode
    const key = `${inode.layer}:${inode.ordinal}`
    const seconds = entry.mtimeNs / NS - (entry.mtimeNs % NS < 0n ? 1n : 0n)
    const names = Object.keys(entry.xattrs)
    const group = wanted.get(key) ?? []
    out.set(latin1(path), {
      path: latin1(path),
      type: entry.type === 'directory' ? 'dir' : entry.type,
      mode: entry.type === 'symlink' ? '0o777' : `0o${entry.mode.toString(8)}`,
      uid: entry.uid,
      gid: entry.gid,
      mtime: Number(seconds),
      mtime_ns: Number(entry.mtimeNs - seconds * NS),
      ...(entry.type === 'file' ? { size: entry.size, sha256: hashes.get(key) } : {}),
      ...(entry.type === 'symlink' ? { target: latin1(entry.target) } : {}),
      ...(entry.type === 'char' || entry.type === 'block' ? { rdev: [entry.major, entry.minor] } : {}),
      ...(names.length === 0
        ? {}
        : { xattrs: Object.fromEntries(names.map((name) => [name, Buffer.from(entry.xattrs[name]!).toString('hex')])) }),
      ...(group.length > 1 ? { hl: group.map(latin1).sort()[0] } : {}),
    })
  }
  return out
}

/** The lines of a `.expected.jsonl` file by path. */
export function expectedTree(path: string): Map<string, TreeLine> {
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return new Map(lines.map((line) => JSON.parse(line) as TreeLine).map((line) => [line.path, line]))
}
