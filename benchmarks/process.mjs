// One process of the start-up benchmark: grows to a size, then measures every contender on request, one after the other, so that all see the same machine.
// Started by startup.mjs with an IPC channel; not for hand use.
import { longestBlockMs } from './blocking.mjs'
import { contenders } from './contenders.mjs'

const { rssMb, root, peers } = JSON.parse(process.argv[2])
const ballast = grow(rssMb)
const { list, close } = await contenders({ root, peers })

// Once each before anything counts: code compiled, caches filled, pools made.
for (let round = 0; round < 5; round++) for (const { start, every = 1 } of list) if (round % every === 0) await start()
process.send({
  ready: true,
  rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
  contenders: list.map(({ who, isPeer, isCalibration }) => ({ who, isPeer, isCalibration })),
})

process.on('message', async ({ from, rounds, stop }) => {
  if (stop) {
    await close()
    process.disconnect()
    return
  }
  const samples = Object.fromEntries(list.map(({ who }) => [who, { wallMs: [], blockMs: [] }]))
  for (let round = from; round < from + rounds; round++) {
    for (const { who, start } of list.filter(({ every = 1 }) => round % every === 0)) {
      const began = performance.now()
      await start()
      samples[who].wallMs.push(performance.now() - began)
      // A second start, for the other figure: the turning loop would take its share of the time.
      samples[who].blockMs.push(await longestBlockMs(start))
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
