import { it } from 'vitest'
import { mergeLayers } from '../../src/image/index.js'
import { corpus, firstImage } from './support/corpus.js'
it('x', async () => {
  const img = await firstImage(corpus('hostile/cases/s19-many-entries'))
  const layers = await img.layers()
  for (let k = 0; k < 2; k++) {
  let t = Date.now(); let n = 0
  for (const l of layers) for await (const _ of l.uncompressed()) n += _.length
  console.log('uncompressed', n, Date.now() - t); t = Date.now(); n = 0
  for (const l of layers) for await (const _ of l.entries()) n++
  console.log('entries', n, Date.now() - t); t = Date.now()
  await mergeLayers(layers)
  console.log('merge', Date.now() - t)
  }
}, 300000)
