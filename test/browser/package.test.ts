// What `npm pack` would publish: every file that package.json promises, and nothing that is not for users.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const top = fileURLToPath(new URL('../../', import.meta.url))
const manifest = JSON.parse(readFileSync(`${top}package.json`, 'utf8'))

/** Every file path in a tree of export conditions. */
const targets = (conditions: unknown): string[] =>
  typeof conditions === 'string' ? [conditions.replace('./', '')] : Object.values(conditions as object).flatMap(targets)

describe('the packed package', () => {
  let packed: string[] = []
  beforeAll(() => {
    if (!existsSync(`${top}dist/index.js`)) return
    const [report] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
        cwd: top,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    )
    packed = report.files.map((file: { path: string }) => file.path)
  })

  it('holds every file that exports and imports name', (ctx) => {
    if (packed.length === 0) ctx.skip('dist/ is not built: npm run build')
    const promised = [...targets(manifest.exports), ...targets(manifest.imports)]
    expect(promised.filter((path) => !packed.includes(path))).toEqual([])
  })

  it('holds the addon, the supervisor and the sources to build them from', (ctx) => {
    if (packed.length === 0) ctx.skip('dist/ is not built: npm run build')
    const needed = [
      'build/Release/stratabox.node',
      'build/Release/stratabox-supervisor',
      'CMakeLists.txt',
      'native/addon.cc',
      'LICENSE',
      'README.md',
    ]
    expect(needed.filter((path) => !packed.includes(path))).toEqual([])
  })

  it('holds no test, script or benchmark', (ctx) => {
    if (packed.length === 0) ctx.skip('dist/ is not built: npm run build')
    expect(packed.filter((path) => /^(test|scripts|benchmarks|src|\.ci)\//.test(path))).toEqual([])
  })
})
