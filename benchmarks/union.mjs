// Group "union": looking up, listing and changing in the union view, beside node:fs and cp on the same tree unpacked. --image LAYOUT measures another image.
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from 'stratabox'
import { UnionFs } from 'stratabox/unionfs'
import { alone } from './alone.mjs'
import { fileEntry } from './entries.mjs'
import { imageOption, openImage } from './image-input.mjs'
import { interleave } from './measure.mjs'

export const name = 'union'
export const rounds = { full: 15, quick: 5 }
export const options = imageOption

const FILES = 12_800

export async function measure({ rounds, isQuick, values, say }) {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  const store = await Store.open({ path: join(work, 'store') })
  try {
    const { image, title } = await openImage({ store, work, isQuick, values })
    const disk = join(work, 'disk')
    await store.unpack(image, disk)
    const contenders = [...(await layered()), ...(await onImage({ image, title, disk })), ...(await copyUp({ image, disk, work }))]
    return { rows: await interleave(contenders, { rounds, say }) }
  } finally {
    await store.close()
    rmSync(work, { recursive: true, force: true })
  }
}

/** The same 12,800 files, evenly in so many layers. */
const viewOf = (layers) =>
  UnionFs.of(
    Array.from({ length: layers }, (_, n) => ({
      entries: async function* () {
        for (let k = n; k < FILES; k += layers) yield fileEntry(`/d${k % 100}/f${k}`, Buffer.alloc(0))
      },
    })),
  )

async function layered() {
  const contenders = []
  for (const at of [1, 16, 128]) {
    const view = await viewOf(at)
    const run = async () => {
      for (let k = 0; k < FILES; k++) await view.stat(`/d${k % 100}/f${k}`)
    }
    contenders.push({ name: '12,800 lookups', who: 'UnionFs', at, axis: 'layers', run })
  }
  return contenders
}

async function onImage({ image, title, disk }) {
  const view = await UnionFs.of(image, { nowNs: () => 0n })
  const paths = (await view.readdir('/', { recursive: true })).slice(0, 5000)
  const lookUp = async (stat) => {
    for (const path of paths) await stat(path)
  }
  const [stats, list] = [{ name: `${paths.length.toLocaleString('en')} lookups in ${title}` }, { name: `list all of ${title}` }]
  return [
    { ...stats, who: 'UnionFs', run: () => lookUp((path) => view.lstat(`/${path}`)) },
    { ...stats, who: 'node:fs on the unpacked tree', isPeer: true, run: () => lookUp((path) => lstat(join(disk, path))) },
    { ...list, who: 'UnionFs', run: async () => void (await view.readdir('/', { recursive: true })) },
    { ...list, who: 'node:fs on the unpacked tree', isPeer: true, run: async () => void (await readdir(disk, { recursive: true })) },
  ]
}

async function copyUp({ image, disk, work }) {
  const view = await UnionFs.of(image)
  const isPlain = (path) => /^[\x20-\x7e]+$/.test(path) && lstatSync(join(disk, path)).isFile()
  const files = (await view.readdir('/', { recursive: true })).filter(isPlain).slice(0, 1000)
  const task = { name: `copy-up of ${files.length.toLocaleString('en')} files (mode)` }
  let serial = 0
  const ours = async () => {
    const edited = await UnionFs.of(image, { nowNs: () => 0n })
    for (const path of files) await edited.chmod(`/${path}`, 0o600)
  }
  const theirs = () => {
    const to = join(work, `copy-${serial++}`)
    mkdirSync(to)
    execFileSync('cp', ['-a', '--parents', ...files, to], { cwd: disk, stdio: 'ignore' })
  }
  return [
    { ...task, who: 'UnionFs', run: ours },
    { ...task, who: 'cp of them', isPeer: true, run: theirs },
  ]
}

await alone(import.meta.url, { name, rounds, options, measure })
