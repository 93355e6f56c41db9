// The thread that runs the target: mutates, runs, keeps what reaches new edges. Before each run the input goes into shared memory, so that who watches
// can save it when this thread hangs or dies.
import { parentPort, workerData } from 'node:worker_threads'
import { Corpus } from './corpus.mjs'
import { MAP_SIZE } from './instrument.mjs'
import { mutate, randomFrom } from './mutate.mjs'

const { program, state, input, seconds, seed, folder } = workerData
const [EXECUTIONS, SIZE, EDGES, KEPT] = [0, 1, 2, 3]

const edges = new Uint8Array(MAP_SIZE)
globalThis.__edges = edges
const target = await import(program)
const random = randomFrom(seed)
const tokens = target.tokens.map((text) => Buffer.from(text, 'latin1'))
const corpus = new Corpus(MAP_SIZE, folder)
let executions = 0

/** Runs one input; a throw is the finding that ends this thread. */
function execute(bytes) {
  input.set(bytes)
  Atomics.store(state, SIZE, bytes.length)
  Atomics.store(state, EXECUTIONS, ++executions)
  const started = performance.now()
  target.run(new Uint8Array(bytes))
  if (!corpus.isNew(edges)) return
  corpus.add(bytes, performance.now() - started)
  Atomics.store(state, EDGES, corpus.edges)
  Atomics.store(state, KEPT, corpus.inputs.length)
}

for (const bytes of [...target.seeds(), ...corpus.stored()]) execute(Buffer.from(bytes))
const end = performance.now() + 1000 * seconds
while (performance.now() < end) {
  const mutant = mutate(corpus.pick(random), corpus.pick(random), { random, sizeMax: input.length, tokens })
  execute(target.repair(mutant, random))
}
parentPort.postMessage({ executions })
