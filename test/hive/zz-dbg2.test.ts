import { it } from 'vitest'
import { marvin32 } from '../../src/hive/log/marvin32.js'
it('x',()=>{ for (const s of ['','abcd']) {const r=marvin32(new TextEncoder().encode(s));console.log(r.high.toString(16),r.low.toString(16))}})
