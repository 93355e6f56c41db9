// One process of the start-up benchmark: grows to a size, then measures every contender on request, one after the other, so that all see the same machine.
// Started by startup.mjs with an IPC channel; not for hand use.
import { longestBlockUs } from './blocking.mjs'
import { contenders } from './contenders.mjs'

const { rssMb, root, hasBwrap } = JSON.parse(process.argv[2])
const ballast = grow(rssMb)
const { list, close } = await contenders({ root, hasBwrap })

// Once each before anything counts: code compiled, caches filled, pools made.
for (let round = 0; round < 5; round++) for (const { start } of list) await start()
process.send({
  ready: true,
  rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
  contenders: list.map(({ name, isCalibration }) => ({ name, isCalibration })),
})

process.on('message', async ({ rounds, stop }) => {
  if (stop) {
    await close()
    process.disconnect()
    return
  }
  const samples = Object.fromEntries(list.map(({ name }) => [name, { wallUs: [], blockUs: [] }]))
  for (let round = 0; round < rounds; round++) {
    for (const { name, start } of list) {
      const began = performance.now()
      await start()
      samples[name].wallUs.push((performance.now() - began) * 1000)
      // A second start, for the other figure: the turning loop would take its share of the time.
      samples[name].blockUs.push(await longestBlockUs(start))
    }
  }
  process.send({ samples, ballast: ballast.length })
})

/** Touches memory until the resident set is that large: a fork copies the page tables of what is resident. */
function grow(targetMb) {
  const held = []
  while (process.memoryUsage.rss() < targetMb * 2 ** 20) held.push(Buffer.alloc(2 ** 20, 1))
  return held
}
