// The direction of imports, as docs/architecture.md draws it.
import { existsSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { cycles } from './cycles.js'
import { ALLOWED, NATIVE_USERS, PURE_ROOMS } from './rooms.js'
import { type Import, readSource, type SourceFile } from './source.js'

const files = readSource()
const paths = new Set(files.map((file) => file.path))
const roomOf = (path: string) => (path.includes('/') ? (path.split('/')[0] ?? '') : '')
const isPure = (file: SourceFile) => PURE_ROOMS.includes(file.room) && !file.path.endsWith('.node.ts')

const readManifest = async () => (await import('../../package.json', { with: { type: 'json' } })).default

/** `from imports specifier` for every import that the predicate calls wrong. */
const wrong = (predicate: (file: SourceFile, imported: Import) => boolean, among = files) =>
  among.flatMap((file) =>
    file.imports.filter((imported) => predicate(file, imported)).map((imported) => `${file.path} imports ${imported.specifier}`),
  )

describe('the rooms of src/', () => {
  it('are those of the picture', () => {
    expect([...new Set(files.map((file) => file.room))].filter((room) => !(room in ALLOWED))).toEqual([])
  })

  it('are drawn without a cycle', () => {
    expect(cycles(new Map(Object.entries(ALLOWED)))).toEqual([])
  })

  it('import only the rooms below them that a line leads to', () => {
    const crosses = (file: SourceFile, { target }: Import) =>
      target !== undefined && roomOf(target) !== file.room && !ALLOWED[file.room]?.includes(roomOf(target))
    expect(wrong(crosses)).toEqual([])
  })

  it('hold no cycle of files', () => {
    const graph = new Map(
      files.map((file) => [file.path, file.imports.flatMap(({ target }) => (target !== undefined && paths.has(target) ? [target] : []))]),
    )
    expect(cycles(graph)).toEqual([])
  })

  it('import files that exist, by their .js names', () => {
    expect(wrong((_, { target }) => target !== undefined && !paths.has(target))).toEqual([])
  })
})

describe('an index.ts', () => {
  it('only re-exports', () => {
    const indexes = files.filter((file) => file.path.endsWith('index.ts'))
    const isReExport = (node: ts.Statement) => ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined
    const others = indexes.flatMap((file) =>
      file.syntax.statements.filter((node) => !isReExport(node)).map((node) => `${file.path}: ${node.getText()}`),
    )
    expect(others).toEqual([])
  })

  it('at the top is imported by nobody', () => {
    expect(wrong((_, { target, specifier }) => target === 'index.ts' || /^stratabox(\/|$)/.test(specifier))).toEqual([])
  })
})

describe('the addon', () => {
  it(`is imported by ${NATIVE_USERS.join(', ')} alone`, () => {
    expect(
      wrong(
        (file, { target }) =>
          target !== undefined && roomOf(target) === 'native' && file.room !== 'native' && !NATIVE_USERS.includes(file.room),
      ),
    ).toEqual([])
  })
})

describe('the pure rooms', () => {
  it('import nothing of Node but in *.node.ts', () => {
    expect(wrong((file, { specifier }) => isPure(file) && specifier.startsWith('node:'))).toEqual([])
  })

  it('reach *.node.ts only through the conditions of package.json', () => {
    expect(wrong((file, { target }) => isPure(file) && target?.endsWith('.node.ts') === true)).toEqual([])
  })
})

describe('the sandbox backends', () => {
  const backends = ['sandbox/linux/', 'sandbox/windows/']
  const backendOf = (path: string) => backends.find((folder) => path.startsWith(folder))

  it('never see each other', () => {
    expect(
      wrong(
        (file, { target }) =>
          backendOf(file.path) !== undefined &&
          target !== undefined &&
          backendOf(target) !== undefined &&
          backendOf(target) !== backendOf(file.path),
      ),
    ).toEqual([])
  })

  it('are loaded by sandbox/select.ts alone, dynamically; the sandbox room sees their types', () => {
    const outside = files.filter((file) => backendOf(file.path) === undefined)
    const isBackend = ({ target }: Import) => target !== undefined && backendOf(target) !== undefined
    const mayName = (file: SourceFile, { kind, typeOnly }: Import) =>
      (file.room === 'sandbox' && typeOnly) || (file.path === 'sandbox/select.ts' && kind === 'dynamic')
    expect(wrong((file, imported) => isBackend(imported) && !mayName(file, imported), outside)).toEqual([])
  })
})

describe('what is imported from outside', () => {
  it('is a dependency of package.json, or Node by its node: name', async () => {
    const manifest = await readManifest()
    const known = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.imports), 'vitest'])
    const packageOf = (specifier: string) =>
      specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? '')
    expect(
      wrong((_, { specifier, target }) => target === undefined && !specifier.startsWith('node:') && !known.has(packageOf(specifier))),
    ).toEqual([])
  })

  it('has a source for every one of the #imports', async () => {
    const manifest = await readManifest()
    const sources = Object.values(manifest.imports).flatMap((conditions) =>
      Object.values(conditions).map((path) => path.replace('./dist/', 'src/').replace(/\.js$/, '.ts')),
    )
    expect(sources.filter((path) => !existsSync(new URL(`../../${path}`, import.meta.url)))).toEqual([])
  })
})
