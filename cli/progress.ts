import type { RunDetail } from "../lib/domain/api/runs.ts";

/** Tells a waiting person what changed in a run since it was last told: a line for each stage that begins or ends. */
export function runProgress(note: (text: string) => void): (run: RunDetail) => void {
  const told = new Map<string, string>();
  let state = "";
  return (run) => {
    if (run.state !== state && (run.state === "queued" || run.state === "waiting")) {
      note(
        run.state === "queued"
          ? `run ${run.run} is accepted${run.workflowStarted ? "" : "; it starts as soon as Temporal is back"}`
          : `run ${run.run} waits for an approval`,
      );
    }
    state = run.state;
    for (const stage of run.stages) {
      const tenth = stage.progress && stage.progress.total > 0 ? Math.floor((10 * stage.progress.done) / stage.progress.total) : 0;
      const now = stage.state === "running" ? `running ${tenth}` : stage.state;
      if (told.get(stage.name) === now || stage.state === "planned" || stage.state === "waiting") continue;
      told.set(stage.name, now);
      const seconds = stage.seconds !== null && stage.state !== "running" ? ` in ${stage.seconds.toFixed(1)} s` : "";
      const rows =
        stage.rowsOut !== null && stage.state !== "running"
          ? `, ${stage.rowsIn?.toLocaleString("en-US") ?? "?"} in, ${stage.rowsOut.toLocaleString("en-US")} out`
          : "";
      const share = stage.state === "running" && tenth > 0 ? ` ${tenth}0 %` : "";
      note(`${stage.name.padEnd(11)} ${stage.state}${share}${seconds}${rows}${stage.reason ? ` (${stage.reason})` : ""}`);
    }
  };
}
