import { readFileSync } from 'node:fs'
import { it } from 'vitest'
import { parseBaseBlock } from '../../src/hive/records/base-block.js'
import { parseNewLog } from '../../src/hive/log/new-log.js'
import { Warnings } from '../../src/hive/warnings.js'
import { recover } from '../../src/hive/log/recover.js'
const dir='/work/shared/corpus/hives/NewDirtyHive1/'
it('x',()=>{ const b=(n:string)=>readFileSync(dir+n)
 console.log(parseBaseBlock(b('NewDirtyHive')),parseBaseBlock(b('RecoveredHive_Windows10')))
 for(const l of ['LOG1','LOG2']){const p=parseNewLog(b('NewDirtyHive.'+l));console.log(p.base,p.entries.map(e=>[e.sequence,e.pages.length,e.dataSize]))}
 const w=new Warnings(); recover(b('NewDirtyHive'),[b('NewDirtyHive.LOG1'),b('NewDirtyHive.LOG2')],w);console.log(w.list)
})
