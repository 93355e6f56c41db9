import { readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { it, expect } from 'vitest'
import { Hive } from '../../src/hive/index.ts'
const sha = (b:any)=>createHash('sha256').update(b).digest('hex')
function dump(h:any){const out:any[]=[];const walk=(k:any)=>{const values=k.storedValues().map((v:any)=>{const raw=h.constructor&&k.value(v.name).raw;return [v.name,v.type,raw.length,sha(raw)]});
 out.push([k.path,Number(k.lastWrittenFiletime),k.className??null,values,k.security?sha(k.security):null]);for(const s of k.subkeys())walk(s)};walk(h.root);return out}
const res=JSON.parse(readFileSync('/tmp/oracle/ydump.json','utf8'))
for(const p of Object.keys(res).sort()) it(p.slice(28),()=>{const r=res[p]
 let h:any; try{h=Hive.open(readFileSync(p),Object.values(r.logs).map((l:any)=>readFileSync(l)))}catch(e){console.log(p,'OURS',String(e),'YARP',r.error);if(!r.error)throw e;return}
 const d=dump(h)
 if(h.warnings.length||r.error)console.log(p.slice(28),d.length,r.keys?.length,h.warnings,'YARP',r.error,r.recovered)
 if(!r.error) expect(d).toEqual(r.keys.map((k:any)=>[k[0],k[1],k[2]||null,k[3],k[4]]))
 const again=Hive.open(h.toBytes()); expect(again.verify()).toEqual([])
 const sortd=(x:any[])=>x.map(k=>JSON.stringify(k)).sort(); expect(sortd(dump(again))).toEqual(sortd(d))
})
