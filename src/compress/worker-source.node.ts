// What a compression thread runs. As text, so that it works from the sources, from the built files and out of a bundle alike.

/** CommonJS, for `new Worker(…, { eval: true })`. `workerData`: where the two encoders lie, and what they are told. A message is { id, kind, bytes, dictionary };
 *  the answer { id, packed } or { id, failure }. Deflate
 *  data still has its last block, which gzip-blocks.ts takes off. */
export const WORKER_SOURCE = `
const { parentPort, workerData } = require('node:worker_threads')
const { pathToFileURL } = require('node:url')
const { fflate, wasmZstd, deflate, zstdLevel } = workerData
const encoders = {
  deflate({ bytes, dictionary }) {
    const { Deflate } = require(fflate)
    const parts = []
    const encoder = new Deflate({ ...deflate, dictionary }, (part) => void parts.push(part))
    encoder.push(bytes)
    encoder.flush()
    encoder.push(new Uint8Array(0), true)
    return Buffer.concat(parts)
  },
  async zstd({ bytes }) {
    const { Zstd } = await import(pathToFileURL(wasmZstd))
    return (await Zstd.load()).compress(bytes, zstdLevel)
  },
}
parentPort.on('message', async ({ id, kind, ...block }) => {
  try {
    parentPort.postMessage({ id, packed: await encoders[kind](block) })
  } catch (failure) {
    parentPort.postMessage({ id, failure: String(failure) })
  }
})
`
