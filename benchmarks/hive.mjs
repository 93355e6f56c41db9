// node benchmarks/hive.mjs [--mb 60]: opening a large hive, finding a key in it, reading all of it, beside hivexml where it is installed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Hive } from 'stratabox/hive'

const { values } = parseArgs({ options: { mb: { type: 'string', default: '60' } } })
const wantedBytes = Number(values.mb) * 2 ** 20
const folder = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))

/** Keys as SOFTWARE has them: some hundred bytes of values each, five levels deep. */
function build() {
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

function readAll(key) {
  let count = 1
  for (const value of key.values()) count += value.raw.length > 0 ? 1 : 0
  for (const subkey of key.subkeys()) count += readAll(subkey)
  return count
}

const timed = (body) => {
  const started = performance.now()
  const result = body()
  return { ms: performance.now() - started, result }
}

try {
  const file = join(folder, 'SOFTWARE')
  writeFileSync(file, build())
  const bytes = readFileSync(file)
  const mb = bytes.length / 1e6
  const finds = Array.from({ length: 5 }, () => timed(() => Hive.open(bytes).key('Classes\\Group3\\Part5\\Item323')?.value('Flags')))
  const [first] = finds
  const median = finds.map(({ ms }) => ms).sort((a, b) => a - b)[2]
  const all = timed(() => readAll(Hive.open(bytes).root))
  console.log(
    `a hive of ${mb.toFixed(1)} MB, ${all.result} keys and values, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
  )
  console.log(
    `open and find a key: median ${median.toFixed(1)} ms, the first ${first.ms.toFixed(1)} ms (found: ${first.result !== undefined})`,
  )
  console.log(`read all: ${all.ms.toFixed(0)} ms, ${(mb / (all.ms / 1000)).toFixed(0)} MB/s`)
  const peer = timed(() => spawnSync('hivexml', [file], { stdio: ['ignore', 'ignore', 'inherit'] }))
  if (peer.result.error === undefined)
    console.log(`hivexml reads all: ${peer.ms.toFixed(0)} ms, ${(mb / (peer.ms / 1000)).toFixed(0)} MB/s (exit code ${peer.result.status})`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
