import { stackCommands } from "./commands/stack.ts";
import { nounCommands } from "./nouns.ts";
import { runProgram, sensorloop } from "./program.ts";

await runProgram(sensorloop([...stackCommands(), ...nounCommands()]), process.argv.slice(2));
