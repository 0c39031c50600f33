import { Command } from "commander";
import { listQuarantine, replayQuarantine, showQuarantine, showReplay } from "../../lib/app/quarantine.ts";
import { waitForRun } from "../../lib/app/runs.ts";
import { jsonOption, pageOptions, type ListOptions } from "../arguments.ts";
import { verb } from "../session.ts";
import { table } from "../table.ts";

export function quarantineCommand(): Command {
  const quarantine = new Command("quarantine").description("rows that were refused, and their way back");
  jsonOption(quarantine.command("list").description("refused rows by rule, most first").argument("<project>")).action(
    verb(async (session, project: string) => {
      const items = await listQuarantine(session.platform(), project);
      return { value: { items }, text: table(items, ["rule", "rows", "files", "example"], "no row is in quarantine") };
    }),
  );
  pageOptions(
    jsonOption(quarantine.command("show").description("refused rows: file, line, rule, reason").argument("<project>"))
      .option("--rule <rule>", "only rows that this rule refused")
      .option("--file <id>", "only rows of this file"),
  ).action(
    verb(async (session, project: string, options: ListOptions & { rule?: string; file?: string }) => {
      const page = await showQuarantine(session.platform(), project, options);
      return {
        value: page,
        text: table(page.items, ["fileName", "line", "rule", "column", "reason", "raw"], "no such row is in quarantine"),
      };
    }),
  );
  jsonOption(quarantine.command("replay").description("clean again, with the newest spec, what was refused").argument("<project>"))
    .option("--no-wait", "do not wait for the end")
    .action(
      verb(async (session, project: string, options: { wait: boolean }) => {
        const platform = session.platform();
        const started = await replayQuarantine(platform, project, session.actor);
        if (!options.wait) return { value: started, text: `replay ${started.run} is on its way` };
        const run = await waitForRun(platform, started.run, { signal: session.signal });
        const replay = await showReplay(platform, project, started.run);
        const failed = run.state !== "done";
        const text = failed
          ? `the replay ended as ${run.state}: ${run.error?.message ?? ""}`
          : `${replay.moved ?? 0} rows moved back into the data, ${replay.left ?? 0} stay`;
        return { value: replay, text, failed };
      }),
    );
  return quarantine;
}
