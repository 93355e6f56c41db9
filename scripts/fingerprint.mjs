// Tells whether an output is still that of its sources: a digest of names and contents, because file times do not survive a checkout.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './run.mjs'

/** Every file below `path` (or `path` itself), relative to the repository, sorted. Nothing when it does not exist. */
export function filesBelow(path) {
  const at = join(root, path)
  if (!existsSync(at)) return []
  if (!statSync(at).isDirectory()) return [path]
  return readdirSync(at)
    .sort()
    .flatMap((name) => filesBelow(`${path}/${name}`))
}

/** One digest for the contents of files and folders, and of what else the output hangs on. */
export function fingerprint(paths, ...more) {
  const hash = createHash('sha256').update(JSON.stringify(more))
  for (const file of paths.flatMap(filesBelow)) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** Whether the stamp file says that its outputs came from sources with this fingerprint. */
export const isStamped = (stamp, value) => existsSync(join(root, stamp)) && readFileSync(join(root, stamp), 'utf8') === value

/** Writes the stamp, last of all. */
export function writeStamp(stamp, value) {
  mkdirSync(dirname(join(root, stamp)), { recursive: true })
  writeFileSync(join(root, stamp), value)
}
