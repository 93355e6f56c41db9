// Group "hive": opening a large hive, finding a key in it, reading all of it, beside hivex where it is installed. --mb N (default 60; 12 with --quick).
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Hive } from 'stratabox/hive'
import { alone } from './alone.mjs'
import { findKey, KEY, readAll } from './hive-tasks.mjs'
import { interleave } from './measure.mjs'
import { installed } from './peers.mjs'

export const name = 'hive'
export const rounds = { full: 7, quick: 3 }
export const options = { mb: { type: 'string' } }

/** Keys as SOFTWARE has them: some hundred bytes of values each, five levels deep. */
function build(wantedBytes) {
  const hive = Hive.create({ now: () => new Date(0) })
  const count = Math.ceil(wantedBytes / 2100)
  for (let k = 0; k < count; k++) {
    const key = hive.createKey(`Classes\\Group${k % 64}\\Part${Math.floor(k / 64) % 64}\\Item${k}`)
    for (let v = 0; v < 8; v++)
      key.setValue(`Value${v}`, { type: 'REG_SZ', data: `C:\\Program Files\\Vendor\\Component${k}\\${'x'.repeat(60)}` })
    key.setValue('Flags', { type: 'REG_DWORD', data: k })
  }
  return hive.toBytes()
}

/** Milliseconds of a task in a process of its own, in which nothing is compiled yet. */
const fresh = (task, file) =>
  Number(execFileSync(process.execPath, [fileURLToPath(new URL('hive-tasks.mjs', import.meta.url)), task, file]))

export async function measure({ rounds, isQuick, values, say }) {
  const megabytes = Number(values.mb ?? (isQuick ? 12 : 60))
  const folder = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  try {
    const file = join(folder, 'SOFTWARE')
    writeFileSync(file, build(megabytes * 2 ** 20))
    const bytes = readFileSync(file)
    const missing = []
    const rate = (ms) => bytes.length / 1000 / ms
    const timed = (body) => {
      const began = performance.now()
      body()
      return performance.now() - began
    }
    const find = { name: `open a hive of ${megabytes} MiB, find a key`, unit: 'ms' }
    const all = { name: `read all of a hive of ${megabytes} MiB`, unit: 'MB/s', isRate: true }
    const contenders = [
      { ...find, who: 'stratabox', target: 50, run: () => findKey(bytes) },
      { ...find, who: 'stratabox, in a fresh process', target: 50, run: () => fresh('find', file) },
      { ...find, who: 'stratabox, in a fresh process, the file read too', target: 50, run: () => fresh('read-and-find', file) },
      { ...all, who: 'stratabox', target: 50, run: () => rate(timed(() => readAll(bytes))) },
      { ...all, who: 'stratabox, in a fresh process', target: 50, run: () => rate(fresh('read-all', file)) },
    ]
    if (installed('hivexget', missing))
      contenders.push({
        ...find,
        who: 'hivexget',
        isPeer: true,
        run: () => void execFileSync('hivexget', [file, `\\${KEY.join('\\')}`, 'Flags'], { stdio: 'ignore' }),
      })
    if (installed('hivexml', missing))
      contenders.push({
        ...all,
        who: 'hivexml',
        isPeer: true,
        run: () => rate(timed(() => execFileSync('hivexml', [file], { stdio: 'ignore' }))),
      })
    return { rows: await interleave(contenders, { rounds, say }), missing }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

await alone(import.meta.url, { name, rounds, options, measure })
