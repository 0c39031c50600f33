import { DuckDBInstance } from "@duckdb/node-api";
import { readColumns } from "../lib/store/columns.ts";
const db=await DuckDBInstance.create(":memory:",{threads:"1"}); const c=await db.connect();
const src=`read_parquet(['/tmp/fw/pulse/0.parquet','/tmp/fw/pulse/1.parquet','/tmp/fw/pulse/2.parquet'])`;
const time=async(n:string,f:()=>Promise<unknown>)=>{const t=performance.now();await f();console.log(n,(performance.now()-t).toFixed(0))};
const lc=`coalesce(enum_code(try_cast(label as enum('pro_athlete','athlete','non_athlete')))::integer, case when label is null then -1 else -2 end)`;
for(let i=0;i<2;i++){
await time("lists all", async()=>{const r=await c.stream(`select subject, recording, list(at_us::double), list(pulse), list(${lc}) from ${src} group by all order by all`);let n=0;
 for(let k=await r.fetchChunk();k&&k.rowCount>0;k=await r.fetchChunk()){ for(let j=2;j<5;j++){const v:any=k.getColumnVector(j); n+=v.childData?.items.length??0;} } console.log(n)});
await time("lists noorder", async()=>{const r=await c.stream(`select list(at_us::double), list(pulse), list(${lc}) from ${src} group by subject, recording`);let n=0;
 for(let k=await r.fetchChunk();k&&k.rowCount>0;k=await r.fetchChunk()){ for(let j=0;j<3;j++){const v:any=k.getColumnVector(j); n+=v.childData?.items.length??0;} } console.log(n)});
await time("mat join", async()=>{const r=await c.run(`select at_us::double, pulse, ${lc} from ${src}`);console.log(r.rowCount);let n=0;for(let i=0;i<r.chunkCount;i++){const k=r.getChunk(i);for(let j=0;j<3;j++)n+=(k.getColumnVector(j) as any).items.length}console.log(n)});
}
