// Group "transfer": pull and push of 300 MB beside skopeo, with one registry on loopback; what a pull adds to the process's memory; and the way from a registry to a
// command's first output.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Sandbox, Store } from 'stratabox'
import { alone } from './alone.mjs'
import { interleave } from './measure.mjs'
import { installed } from './peers.mjs'
import { registryName, startRegistry } from './registry.mjs'

export const name = 'transfer'
export const rounds = { full: 7, quick: 2 }

const LAYERS = 6
const MEMORY_TARGET_MIB = 64

export async function measure({ rounds, isQuick, say }) {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  const missing = []
  let serial = 0
  const fresh = () => join(work, `fresh-${serial++}`)
  const registry = await startRegistry(join(work, 'registry'))
  const store = await Store.open({ path: join(work, 'store') })
  try {
    const layerBytes = (isQuick ? 4 : 50) * 2 ** 20
    const [image, program] = [await noise(store, layerBytes), await files(store, isQuick ? 100 : 1500)]
    const ref = `${registry.host}/bench/image:1`
    const programRef = `${registry.host}/bench/program:1`
    await store.push(image, ref)
    await store.push(program, programRef)
    await store.save(image, join(work, 'layout'), { format: 'oci-layout' })
    const context = {
      work,
      store,
      image,
      ref,
      programRef,
      fresh,
      missing,
      title: `${(LAYERS * layerBytes) / 2 ** 20} MiB in ${LAYERS} layers`,
    }
    const rows = []
    for (const task of [pulling, pushing, memory, starting]) rows.push(...(await interleave(task(context), { rounds, say })))
    return { rows, missing, notes: [`the registry was ${registryName()}`] }
  } finally {
    await store.close()
    await registry.stop()
    rmSync(work, { recursive: true, force: true })
  }
}

/** An image of bytes that do not compress, so that moving them is all there is to do. */
function noise(store, layerBytes) {
  let build = store.build('scratch')
  for (let layer = 0; layer < LAYERS; layer++) build = build.write(`/layer-${layer}`, randomBytes(layerBytes))
  return build.commit({ compression: 'none' })
}

/** An image with a program and many files in compressed layers. */
async function files(store, count) {
  let build = store.build(await store.build('scratch').program('/bin/true').commit())
  for (let layer = 0; layer < 3; layer++) {
    const directory = mkdtempSync(join(tmpdir(), 'stratabox-bench-files-'))
    try {
      for (let k = 0; k < count; k++) writeFileSync(join(directory, String(k)), `${layer} ${k}\n`.repeat(200))
      build = store.build(await build.copy(directory, `/data-${layer}`).commit())
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  return build.cmd(['/bin/true']).commit()
}

const skopeo = (...args) => promisify(execFile)('skopeo', ['copy', '-q', '--insecure-policy', ...args])

/** Runs `work` with a store of its own, whose opening, closing and removing do not count. Resolves to milliseconds. */
async function inFreshStore(fresh, work) {
  const path = fresh()
  const store = await Store.open({ path })
  try {
    return await timed(() => work(store))
  } finally {
    await store.close()
    rmSync(path, { recursive: true })
  }
}

async function timed(work) {
  const began = performance.now()
  await work()
  return performance.now() - began
}

function pulling({ ref, fresh, missing, title }) {
  const task = { name: `pull ${title}` }
  const ours = () => inFreshStore(fresh, (store) => store.pull(ref))
  const theirs = async () => {
    const path = fresh()
    const ms = await timed(() => skopeo('--src-tls-verify=false', `docker://${ref}`, `oci:${path}:1`))
    rmSync(path, { recursive: true })
    return ms
  }
  const rows = [{ ...task, who: 'stratabox', run: ours, target: 1, baseline: 'skopeo copy' }]
  return installed('skopeo', missing) ? [...rows, { ...task, who: 'skopeo copy', isPeer: true, run: theirs }] : rows
}

function pushing({ work, store, image, fresh, title }) {
  const task = { name: `push ${title}` }
  // To a new registry each time: in one that has the blobs under another name, nothing would have to be sent.
  const toEmpty = async (push) => {
    const path = fresh()
    const { host, stop } = await startRegistry(path)
    try {
      return await timed(() => push(`${host}/bench/pushed:1`))
    } finally {
      await stop()
      rmSync(path, { recursive: true })
    }
  }
  const ours = () => toEmpty((to) => store.push(image, to))
  const theirs = () => toEmpty((to) => skopeo('--dest-tls-verify=false', `oci:${join(work, 'layout')}`, `docker://${to}`))
  const rows = [{ ...task, who: 'stratabox', run: ours, target: 1, baseline: 'skopeo copy' }]
  return installed('skopeo', []) ? [...rows, { ...task, who: 'skopeo copy', isPeer: true, run: theirs }] : rows
}

const PULL = `import { Store } from 'stratabox'
const store = await Store.open({ path: process.argv[1] })
const before = process.memoryUsage().rss
let peak = before
const timer = setInterval(() => { peak = Math.max(peak, process.memoryUsage().rss) }, 2)
await store.pull(process.argv[2])
clearInterval(timer)
await store.close()
console.log(peak - before)`

function memory({ ref, fresh, title }) {
  const run = async () => {
    const path = fresh()
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', PULL, path, ref])
    rmSync(path, { recursive: true })
    return Number(stdout) / 2 ** 20
  }
  return [{ name: `memory that a pull of ${title} adds`, who: 'stratabox', unit: 'MiB', run, target: MEMORY_TARGET_MIB }]
}

/** From an empty store to the end of a command. */
function starting({ programRef, fresh }) {
  const task = { name: 'from a registry to the end of a command' }
  const life = async (options) => (await Sandbox.run(['/bin/true'], options)).ok || Promise.reject(new Error('the program failed'))
  const atOnce = (store) => life({ store, root: programRef })
  const oneByOne = async (store) => life({ store, root: await store.pull(programRef) })
  return [
    { ...task, who: 'Sandbox.run', run: () => inFreshStore(fresh, atOnce) },
    { ...task, who: 'store.pull, then Sandbox.run', run: () => inFreshStore(fresh, oneByOne) },
  ]
}

await alone(import.meta.url, { name, rounds, measure })
