import { simulate } from "./examples/gym/simulate.ts";
const t=performance.now(); const r = await simulate({folder:"/tmp/z-gym", seed: Number(process.argv[2] ?? 1)}); console.log(r.files.length, r.bytes, r.rows, performance.now()-t);
