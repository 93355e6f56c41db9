// Carries out a .reg file on a key and what is below it.
import { createKey, findKey, type Key } from '../key.js'
import { upcase } from '../upcase.js'
import { parseReg } from './parse.js'
import { longPath } from './paths.js'

/** Applies `source` below `root`, which stands for the key `prefix` ('HKEY_LOCAL_MACHINE\\SOFTWARE', or 'HKLM\\SOFTWARE').
 *  Returns the paths that are not below `prefix`, which are left out. Nothing is changed where the text has an error. @throws FormatError that names the line */
export function importReg(root: Key, source: string | Uint8Array, prefix: string): string[] {
  const skipped = new Set<string>()
  for (const edit of parseReg(source)) {
    const path = below(edit.path, prefix)
    if (path === undefined) skipped.add(edit.path)
    else if (edit.kind === 'create-key') createKey(root, path)
    else if (edit.kind === 'set-value') createKey(root, path).setValue(edit.name, { type: edit.type, data: edit.raw })
    else if (edit.kind === 'delete-value') findKey(root, path)?.deleteValue(edit.name)
    else deleteKey(root, path)
  }
  return [...skipped]
}

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
