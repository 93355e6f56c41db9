// Carries out a .reg file on a key and what is below it.
import { FormatError } from '../../core/index.js'
import { createKey, DEPTH_MAX, findKey, type Key } from '../key.js'
import { upcase } from '../upcase.js'
import { parseReg } from './parse.js'
import { longPath } from './paths.js'

/** Applies `source` below `root`, which stands for the key `prefix` ('HKEY_LOCAL_MACHINE\\SOFTWARE', or 'HKLM\\SOFTWARE').
 *  Returns the paths that are not below `prefix`, which are left out. Nothing is changed where the text has an error. @throws FormatError that names the line */
export function importReg(root: Key, source: string | Uint8Array, prefix: string): string[] {
  const skipped = new Set<string>()
  const edits = parseReg(source).map((edit) => [edit, below(edit.path, prefix)] as const)
  for (const [{ kind }, path] of edits) if (kind === 'create-key' && path !== undefined) checkDepth(root, path)
  for (const [edit, path] of edits) {
    if (path === undefined) skipped.add(edit.path)
    else if (edit.kind === 'create-key') createKey(root, path)
    else if (edit.kind === 'set-value') createKey(root, path).setValue(edit.name, { type: edit.type, data: edit.raw })
    else if (edit.kind === 'delete-value') findKey(root, path)?.deleteValue(edit.name)
    else deleteKey(root, path)
  }
  return [...skipped]
}

function checkDepth(root: Key, path: string): void {
  const depth = levels(root.path) + levels(path)
  if (depth > DEPTH_MAX) throw new FormatError(`.reg: a key ${depth} levels deep; keys lie at most ${DEPTH_MAX} deep`)
}

const levels = (path: string): number => (path === '' ? 0 : path.split('\\').length)

function below(path: string, prefix: string): string | undefined {
  const long = longPath(path)
  const start = longPath(prefix)
  if (upcase(long) === upcase(start)) return ''
  return upcase(long).startsWith(`${upcase(start)}\\`) ? long.slice(start.length + 1) : undefined
}

function deleteKey(root: Key, path: string): void {
  // The root stays: what it holds goes.
  if (path === '') {
    for (const { name } of [...root.subkeys()]) root.deleteSubkey(name)
    for (const { name } of [...root.values()]) root.deleteValue(name)
    return
  }
  const cut = path.lastIndexOf('\\')
  findKey(root, cut < 0 ? '' : path.slice(0, cut))?.deleteSubkey(path.slice(cut + 1))
}
