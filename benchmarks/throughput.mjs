// Group "throughput": bytes through connect and publish, beside a direct connection over loopback. --megabytes N a transfer (default 256; 64 with --quick).
//
// connect: Node in this process at one end, both for the direct connection and for the one into the sandbox. publish: a client in C in a process of its own at
// one end, so that this process only passes on. At the other end always the same server in C (pour.c), on the host or inside. Read the factors, which pair
// the two transfers of one round, not the rates.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Sandbox } from 'stratabox'
import { alone } from './alone.mjs'
import { interleave } from './measure.mjs'

export const name = 'throughput'
export const rounds = { full: 15, quick: 5 }
export const options = { megabytes: { type: 'string' } }

const DIRECTIONS = { get: 'out of the sandbox', put: 'into the sandbox' }
const CHUNK = Buffer.alloc(256 * 1024)
const run = promisify(execFile)

function request(kind, count) {
  const bytes = Buffer.alloc(9, kind[0])
  bytes.writeBigUInt64LE(BigInt(count), 1)
  return bytes
}

/** Nanoseconds that one Node socket takes. */
async function byNode(socket, kind, count) {
  const began = process.hrtime.bigint()
  socket.write(request(kind, count))
  if (kind === 'get') {
    let left = count
    await new Promise((resolve, reject) => {
      socket.on('error', reject).on('data', (chunk) => {
        left -= chunk.length
        if (left <= 0) resolve()
      })
    })
  } else {
    for (let sent = 0; sent < count; sent += CHUNK.length) if (!socket.write(CHUNK)) await once(socket, 'drain')
    await once(socket, 'data')
  }
  const ended = process.hrtime.bigint()
  socket.destroy()
  return Number(ended - began)
}

export async function measure({ rounds, isQuick, values, say }) {
  const count = Number(values.megabytes ?? (isQuick ? 64 : 256)) * 2 ** 20
  if (!Number.isSafeInteger(count) || count <= 0) throw new RangeError(`--megabytes is not a positive number: ${values.megabytes}`)
  const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  try {
    const root = join(work, 'root')
    mkdirSync(root)
    const pour = join(root, 'pour')
    execFileSync('cc', ['-O2', '-static', '-o', pour, fileURLToPath(new URL('pour.c', import.meta.url))])
    const onHost = spawn(pour, ['serve'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const sandbox = await Sandbox.create({ root })
    try {
      const rows = await interleave(contenders(await ways({ sandbox, onHost, pour, count }), count), { rounds, say })
      return { rows: [...rows, ...factors(rows)] }
    } finally {
      await sandbox.close()
      onHost.kill()
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The four ways to move bytes, as functions of the direction that resolve to nanoseconds. */
async function ways({ sandbox, onHost, pour, count }) {
  const [[line]] = [await once(onHost.stdout, 'data')]
  const direct = Number(String(line))
  const inside = await sandbox.spawn(['/pour', 'serve'])
  const port = Number(await inside.waitForLine(/^\d+$/))
  const { hostPort } = await sandbox.publish(port)
  const byC = async (to, kind) => Number((await run(pour, [kind, String(to), String(count)])).stdout)
  const dial = async () => {
    const socket = connect(direct, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  return {
    connect: {
      direct: async (kind) => byNode(await dial(), kind, count),
      stratabox: async (kind) => byNode(await sandbox.connect(port), kind, count),
    },
    publish: { direct: (kind) => byC(direct, kind), stratabox: (kind) => byC(hostPort, kind) },
  }
}

const contenders = (ways, count) =>
  Object.entries(ways).flatMap(([way, ends]) =>
    Object.entries(DIRECTIONS).flatMap(([kind, direction]) =>
      ['stratabox', 'direct'].map((who) => ({
        name: `${way}, ${direction}`,
        who,
        unit: 'GiB/s',
        isRate: true,
        isPeer: who === 'direct',
        run: async () => count / 2 ** 30 / ((await ends[who](kind)) / 1e9),
      })),
    ),
  )

/** How many times slower ours was than the direct transfer of the same round. */
const factors = (rows) =>
  rows
    .filter(({ isPeer }) => !isPeer)
    .map((ours) => {
      const direct = rows.find(({ name, isPeer }) => name === ours.name && isPeer)
      const samples = ours.samples.map((rate, round) => direct.samples[round] / rate)
      return { name: `${ours.name}, slower than direct by`, who: 'stratabox', unit: '×', samples }
    })

await alone(import.meta.url, { name, rounds, options, measure })
