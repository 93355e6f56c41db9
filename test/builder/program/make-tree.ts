// A host root in a temporary directory, written from a table; gone when the test ends.
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type ProgramFile, programFiles } from '../../../src/builder/program/index.js'

/** By path: '-> target' is a link, other text a script or data file, bytes a file, null a directory. Files are 0755. */
export type TreeSpec = Readonly<Record<string, string | Uint8Array | null>>

/** An empty directory whose name holds no link. */
export function temporaryDirectory(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'stratabox-program-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  return root
}

/** Writes the tree and returns its root. */
export function makeTree(spec: TreeSpec): string {
  const root = temporaryDirectory()
  for (const [path, content] of Object.entries(spec)) {
    const at = join(root, path)
    mkdirSync(content === null ? at : dirname(at), { recursive: true })
    if (content === null) continue
    if (typeof content === 'string' && content.startsWith('-> ')) symlinkSync(content.slice(3), at)
    else {
      writeFileSync(at, content)
      chmodSync(at, 0o755)
    }
  }
  return root
}

/** What programFiles finds in such a tree, one line each: 'dir/', 'link -> target', 'file'. */
export async function listed(spec: TreeSpec, ...programs: string[]): Promise<string[]> {
  return (await programFiles(programs, { root: makeTree(spec) })).map(line)
}

/** The same, files only. */
export async function filesOf(spec: TreeSpec, ...programs: string[]): Promise<string[]> {
  return (await listed(spec, ...programs)).filter((text) => !text.endsWith('/') && !text.includes(' -> '))
}

const line = (file: ProgramFile) =>
  file.kind === 'directory' ? `${file.path}/` : file.kind === 'symlink' ? `${file.path} -> ${file.target}` : file.path
