import { readFileSync, writeFileSync } from 'node:fs'
import { execFileSync, spawnSync } from 'node:child_process'
import { it, expect } from 'vitest'
import { Hive } from '../../src/hive/index.js'
it('writes',()=>{ const h=Hive.create({now:()=>new Date(0)}); for(let i=0;i<3000;i++){const k=h.createKey('many\\k'+i); k.setValue('v'+i,{type:'REG_SZ',data:'x'.repeat(i%200)}); k.setValue('',{type:'REG_DWORD',data:i})}
 h.createKey('uni\\Привет').setValue('é',{type:'REG_MULTI_SZ',data:['a','b']}); const c=h.createKey('cls'); c.className='KlassÄ';
 writeFileSync('/tmp/oracle/w1.hive',h.toBytes())
 const b=Hive.create(); b.createKey('big').setValue('b',{type:'REG_BINARY',data:new Uint8Array(1<<20).fill(7)}); b.root.setValue('b2',{type:'REG_BINARY',data:new Uint8Array(16345)});writeFileSync('/tmp/oracle/w2.hive',b.toBytes())
 const d=Hive.create({layered:true}); const k=d.createKey('a\\b');k.layer='supersede-tree';d.createKey('t').layer='tombstone';d.key('a')!.tombstoneValue('gone');writeFileSync('/tmp/oracle/w3.hive',d.toBytes())
 for(const f of ['System_Delta','BigDataHive','ManySubkeysHive','hivex_special','UnicodeHive']) writeFileSync('/tmp/oracle/r-'+f+'.hive',Hive.open(readFileSync('/work/shared/corpus/hives/'+f)).toBytes())
})
