import { mkdirSync, rmSync } from "node:fs";
import { specSchema } from "../lib/domain/spec.ts";
import * as rec from "../lib/store/recordings-job.ts";
import * as win from "../lib/store/window-job.ts";
const spec=specSchema.parse({project:"pulse",title:"p",files:[{match:".csv",subject:{column:"id"},time:{kind:"column",column:"datetime"},channels:{pulse:{sensor:"pulse"}},label:{column:"category"}}],rateHz:1/86400,labels:{classes:["pro_athlete","athlete","non_athlete"]},windows:{kind:"subject"}});
const parts=[0,1,2,3,4,5].map(p=>({path:`/tmp/fw/pulse/${p}.parquet`,file:"f"+p,fileSpec:0,role:"samples" as const}));
const f="/tmp/fw/job"; rmSync(f,{recursive:true,force:true}); mkdirSync(f);
const control={folder:f,progress(){}};
let t=performance.now();
const out=await rec.run({parts,spec,shards:6},control); console.log(out,performance.now()-t);
import { readFileSync, writeFileSync } from "node:fs";
writeFileSync(f+"/split.json",JSON.stringify(Object.fromEntries(JSON.parse(readFileSync(out.subjects,"utf8")).map((s:string,i:number)=>[s,i%3?"train":"holdout"]))));
console.log(readFileSync(out.list,"utf8").slice(0,300));
for(const [i,s] of out.shards.slice(0,3).entries()){ t=performance.now(); const o=await win.run({parts:parts.filter(p=>s.parts.includes(p.file)),spec,recordings:s.recordings,split:f+"/split.json",seed:1,signals:false,outName:`w${i}.bin`},control); console.log(o,performance.now()-t,process.memoryUsage.rss()/1e6);}
