// npm start: the whole loop on an embedded default. Builds an image, runs it isolated and limited, commits what it changed as a layer, runs that.
// No registry, no network, no root.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sandbox, Store } from 'stratabox'

const steps = []
/** Does one step and prints how long it took. */
async function step(title, work) {
  const began = performance.now()
  const result = await work()
  const ms = performance.now() - began
  steps.push({ title, ms })
  console.log(`${ms.toFixed(1).padStart(9)} ms  ${title}`)
  return result
}
const show = (text) => console.log(text.trimEnd().replace(/^/gm, '              │ '))

const directory = await mkdtemp(join(tmpdir(), 'stratabox-loop-'))
try {
  const store = await step('open a store', () => Store.open({ path: join(directory, 'store') }))

  const runtime = await step('build runtime:1 from scratch: node, sh, cat with their libraries', () =>
    store.build('scratch').program(process.execPath, '/bin/sh', '/bin/cat').commit({ tag: 'runtime:1' }),
  )
  const app = await step('build app:1 on it: one script, one entrypoint', () =>
    store
      .build('runtime:1')
      .write('/app/main.js', script())
      .env({ NODE_ENV: 'production' })
      .entrypoint([process.execPath, '/app/main.js'])
      .commit({ tag: 'app:1' }),
  )
  show(`runtime:1  ${runtime.digest}\napp:1      ${app.digest}`)

  const limits = { memoryMaxBytes: 256 * 2 ** 20, pidsMax: 64, cpusMax: 1 }
  const options = { store, limits, onUnenforceable: 'degrade' }
  const one = await step('create a sandbox of app:1 (its layers are unpacked once)', () => Sandbox.create({ ...options, root: 'app:1' }))
  for (const [name, { status, how, why }] of Object.entries(one.isolation))
    if (status === 'degraded') show(`not fully enforced: ${name}: ${how}${why ? ` (${why})` : ''}`)
  const first = await step('run it', () => one.run())
  show(first.stdout + first.stderr)

  const changed = await step('look what it changed', async () => {
    const found = []
    for await (const change of one.changes()) found.push(`${change.kind.padEnd(6)} ${change.path}`)
    return found
  })
  show(changed.join('\n'))
  const next = await step('commit the change as a layer: app:2', () => one.commit({ tag: 'app:2' }))
  show(`app:2      ${next.digest}`)
  await step('close the sandbox', () => one.close())

  const two = await step('create a sandbox of app:2', () => Sandbox.create({ ...options, root: 'app:2' }))
  const second = await step('run it', () => two.run())
  show(second.stdout + second.stderr)
  await step('run a shell in it', async () =>
    show((await two.run('cat /app/count; echo; id -u 2>/dev/null || echo "no id here: only what was built in"')).stdout),
  )
  await step('close the sandbox', () => two.close())
  await step('save app:2 as an OCI layout', () => store.save('app:2', join(directory, 'app'), { format: 'oci-layout' }))
  await store.close()

  if (!first.ok || !second.ok || !second.stdout.includes('run number 2'))
    throw new Error('the loop did not close: app:2 does not know of the first run')
  console.log(`\nThe loop is closed: ${steps.length} steps, ${(steps.reduce((sum, { ms }) => sum + ms, 0) / 1000).toFixed(2)} s.`)
} finally {
  await rm(directory, { recursive: true, force: true })
}

/** The application: counts its runs in a file, and tells where it thinks it is. */
function script() {
  return `
const fs = require('node:fs'), os = require('node:os')
let count = 0
try { count = Number(fs.readFileSync('/app/count', 'utf8')) } catch {}
fs.writeFileSync('/app/count', String(++count))
console.log('run number ' + count + ' on ' + os.hostname() + ', uid ' + process.getuid() + ', pid ' + process.pid)
console.log('interfaces: ' + Object.keys(os.networkInterfaces()).join(', ') + '; processes: ' + fs.readdirSync('/proc').filter((n) => /^\\d+$/.test(n)).length)
`
}
