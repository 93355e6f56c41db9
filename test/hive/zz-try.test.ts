import { readFileSync, readdirSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { it, expect } from 'vitest'
import { Hive } from '/work/main/src/hive/index.ts'
import { typeNumber } from '/work/main/src/hive/data.ts'
const sha = (b:any)=>createHash('sha256').update(b).digest('hex')
const dir='/work/shared/corpus/hives/'
function dump(h:any){const out:any[]=[];const walk=(k:any)=>{const values=[...k.values()].map((v:any)=>({name:v.name,type:typeof v.type==='number'?v.type:typeNumber(v.type),size:v.raw.length,sha256:sha(v.raw),...(v.tombstone?{tombstone:true}:{})}));
 const bits=k.stored.layerBits
 out.push({path:k.path,lastWritten:Number(k.lastWrittenFiletime),...(k.className?{class:k.className}:{}),...(h.isLayered&&bits?{layerBits:bits}:{}),...(values.length?{values}:{}),securitySha256:k.security&&sha(k.security)});for(const s of k.subkeys())walk(s)};walk(h.root);return out}
for(const f of readdirSync(dir).filter(f=>f.endsWith('.expected.json'))) it(f,()=>{
 const exp=JSON.parse(readFileSync(dir+f,'utf8')); const h=Hive.open(readFileSync(dir+f.replace('.expected.json','')))
 const d=dump(h); console.log(f,d.length,h.warnings); if(exp.keys){ expect(d).toEqual(exp.keys)} else console.log(exp, d.map(k=>k.path))
 const again=Hive.open(h.toBytes()); expect(dump(again)).toEqual(d); expect(again.warnings).toEqual([])
})
it('dirty',()=>{const b=(n:string)=>readFileSync(dir+'NewDirtyHive1/'+n);const exp=JSON.parse(b('NewDirtyHive.expected.json').toString())
 const h=Hive.open(b('NewDirtyHive'),[b('NewDirtyHive.LOG1'),b('NewDirtyHive.LOG2')]); expect(dump(h)).toEqual(exp.keys);console.log(h.warnings)
 expect(dump(h)).toEqual(dump(Hive.open(b('RecoveredHive_Windows10'))))})
