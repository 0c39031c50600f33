import { nounCommands } from "./nouns.ts";
import { runProgram, sensorloop } from "./program.ts";

await runProgram(sensorloop(nounCommands()), process.argv.slice(2));
