// Reads src/ as the architecture tests need it: files, rooms, and every import with its kind.
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** One import, `export … from`, `import()` or `import('…').Type` of a file. */
export interface Import {
  /** As written: './a.js', 'node:fs', '#hash', 'fflate'. */
  readonly specifier: string
  readonly kind: 'static' | 're-export' | 'dynamic'
  readonly typeOnly: boolean
  /** The file of src/ that it names, such as 'core/path.ts'; undefined for packages, builtins and `#imports`. */
  readonly target: string | undefined
}

/** One file of src/. */
export interface SourceFile {
  /** Relative to src/, with slashes: 'tar/read.ts'. */
  readonly path: string
  /** Its first folder; '' for src/index.ts. */
  readonly room: string
  readonly text: string
  readonly syntax: ts.SourceFile
  readonly imports: readonly Import[]
}

const top = new URL('../../src/', import.meta.url)

/** All of src/, sorted by path. */
export function readSource(): SourceFile[] {
  const paths = readdirSync(top, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'))
  return paths
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map(readFile)
}

function readFile(path: string): SourceFile {
  const text = readFileSync(fileURLToPath(new URL(path, top)), 'utf8')
  const syntax = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
  return { path, room: path.includes('/') ? (path.split('/')[0] ?? '') : '', text, syntax, imports: importsOf(path, syntax) }
}

function importsOf(path: string, syntax: ts.SourceFile): Import[] {
  const imports: Import[] = []
  const add = (literal: ts.Node | undefined, kind: Import['kind'], typeOnly: boolean) => {
    if (literal === undefined || !ts.isStringLiteralLike(literal)) return
    const specifier = literal.text
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts') : undefined
    imports.push({ specifier, kind, typeOnly, target })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, 'static', node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, 're-export', node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, 'static', true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], 'dynamic', false)
    ts.forEachChild(node, visit)
  }
  visit(syntax)
  return imports
}
