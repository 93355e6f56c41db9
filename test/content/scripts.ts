// Small programs over the sources, in processes of their own: for locks, crashes and everything else that one process cannot show.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { nativeDirectory } from '../../src/native/load.js'

const src = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url))

/** Bundles a TypeScript program whose imports are relative to this folder; returns its path. */
export async function program(code: string): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'stratabox-script-')), 'main.mjs')
  await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    outfile,
    alias: {
      stratabox: src('index.ts'),
      'stratabox/registry': src('registry/index.ts'),
      'stratabox/registry/testing': src('testing/index.ts'),
      '#hash': src('core/hash.node.ts'),
      '#compress': src('compress/codec.node.ts'),
      '#spool': src('unionfs/spool.node.ts'),
    },
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  })
  return outfile
}

/** Runs it, with the addon of this checkout; `nodeOptions` come before its path. */
export const start = (path: string, args: readonly string[], cwd?: string, nodeOptions: readonly string[] = []): ChildProcess =>
  spawn(process.execPath, [...nodeOptions, path, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, STRATABOX_NATIVE: nativeDirectory() },
    stdio: ['pipe', 'pipe', 'inherit'],
  })

/** Resolves with stdout once it holds `text`. @throws Error where the program ends before */
export async function printed(child: ChildProcess, text: string): Promise<string> {
  let out = ''
  for await (const chunk of child.stdout!) {
    out += String(chunk)
    if (out.includes(text)) return out
  }
  throw new Error(`the program ended (${child.exitCode ?? child.signalCode}) with: ${out}`)
}

/** Resolves with the exit code. */
export const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode)
    else child.once('exit', (code) => resolve(code))
  })
