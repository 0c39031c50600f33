import { Command, Option } from "commander";
import { askNight, cancelNight, listNights } from "../../lib/app/nights.ts";
import * as schedules from "../../lib/app/schedules.ts";
import { NIGHT_STATES, type Due, type Night, type NightState, type Schedule, type ScheduleInput } from "../../lib/domain/api/nights.ts";
import { instant, jsonOption, pageOptions, wholeNumber, type ListOptions } from "../arguments.ts";
import { verb } from "../session.ts";
import { sheet, table } from "../table.ts";

interface SetOptions {
  readonly cron: string;
  readonly timezone: string;
  readonly overlap: ScheduleInput["overlap"];
  readonly catchup: number;
  readonly jitter: number;
  readonly why: string;
  readonly dryRun?: true;
}

interface BackfillOptions {
  readonly from: string;
  readonly to: string;
  readonly parallel: number;
  readonly run?: true;
}

export function scheduleCommand(): Command {
  const schedule = new Command("schedule").description("when a project retrains by itself, and what came of it");
  jsonOption(schedule.command("set").description("set when a project's nights are").argument("<project>"))
    .requiredOption("--cron <cron>", "minute, hour, day of month, month, day of week, such as '30 2 * * *'")
    .option("--timezone <zone>", "whose clocks count, such as Europe/Berlin", "UTC")
    .addOption(
      new Option("--overlap <policy>", "what a night does that is due while the one before still runs")
        .choices(["skip", "buffer"])
        .default("skip"),
    )
    .addOption(new Option("--catchup <minutes>", "a night this late is still started").argParser(wholeNumber(1, 1_440)).default(60))
    .addOption(new Option("--jitter <seconds>", "each begins at random within this time").argParser(wholeNumber(0, 3_600)).default(0))
    .option("--why <text>", "for the journal", "")
    .option("--dry-run", "show the next nights and save nothing")
    .action(
      verb(async (session, project: string, options: SetOptions) => {
        const { cron, timezone, overlap, catchup: catchupMinutes, jitter: jitterSeconds, why } = options;
        const input = { cron, timezone, overlap, catchupMinutes, jitterSeconds, why };
        const preview = await schedules.previewSchedule(session.platform(), project, input);
        for (const note of preview.notes) session.note(note);
        if (options.dryRun) return { value: preview, text: times(preview.next) };
        const set = await schedules.setSchedule(session.platform(), project, input, session.actor);
        return { value: set, text: textOf(set) };
      }),
    );
  jsonOption(schedule.command("list").description("the schedules of all projects")).action(
    verb(async (session) => {
      const items = await schedules.listSchedules(session.platform());
      const rows = items.map((item) => ({ ...item, next: item.next[0]?.local ?? null, paused: item.paused ? "yes" : null }));
      return {
        value: { items },
        text: table(rows, ["project", "cron", "timezone", "next", "paused", "overlap", "setBy", "setAt"], "no project has a schedule"),
      };
    }),
  );
  jsonOption(schedule.command("next").description("the times of the next nights").argument("<project>"))
    .addOption(new Option("--count <n>", "how many").argParser(wholeNumber(1, 100)).default(5))
    .action(
      verb(async (session, project: string, { count }: { count: number }) => {
        const next = await schedules.nextNights(session.platform(), project, count);
        return { value: { next }, text: times(next) };
      }),
    );
  for (const [name, work, description] of [
    ["pause", schedules.pauseSchedule, "no nights until it is resumed"],
    ["resume", schedules.resumeSchedule, "nights again; of those missed at most one is made up for"],
  ] as const) {
    jsonOption(schedule.command(name).description(description).argument("<project>"))
      .option("--why <text>", "for the journal", "")
      .action(
        verb(async (session, project: string, { why }: { why: string }) => {
          const changed = await work(session.platform(), project, why, session.actor);
          return { value: changed, text: textOf(changed) };
        }),
      );
  }
  jsonOption(
    schedule.command("backfill").description("the nights of a range that did not happen: shown, or run with --run").argument("<project>"),
  )
    .addOption(new Option("--from <time>", "the first night").argParser(instant).makeOptionMandatory())
    .addOption(new Option("--to <time>", "the last night").argParser(instant).makeOptionMandatory())
    .addOption(new Option("--parallel <n>", "nights under way at once").argParser(wholeNumber(1, 4)).default(1))
    .option("--run", "run them instead of showing them")
    .action(
      verb(async (session, project: string, { run, ...range }: BackfillOptions) => {
        const filled = await schedules.backfillSchedule(session.platform(), project, { ...range, dryRun: !run }, session.actor);
        const rows = filled.nights.map(({ id, local, known, note }) => ({ night: id, local, known: known ? "yes" : "", note }));
        const missing = filled.nights.filter((night) => !night.known).length;
        const end = run ? `${missing} nights were started` : `${missing} nights would run; --run starts them`;
        return { value: filled, text: `${table(rows, ["night", "local", "known", "note"], "the range has no nights")}\n\n${end}` };
      }),
    );
  jsonOption(schedule.command("ask").description("retrain now, if it is worth it").argument("<project>"))
    .option("--id <id>", "the same id again is the same night")
    .option("--why <text>", "for the journal", "")
    .action(
      verb(async (session, project: string, options: { id?: string; why: string }) => {
        const night = await askNight(session.platform(), project, { cause: "request", ...options }, session.actor);
        return { value: night, text: `night ${night.id} is ${night.state}${night.reason === null ? "" : `: ${night.reason}`}` };
      }),
    );
  jsonOption(
    schedule
      .command("cancel")
      .description("end a night that waits or is under way, and its run; of a backfill, the nights still to come too")
      .argument("<project>")
      .argument("<night>", "as `schedule nights` shows it"),
  )
    .option("--why <text>", "for the journal", "")
    .action(
      verb(async (session, project: string, id: string, { why }: { why: string }) => {
        const night = await cancelNight(session.platform(), project, id, why, session.actor);
        const text = night.state === "cancelled" ? `night ${id} is cancelled` : `night ${id} ends as soon as its activities have stopped`;
        return { value: night, text };
      }),
    );
  pageOptions(jsonOption(schedule.command("nights").description("what became of a project's nights, newest first").argument("<project>")))
    .addOption(new Option("--state <state>", "only those in this state").choices([...NIGHT_STATES]))
    .action(
      verb(async (session, project: string, options: ListOptions & { state?: NightState }) => {
        const page = await listNights(session.platform(), { ...options, project, visible: null });
        const columns = ["id", "cause", "state", "labels", "files", "promoted", "run", "reason"] as const;
        return { value: page, text: table(page.items.map(rowOf), columns, `project '${project}' had no night yet`) };
      }),
    );
  return schedule;
}

function rowOf({ promoted, ...night }: Night) {
  return { ...night, promoted: promoted === null ? null : promoted ? "yes" : "no" };
}

function textOf({ project, cron, timezone, overlap, catchupMinutes, jitterSeconds, paused, why, told, next }: Schedule): string {
  const head = sheet({
    project,
    cron,
    timezone,
    overlap,
    catchupMinutes,
    jitterSeconds,
    paused: paused ? `yes${why ? `: ${why}` : ""}` : "no",
  });
  return `${head}\n\n${times(next)}${told ? "" : "\n\nTemporal is away; a worker tells it as soon as it is back"}`;
}

function times(next: readonly Due[]): string {
  return table(next, ["local", "at", "note"], "no nights until it is resumed");
}
