// One hostile image in a process of its own: loaded, unpacked as a plain tree and as layers, and what that cost.
import { ended, program, start } from './scripts.js'

/** What became of an image, and what it took beyond what the process had after a harmless one. */
export interface Measured {
  /** 'accepted', or the error's name and code. */
  readonly outcome: string
  /** Peak resident memory. */
  readonly extraBytes: number
  /** Processor time, of the slower of the two ways: what others do on the machine counts little. */
  readonly cpuSeconds: number
}

const CODE = `
  import { contentOf, Store } from '../../src/api/store.js'
  const [home, idMode, path] = process.argv.slice(2)
  const cpuSeconds = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6 }
  let slowest = 0
  async function timed(work) {
    const began = cpuSeconds()
    try { return await work() } finally { slowest = Math.max(slowest, cpuSeconds() - began) }
  }
  async function all(path, tree) {
    const [image] = await timed(() => store.load(path))
    if (image === undefined) return
    await timed(() => store.unpack(image, tree))
    const { release } = await timed(() => contentOf(store).unpacked(image, { idMode }))
    await release()
  }
  const store = await Store.open({ path: home + '/store' })
  // Everything is loaded and was used once before it counts.
  await store.build('scratch').write('/warm', Buffer.alloc(1 << 20, 'x')).commit({ tag: 'warm:1' })
  await store.save('warm:1', home + '/warm.tar', { format: 'docker-archive' })
  await all(home + '/warm.tar', home + '/warm')
  const before = process.resourceUsage().maxRSS
  slowest = 0
  const outcome = await all(path, home + '/tree').then(() => 'accepted', (error) => error.name + ' ' + error.code)
  console.log(JSON.stringify({ outcome, extraBytes: (process.resourceUsage().maxRSS - before) * 1024, cpuSeconds: slowest }))
  await store.close()
`

let compiled: Promise<string> | undefined

/** Takes the image at `path` through both, with everything that is made below `home`. @throws Error where the process ends in any other way than by itself */
export async function measure(home: string, idMode: string, path: string): Promise<Measured> {
  compiled ??= program(CODE)
  const child = start(await compiled, [home, idMode, path])
  let out = ''
  child.stdout!.on('data', (chunk) => {
    out += String(chunk)
  })
  const code = await ended(child)
  if (code !== 0) throw new Error(`the process ended with ${code ?? child.signalCode}: ${out}`)
  return JSON.parse(out) as Measured
}
