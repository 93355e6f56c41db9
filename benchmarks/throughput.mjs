// node benchmarks/throughput.mjs [--rounds N] [--megabytes N] [--json FILE]: bytes through connect and publish, beside a direct connection over loopback.
//
// connect: Node in this process at one end, both for the direct connection and for the one into the sandbox. publish: a client in C in a process of its own at
// one end, so that this process only passes on. At the other end always the same server in C (pour.c), on the host or inside. The rounds go round all of
// them, so that a busy machine disturbs all alike; read the factors, not the figures.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { Sandbox } from 'stratabox'
import { quantile, summarize } from './statistics.mjs'
import { table } from './table.mjs'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, megabytes: { type: 'string', default: '256' }, json: { type: 'string' } },
})
const BYTES = Number(values.megabytes) * 2 ** 20
const CHUNK = Buffer.alloc(256 * 1024)
const run = promisify(execFile)

function request(kind) {
  const bytes = Buffer.alloc(9, kind[0])
  bytes.writeBigUInt64LE(BigInt(BYTES), 1)
  return bytes
}

/** Nanoseconds that one Node socket takes. */
async function byNode(socket, kind) {
  const began = process.hrtime.bigint()
  socket.write(request(kind))
  if (kind === 'get') {
    let left = BYTES
    await new Promise((resolve, reject) => {
      socket.on('error', reject).on('data', (chunk) => {
        left -= chunk.length
        if (left <= 0) resolve()
      })
    })
  } else {
    for (let sent = 0; sent < BYTES; sent += CHUNK.length) if (!socket.write(CHUNK)) await once(socket, 'drain')
    await once(socket, 'data')
  }
  const ended = process.hrtime.bigint()
  socket.destroy()
  return Number(ended - began)
}

const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
const root = join(work, 'root')
mkdirSync(root)
const pour = join(root, 'pour')
execFileSync('cc', ['-O2', '-static', '-o', pour, fileURLToPath(new URL('pour.c', import.meta.url))])
const onHost = spawn(pour, ['serve'], { stdio: ['ignore', 'pipe', 'inherit'] })
const sandbox = await Sandbox.create({ root })
try {
  const [[line]] = [await once(onHost.stdout, 'data')]
  const direct = Number(String(line))
  const inside = await sandbox.spawn(['/pour', 'serve'])
  const port = Number(await inside.waitForLine(/^\d+$/))
  const { hostPort } = await sandbox.publish(port)
  const byC = async (to, kind) => Number((await run(pour, [kind, String(to), String(BYTES)])).stdout)
  const dial = async () => {
    const socket = connect(direct, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  const pairs = [
    {
      name: 'connect',
      direct: async (kind) => byNode(await dial(), kind),
      ours: async (kind) => byNode(await sandbox.connect(port), kind),
    },
    { name: 'publish', direct: (kind) => byC(direct, kind), ours: (kind) => byC(hostPort, kind) },
  ]
  const samples = pairs.flatMap((pair) => ['get', 'put'].map((kind) => ({ ...pair, kind, directNs: [], oursNs: [], factors: [] })))
  for (const sample of samples) for (const way of [sample.direct, sample.ours]) await way(sample.kind)
  for (let round = 0; round < Number(values.rounds); round++)
    for (const sample of samples) {
      sample.directNs.push(await sample.direct(sample.kind))
      sample.oursNs.push(await sample.ours(sample.kind))
      sample.factors.push(sample.oursNs.at(-1) / sample.directNs.at(-1))
    }
  const rate = (ns) => (BYTES / 2 ** 30 / (quantile(ns, 0.5) / 1e9)).toFixed(2)
  const rows = samples.map(({ name, kind, directNs, oursNs, factors }) => {
    const factor = summarize(factors)
    const cells = [rate(directNs), rate(oursNs), factor.median.toFixed(2), factor.p10.toFixed(2), factor.p90.toFixed(2)]
    return [`${name}, ${kind === 'get' ? 'out of the sandbox' : 'into the sandbox'}`, ...cells]
  })
  console.log(table(['GiB/s (medians)', 'direct', 'ours', 'slower by', 'p10', 'p90'], rows))
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      `${JSON.stringify({ bytes: BYTES, samples: samples.map(({ direct: _, ours: __, ...rest }) => rest) }, null, 2)}\n`,
    )
} finally {
  await sandbox.close()
  onHost.kill()
  rmSync(work, { recursive: true, force: true })
}
