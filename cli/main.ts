import { enableCompileCache } from "node:module";

// Compiled code is kept between calls: half of the time that a short verb takes (0.9 s to 0.4 s of processor time).
enableCompileCache();
const [{ nounCommands }, { runProgram, sensorloop }] = await Promise.all([import("./nouns.ts"), import("./program.ts")]);
await runProgram(sensorloop(nounCommands()), process.argv.slice(2));
