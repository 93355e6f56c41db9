// node scripts/fuzz/run.mjs TARGET [--seconds N] [--seed N] [--corpus DIR] [--findings DIR] [--run-seconds N] [INPUT…]: coverage-guided fuzzing of a
// target module.
// It exports `run(bytes)`, which throws where something is wrong, `seeds()`, `repair(bytes, random)` (mends checksums, so that mutants get past them) and `tokens`.
// A throw, a run of more than 20 seconds (--run-seconds), or more than 1.5 GiB of memory is a finding: its input is saved, its path printed, the exit code 1.
// With INPUTs only those are run. (jazzer.js was the first choice: its libFuzzer needs glibc 2.38, which Debian 12 has not.)
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { main, root, ScriptError } from '../run.mjs'
import { instrument } from './instrument.mjs'

const INPUT_MAX = 1 << 20
const RSS_MAX = 1.5 * 2 ** 30
const HEAP_MB = 256
const WATCH_MS = 250
const SPEAK_MS = 30_000

/** Bundles and instruments the target; resolves to the file's URL. */
async function prepare(target, folder) {
  const src = (path) => join(root, 'src', path)
  const { outputFiles } = await build({
    entryPoints: [target],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    alias: { '#hash': src('core/hash.node.ts'), '#compress': src('compress/codec.node.ts'), 'stratabox/hive': src('hive/index.ts') },
    logLevel: 'error',
  })
  const { code, branches } = instrument(outputFiles[0].text)
  const file = join(folder, 'program.mjs')
  writeFileSync(file, code)
  return { program: pathToFileURL(file).href, branches }
}

/** Runs the worker to its end and watches it. Resolves to { executions, edges, kept, finding?: { reason, bytes } }. */
function watch(program, { runSeconds, ...options }) {
  const state = new Int32Array(new SharedArrayBuffer(16))
  const input = new Uint8Array(new SharedArrayBuffer(INPUT_MAX))
  const worker = new Worker(new URL('worker.mjs', import.meta.url), {
    workerData: { program, state, input, ...options },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  })
  return new Promise((done) => {
    const started = Date.now()
    let spoken = started
    let last = 0
    let since = started
    const settle = (reason) => {
      clearInterval(timer)
      const bytes = Buffer.from(input.subarray(0, state[1]))
      done({ executions: state[0], edges: state[2], kept: state[3], ...(reason !== undefined && { finding: { reason, bytes } }) })
      void worker.terminate()
    }
    const timer = setInterval(() => {
      const now = Date.now()
      if (state[0] !== last) [last, since] = [state[0], now]
      else if (last > 0 && now - since > 1000 * runSeconds) settle(`one run takes more than ${runSeconds} seconds`)
      if (process.memoryUsage.rss() > RSS_MAX) settle(`more than ${RSS_MAX / 2 ** 30} GiB of memory`)
      if (now - spoken < SPEAK_MS) return
      spoken = now
      console.log(`${Math.round((now - started) / 1000)} s: ${last} executions, ${state[2]} edges, ${state[3]} inputs kept`)
    }, WATCH_MS)
    worker.on('message', () => settle(undefined))
    worker.on('error', (error) => settle(error.stack ?? String(error)))
  })
}

await main(import.meta.url, async () => {
  const { values, positionals } = parseArgs({
    options: {
      seconds: { type: 'string', default: '3600' },
      seed: { type: 'string', default: String(Date.now() >>> 0) },
      corpus: { type: 'string' },
      findings: { type: 'string' },
      'run-seconds': { type: 'string', default: '20' },
    },
    allowPositionals: true,
  })
  const [target, ...inputs] = positionals
  if (target === undefined) throw new ScriptError('which target? node scripts/fuzz/run.mjs TARGET')
  const work = mkdtempSync(join(tmpdir(), 'stratabox-fuzz-'))
  try {
    const { program, branches } = await prepare(resolve(target), work)
    if (inputs.length > 0) return await runInputs(program, inputs)
    const name = basename(resolve(target, '..'))
    const seed = Number(values.seed)
    console.log(`${branches} branches instrumented, seed ${seed}, ${values.seconds} seconds`)
    const { executions, edges, kept, finding } = await watch(program, {
      seconds: Number(values.seconds),
      seed,
      folder: values.corpus,
      runSeconds: Number(values['run-seconds']),
    })
    console.log(`${executions} executions, ${edges} edges, ${kept} inputs kept`)
    if (finding === undefined) return
    const folder = values.findings ?? join(root, 'build', 'fuzz', name)
    mkdirSync(folder, { recursive: true })
    const file = join(folder, createHash('sha1').update(finding.bytes).digest('hex'))
    writeFileSync(file, finding.bytes)
    console.error(`finding: ${finding.reason}\nits input: ${file}`)
    process.exitCode = 1
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
})

async function runInputs(program, files) {
  globalThis.__edges = new Uint8Array(1 << 16)
  const { run } = await import(program)
  for (const file of files) {
    const started = performance.now()
    run(new Uint8Array(readFileSync(file)))
    console.log(`${file}: ${(performance.now() - started).toFixed(1)} ms, nothing wrong`)
  }
}
