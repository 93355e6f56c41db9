// Group "images": listing, unpacking and making layers, hashing, compression, copying an image, a cached build and a commit, beside tar, umoci, skopeo, gzip and zstd.
// --image LAYOUT measures another image.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sandbox, Store } from 'stratabox'
import { layerFromChanges, layerFromTar } from 'stratabox/image'
import { alone } from './alone.mjs'
import { addedFile, chunksOf } from './entries.mjs'
import { imageOption, openImage } from './image-input.mjs'
import { interleave } from './measure.mjs'
import { installed } from './peers.mjs'

export const name = 'images'
export const rounds = { full: 5, quick: 2 }
export const options = imageOption

/** Rounds of what takes a few milliseconds, as a multiple of the others'. */
const SHORT = 5

export async function measure({ rounds, isQuick, values, say }) {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  const store = await Store.open({ path: join(work, 'store') })
  const closing = []
  try {
    const missing = []
    const input = await openImage({ store, work, isQuick, values })
    const context = { ...input, store, work, missing, fresh: freshFolders(work), noise: makeNoise(work, isQuick ? 8 : 32) }
    const edited = { ...context, atEnd: (close) => closing.push(close) }
    const tasks = [listing, unpacking, copying, making, hashing, compressing]
    const rows = []
    for (const task of tasks) rows.push(...(await interleave(await task(context), { rounds, say })))
    rows.push(...(await interleave(await building(context), { rounds: rounds * SHORT })))
    if (process.platform === 'linux') rows.push(...(await interleave(await committing(edited), { rounds: rounds * SHORT })))
    return { rows, missing }
  } finally {
    for (const close of closing) await close()
    await store.close()
    rmSync(work, { recursive: true, force: true })
  }
}

/** Makes directories that nothing was in before: extracting right after removing a large tree is several times slower on ext4. */
function freshFolders(work) {
  let serial = 0
  return () => {
    const path = join(work, `fresh-${serial++}`)
    mkdirSync(path)
    return path
  }
}

/** A peer at a task: the run of a program, without its output. */
const program = (task, who, command, args) => ({
  ...task,
  who,
  isPeer: true,
  run: () => void execFileSync(command, typeof args === 'function' ? args() : args, { stdio: 'ignore' }),
})

async function listing({ image, title, work }) {
  const [layer] = await image.layers()
  const tar = join(work, 'layer.tar')
  await writeFile(tar, layer.uncompressed())
  const plain = await layerFromTar(() => createReadStream(tar, { highWaterMark: 256 * 1024 }))
  const task = { name: `list the first layer of ${title}` }
  const ours = async () => {
    for await (const _ of plain.entries());
  }
  return [{ ...task, who: 'stratabox', run: ours }, program(task, 'tar -t', 'tar', ['-tf', tar])]
}

function unpacking({ store, image, layout, tag, layers, title, fresh, missing }) {
  const task = { name: `unpack ${title}` }
  const untar = () => {
    const to = fresh()
    // Where a link replaces a directory tar goes on, and ends with 2.
    for (const layer of layers) spawnSync('tar', ['-xpzf', layer, '--xattrs', '--numeric-owner', '-C', to], { stdio: 'ignore' })
  }
  const contenders = [
    { ...task, who: 'stratabox', run: () => store.unpack(image, join(fresh(), 'tree')) },
    { ...task, who: 'tar -x, layer after layer', isPeer: true, run: untar },
  ]
  if (process.getuid?.() !== 0) missing.push({ name: 'umoci', reason: 'its unpack keeps owners, which takes root' })
  else if (installed('umoci', missing))
    contenders.push(program(task, 'umoci unpack', 'umoci', () => ['unpack', '--image', `${layout}:${tag}`, join(fresh(), 'bundle')]))
  return contenders
}

function copying({ layout, tag, title, fresh, missing }) {
  const task = { name: `copy ${title} into an empty store` }
  const load = async () => {
    const to = await Store.open({ path: join(fresh(), 'store') })
    await to.load(layout)
    await to.close()
  }
  const contenders = [{ ...task, who: 'stratabox', run: load }]
  if (installed('skopeo', missing))
    contenders.push(
      program(task, 'skopeo copy', 'skopeo', () => [
        'copy',
        '--insecure-policy',
        `oci:${layout}:${tag}`,
        `oci:${join(fresh(), 'layout')}:${tag}`,
      ]),
    )
  return contenders
}

function making({ work, fresh }) {
  const task = { name: 'make a layer of 1,000 small files' }
  const changes = Array.from({ length: 1000 }, (_, k) => addedFile(`/changed/${k}`, Buffer.alloc(1000, String(k))))
  const tree = join(fresh(), 'changed')
  mkdirSync(tree)
  for (let k = 0; k < 1000; k++) writeFileSync(join(tree, String(k)), Buffer.alloc(1000, String(k)))
  const make = (options) => () => layerFromChanges(changes, options)
  return [
    { ...task, who: 'stratabox', run: make({}) },
    { ...task, who: 'stratabox, uncompressed', run: make({ compression: 'none' }) },
    program(task, 'tar -cz', 'tar', ['-czf', join(work, 'out.tgz'), '-C', join(tree, '..'), '.']),
  ]
}

/** Machine code, which shrinks by about two thirds. */
function makeNoise(work, megabytes) {
  const bytes = readFileSync(process.execPath).subarray(0, megabytes * 2 ** 20)
  const path = join(work, 'noise')
  writeFileSync(path, bytes)
  return { bytes, path, title: `${megabytes} MiB` }
}

function hashing({ noise }) {
  const task = { name: `sha256 of ${noise.title}` }
  return [
    { ...task, who: 'stratabox', run: () => layerFromTar(() => chunksOf(noise.bytes), { compression: 'none' }) },
    program(task, 'sha256sum', 'sha256sum', [noise.path]),
    { ...task, who: 'node:crypto', isPeer: true, run: () => createHash('sha256').update(noise.bytes).digest() },
  ]
}

function compressing({ noise, missing }) {
  const pack = (compression) => () => layerFromChanges([addedFile('/noise', noise.bytes)], { compression })
  const pair = (compression, command, level) => {
    const task = { name: `${compression} of ${noise.title}` }
    return [
      { ...task, who: 'stratabox', run: pack(compression) },
      program(task, `${command} ${level}`, command, [level, '-q', '-k', '-f', noise.path]),
    ]
  }
  return [...pair('gzip', 'gzip', '-6'), ...(installed('zstd', missing) ? pair('zstd', 'zstd', '-3') : [])]
}

async function building({ store, image, title }) {
  const rows = []
  for (const [base, on] of [
    [await store.build('scratch').write('/0', '0').commit(), 'a small base'],
    [image, title],
  ]) {
    let build = store.build(base)
    for (let k = 0; k < 20; k++) build = build.write(`/f${k}`, `content ${k}`)
    await build.commit()
    rows.push({ name: `a build of 20 unchanged steps on ${on}`, who: 'stratabox', target: 50, run: () => build.commit() })
  }
  return rows
}

/** A sandbox on the image with 1,000 new files; one of them is another each time. */
async function committing({ store, image, title, work, fresh, atEnd }) {
  const task = { name: `commit 1,000 changed files on ${title}` }
  const sandbox = await Sandbox.create({ store, root: image })
  atEnd(() => sandbox.close())
  const tree = join(fresh(), 'changed')
  mkdirSync(tree)
  await sandbox.fs.mkdir('/changed')
  for (let k = 0; k < 1000; k++) {
    const text = String(k).repeat(1000).slice(0, 1000)
    writeFileSync(join(tree, String(k)), text)
    await sandbox.fs.writeFile(`/changed/${k}`, text)
  }
  let serial = 0
  const commit = async () => {
    await sandbox.fs.writeFile('/changed/0', String(serial++))
    await sandbox.commit()
  }
  return [
    { ...task, who: 'stratabox', target: 100, run: commit },
    program(task, 'tar -cz', 'tar', ['-czf', join(work, 'out.tgz'), '-C', join(tree, '..'), '.']),
  ]
}

await alone(import.meta.url, { name, rounds, options, measure })
