// node benchmarks/images.mjs [--rounds N] [--image LAYOUT]: layers, unpacking, diffs, the union view, hashing and compression beside the tools of the field, on this machine,
// now. Contenders of one row take turns, so a busy machine disturbs all alike. Run `npm run build` before.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Store } from 'stratabox'
import { layerFromChanges, layerFromTar } from 'stratabox/image'
import { UnionFs } from 'stratabox/unionfs'
import { quantile } from './statistics.mjs'
import { table } from './table.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, image: { type: 'string' } } })
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds is not a positive whole number: ${values.rounds}`)
const layout = values.image ?? fileURLToPath(new URL('../../shared/corpus/images/pyapp-oci', import.meta.url))

const home = mkdtempSync(join(tmpdir(), 'stratabox-images-'))
const rows = []
let serial = 0
/** A directory that nothing was in before: extracting right after removing a large tree is several times slower on ext4. */
const fresh = () => {
  const path = join(home, String(serial++))
  mkdirSync(path)
  return path
}

/** Measures contenders in turns: `{ name: work }`; the first is ours. */
async function compare(what, contenders, times = rounds) {
  const samples = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round < times; round++) {
    for (const [name, work] of Object.entries(contenders)) {
      const began = performance.now()
      await work()
      samples[name].push(performance.now() - began)
    }
  }
  const [ours] = Object.values(samples).map((list) => quantile(list, 0.5))
  for (const [name, list] of Object.entries(samples)) {
    const median = quantile(list, 0.5)
    rows.push([what, name, median.toFixed(median < 10 ? 2 : 0), (ours / median).toFixed(2)])
    console.error(`${what}: ${name} ${median.toFixed(2)} ms`)
  }
}

const drain = async (stream) => {
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.length
  return bytes
}
const chunksOf = (bytes) =>
  (async function* () {
    for (let at = 0; at < bytes.length; at += 256 * 1024) yield bytes.subarray(at, at + 256 * 1024)
  })()
const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined
const plain = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, xattrs: {} }
const fileOf = (path, bytes) => ({
  kind: 'add',
  path,
  entry: { ...plain, type: 'file', path, size: bytes.length, content: () => chunksOf(bytes) },
})

const store = await Store.open({ path: join(home, 'store') })
try {
  const [image] = await store.load(layout)
  const [layer] = await image.layers()
  const tar = join(home, 'layer.tar')
  const file = await import('node:fs').then(({ createWriteStream }) => createWriteStream(tar))
  for await (const chunk of layer.uncompressed()) if (!file.write(chunk)) await new Promise((resolve) => file.once('drain', resolve))
  await new Promise((resolve) => file.end(resolve))
  const open = () => createReadStream(tar, { highWaterMark: 256 * 1024 })
  const plainLayer = await layerFromTar(open)

  await compare('list a tar', {
    stratabox: async () => {
      for await (const _ of plainLayer.entries());
    },
    'tar -t': () => execFileSync('tar', ['-tf', tar], { stdio: ['ignore', 'ignore', 'ignore'] }),
  })
  const layers = (await image.layers()).map(({ digest }) => join(layout, 'blobs/sha256', digest.slice(7)))
  const unpack = {
    stratabox: () => store.unpack(image, join(fresh(), 'tree')),
    'tar -x, layer after layer': () => {
      const to = fresh()
      for (const each of layers) spawnSync('tar', ['-xpzf', each, '--xattrs', '--numeric-owner', '-C', to], { stdio: 'ignore' })
    },
  }
  if (has('umoci') && process.getuid?.() === 0)
    unpack['umoci unpack'] = () => execFileSync('umoci', ['unpack', '--image', `${layout}:1`, join(fresh(), 'bundle')], { stdio: 'ignore' })
  await compare('unpack the image', unpack)

  const thousand = Array.from({ length: 1000 }, (_, k) => fileOf(`/changed/${k}`, Buffer.alloc(1000, String(k))))
  const tree = fresh()
  for (const { path, entry } of thousand) {
    mkdirSync(join(tree, 'changed'), { recursive: true })
    for await (const chunk of entry.content()) writeFileSync(join(tree, path), chunk)
  }
  await compare('a layer of 1,000 files', {
    stratabox: () => layerFromChanges(thousand),
    'stratabox, uncompressed': () => layerFromChanges(thousand, { compression: 'none' }),
    'tar -cz': () => execFileSync('tar', ['-czf', join(home, 'out.tgz'), '-C', tree, '.'], { stdio: 'ignore' }),
  })

  const view = await UnionFs.of(image, { nowNs: () => 0n })
  await store.unpack(image, join(home, 'disk'))
  const paths = (await view.readdir('/', { recursive: true })).filter((path) => /^[\x20-\x7e]+$/.test(path)).slice(0, 5000)
  const many = await UnionFs.of(
    Array.from({ length: 128 }, (_, n) => ({
      entries: async function* () {
        for (let k = n; k < 12_800; k += 128)
          yield { ...plain, type: 'file', path: `/d${k % 100}/f${k}`, size: 0, content: () => chunksOf(Buffer.alloc(0)) }
      },
    })),
  )
  const one = await UnionFs.of([
    {
      entries: async function* () {
        for (let k = 0; k < 12_800; k++)
          yield { ...plain, type: 'file', path: `/d${k % 100}/f${k}`, size: 0, content: () => chunksOf(Buffer.alloc(0)) }
      },
    },
  ])
  const lookUp = async (fs) => {
    for (let k = 0; k < 12_800; k++) await fs.stat(`/d${k % 100}/f${k}`)
  }
  await compare('12,800 lookups', { 'UnionFs, 128 layers': () => lookUp(many), 'UnionFs, 1 layer': () => lookUp(one) }, rounds * 5)
  await compare('5,000 lookups', {
    UnionFs: async () => {
      for (const path of paths) await view.lstat(`/${path}`)
    },
    'node:fs on the unpacked tree': async () => {
      for (const path of paths) await stat(join(home, 'disk', path)).catch(() => undefined)
    },
  })
  const files = paths.filter((path) => lstatSync(join(home, 'disk', path), { throwIfNoEntry: false })?.isFile()).slice(0, 1000)
  await compare('copy-up of 1,000 files (mode)', {
    UnionFs: async () => {
      const edited = await UnionFs.of(image, { nowNs: () => 0n })
      for (const path of files) await edited.chmod(`/${path}`, 0o600)
    },
    'cp of them': () => execFileSync('cp', ['-a', '--parents', ...files, fresh()], { cwd: join(home, 'disk'), stdio: 'ignore' }),
  })
  const noise = readFileSync(process.execPath).subarray(0, 32 * 2 ** 20)
  writeFileSync(join(home, 'noise'), noise)
  await compare('sha256 of 32 MiB', {
    stratabox: async () => {
      await layerFromTar(() => chunksOf(noise), { compression: 'none' })
    },
    sha256sum: () => execFileSync('sha256sum', [join(home, 'noise')]),
    'node:crypto': () => createHash('sha256').update(noise).digest(),
  })
  const packing = (compression) => async () => {
    const made = await layerFromChanges([fileOf('/noise', noise)], { compression })
    return made.size
  }
  await compare('gzip of 32 MiB', {
    stratabox: packing('gzip'),
    'gzip -6': () => execFileSync('gzip', ['-6', '-c', join(home, 'noise')], { maxBuffer: 2 ** 28 }),
  })
  if (has('zstd'))
    await compare('zstd of 32 MiB', {
      stratabox: packing('zstd'),
      'zstd -3': () => execFileSync('zstd', ['-3', '-q', '-c', join(home, 'noise')], { maxBuffer: 2 ** 28 }),
    })
  const base = await store.build('scratch').write('/0', '0').commit()
  let build = store.build(base)
  for (let k = 0; k < 20; k++) build = build.write(`/f${k}`, `content ${k}`)
  await build.commit()
  await compare('a build of 20 unchanged steps', { stratabox: () => build.commit() }, rounds * 5)
  await drain(layer.compressed())
} finally {
  await store.close()
  rmSync(home, { recursive: true, force: true })
}
console.log(table(['what', 'who', 'median, ms', 'ours ÷ theirs'], rows))
