import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { specSchema } from "/work/main/lib/domain/spec.ts";
import { compileFeatures } from "/work/main/lib/domain/features/compile.ts";
const spec = specSchema.parse(parse(readFileSync("/work/main/examples/har/spec.yaml","utf8")));
const chans=["total_x","total_y","total_z","gyro_x","gyro_y","gyro_z","body_x","body_y","body_z"];
const f=compileFeatures(spec.features!,chans,50,128);
console.log(f.names.length);
const n=128*64; let s=1; const rnd=()=>{s=(s*1103515245+12345)&0x7fffffff;return s/0x7fffffff-.5};
const data=chans.map((c,i)=>Float32Array.from({length:n},(_,t)=>(i===0?1:0)+Math.sin(t/(3+i))*.3+rnd()*.2));
const out=new Float32Array(f.names.length);
for(let r=0;r<6;r++){const t0=process.cpuUsage().user/1000;let w=0;for(let k=0;k<6000;k++){const from=(k%126)*64;f.compute(data,from,from+128,out,0);w++}
const dt=process.cpuUsage().user/1000-t0;console.log((w/dt*1000).toFixed(0),"win/s",(w*f.names.length/dt/1000).toFixed(2),"M/s");}
let bad=0; out.forEach(v=>{if(!Number.isFinite(v))bad++}); console.log("bad",bad);
const c=chans.map(()=>new Float32Array(128).fill(.3)); f.compute(c,0,128,out,0); console.log("const", f.names.filter((_,i)=>!Number.isFinite(out[i]!)), f.names.map((x,i)=>x+"="+out[i]!.toFixed(4)).slice(0,48).join(" "));
f.compute(c,0,1,out,0); console.log("one", f.names.filter((_,i)=>!Number.isFinite(out[i]!)));
