// Bundles an entry of the package as a web developer's bundler would: platform browser, default conditions, from the sources.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const top = new URL('../../', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('package.json', top), 'utf8')) as {
  readonly imports: Record<string, Record<string, string>>
}
const sourceOf = (built: string) => fileURLToPath(new URL(built.replace('./dist/', 'src/').replace(/\.js$/, '.ts'), top))

/** package.json names built files; here their sources stand in for them, by the same conditions. */
const sources: Plugin = {
  name: 'sources',
  setup: (bundler) =>
    bundler.onResolve({ filter: /^#/ }, ({ path }) => {
      const portable = manifest.imports[path]?.['default']
      return portable === undefined ? { errors: [{ text: `${path} has no default in package.json` }] } : { path: sourceOf(portable) }
    }),
}

/** One script that leaves the entry's exports in the global `entry`, and what it still wants from outside. */
export const bundleForBrowser = (subpath: string) => bundle(sourceOf(`./dist/${subpath}/index.js`))

/** The script of a file of the tests. @throws Error where it does not bundle */
export async function bundleFile(path: string): Promise<string> {
  const { code, errors } = await bundle(path)
  if (errors.length > 0) throw new Error(errors.join('\n'))
  return code
}

async function bundle(entry: string): Promise<{ code: string; externals: string[]; errors: string[] }> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'entry',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'silent',
    tsconfigRaw: {},
    plugins: [sources],
  }).catch((failure: { errors: { text: string; location: { file: string } | null }[] }) => failure)
  if ('errors' in result && !('outputFiles' in result))
    return { code: '', externals: [], errors: result.errors.map(({ text, location }) => `${location?.file}: ${text}`) }
  const imports = Object.values(result.metafile.outputs).flatMap((output) => output.imports.map((imported) => imported.path))
  return { code: result.outputFiles[0]?.text ?? '', externals: imports, errors: [] }
}
