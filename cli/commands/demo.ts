import { join } from "node:path";
import { Command } from "commander";
import { DEMO_PROJECT, runDemo } from "../../lib/app/demo.ts";
import { jsonOption } from "../arguments.ts";
import { simulatorOf } from "../examples.ts";
import { runProgress } from "../progress.ts";
import { verb } from "../session.ts";
import { answerOf } from "./run.ts";

export function demoCommand(): Command {
  return jsonOption(
    new Command("demo").description("run the demo project once, on simulated exercises; asked again, it answers the run that was made"),
  ).action(
    verb(async (session) => {
      const specPath = join(import.meta.dirname, "..", "..", "examples", DEMO_PROJECT, "spec.yaml");
      const simulate = await simulatorOf(DEMO_PROJECT);
      return answerOf(
        await runDemo(session.platform(), { specPath, simulate, signal: session.signal, onChange: runProgress(session.note) }),
      );
    }),
  );
}
