// What every source file looks like: a first line that says what it is, a length that fits a head, a doc comment on what others use.
import ts from 'typescript'
import { expect, it } from 'vitest'
import { readSource } from './source.js'

const LINES_MAX = 300
const files = readSource()

it('begins with a comment that says what the file is (an index.ts is its list)', () => {
  const silent = files.filter((file) => !file.path.endsWith('index.ts') && !/^\/\/ \S|^\/\*\*? \S/.test(file.text))
  expect(silent.map((file) => file.path)).toEqual([])
})

it(`has at most ${LINES_MAX} lines`, () => {
  const long = files.filter((file) => file.text.split('\n').length - 1 > LINES_MAX)
  expect(long.map((file) => `${file.path}: ${file.text.split('\n').length - 1}`)).toEqual([])
})

it('documents every exported function and class', () => {
  const bare = files.flatMap(({ path, syntax }) =>
    syntax.statements
      .filter((node) => isExported(node) && isCallable(node) && !isOverload(node) && !isDocumented(node))
      .map((node) => `${path}: ${node.getText().split('\n')[0]}`),
  )
  expect(bare).toEqual([])
})

it('leaves no note of unfinished work', () => {
  expect(files.filter((file) => /\b(TODO|FIXME|XXX)\b/.test(file.text)).map((file) => file.path)).toEqual([])
})

const isExported = (node: ts.Node) =>
  ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword) === true
const isDocumented = (node: ts.Node) => ts.getJSDocCommentsAndTags(node).length > 0
// The overloads of a function share the comment of the first.
const isOverload = (node: ts.Node) =>
  ts.isFunctionDeclaration(node) &&
  node
    .getSourceFile()
    .statements.some(
      (other) => other !== node && ts.isFunctionDeclaration(other) && other.name?.text === node.name?.text && isDocumented(other),
    )

function isCallable(node: ts.Node): boolean {
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return true
  const isFunction = (value: ts.Expression | undefined) =>
    value !== undefined && (ts.isArrowFunction(value) || ts.isFunctionExpression(value))
  return ts.isVariableStatement(node) && node.declarationList.declarations.some((declaration) => isFunction(declaration.initializer))
}
