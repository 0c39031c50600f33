import { join } from "node:path";
import { Command, Option } from "commander";
import { listFiles, listSnapshots } from "../../lib/app/data.ts";
import { streamSynthetic } from "../../lib/app/synthesis.ts";
import { FILE_STATES, type DataFile } from "../../lib/domain/api/data.ts";
import { jsonOption, pageOptions, wholeNumber, type ListOptions } from "../arguments.ts";
import { projectSpec, simulatorOf } from "../examples.ts";
import { size, takeInAll } from "../intake.ts";
import { verb, type Answer, type Session } from "../session.ts";
import { table } from "../table.ts";

interface SimulateOptions {
  readonly subjects?: number;
  readonly seed: number;
  readonly out?: string;
  readonly add?: boolean;
  readonly fromStatistics?: boolean;
  readonly people?: number;
  readonly rate?: number;
  readonly as: "files" | "batches";
  readonly seconds?: number;
}

export function dataCommand(): Command {
  const data = new Command("data").description("recordings: take in, list, simulate");
  jsonOption(
    data
      .command("add")
      .description("take recordings in: files, folders, https:// or s3:// addresses; without any, the sources that the spec names")
      .argument("<project>")
      .argument("[path...]"),
  ).action(
    verb(async (session, project: string, paths: string[]) => {
      const spec = await projectSpec(session, project);
      const items = await takeInAll(session, project, spec, paths);
      const known = items.filter((item) => item.known).length;
      const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
      return {
        value: { items },
        text: `${items.length - known} taken in, ${known} known already (${size(bytes)} in all); sensorloop run start ${project} learns from them`,
      };
    }),
  );
  pageOptions(
    jsonOption(
      data.command("list").description("files, newest first, with what staging and cleaning made of them").argument("<project>"),
    ).addOption(new Option("--state <state>", "only these").choices([...FILE_STATES])),
  ).action(
    verb(async (session, project: string, options: ListOptions & { state?: DataFile["state"] }) => {
      const page = await listFiles(session.platform(), project, options);
      const rows = page.items.map(({ name, state, bytes, cleaning, error }) => ({
        name,
        state: cleaning?.state === "refused" ? "refused" : state,
        size: size(bytes),
        rows: cleaning?.rowsIn,
        ok: cleaning?.rowsOk,
        quarantined: cleaning?.rowsQuarantined,
        duplicate: cleaning?.rowsDuplicate,
        why: (cleaning?.error ?? error)?.code,
      }));
      return {
        value: page,
        text: table(
          rows,
          ["name", "state", "size", "rows", "ok", "quarantined", "duplicate", "why"],
          "no files yet: a run stages what was added",
        ),
      };
    }),
  );
  pageOptions(
    jsonOption(data.command("snapshots").description("immutable versions of the data, newest first").argument("<project>")),
  ).action(
    verb(async (session, project: string, options: ListOptions) => {
      const page = await listSnapshots(session.platform(), project, options);
      return {
        value: page,
        text: table(page.items, ["id", "subjects", "recordings", "rows", "leaking", "createdAt"], "no snapshot yet: a run makes them"),
      };
    }),
  );
  jsonOption(
    data
      .command("simulate")
      .description(
        "made-up recordings: of an example's simulator, written to a folder (and with --add taken in), or, from the statistics of the project's own people, streamed into the platform",
      )
      .argument("<project>", "an example that has a simulator, or a project whose runs describe its people")
      .addOption(new Option("--subjects <n>", "how many people").argParser(wholeNumber(1, 10_000_000)))
      .addOption(new Option("--seed <n>", "the same seed gives the same bytes").argParser(wholeNumber(0, 2 ** 31 - 1)).default(1))
      .option("--out <folder>", "where the files go (default: simulated/PROJECT)")
      .option("--add", "take the files in at once")
      .option("--from-statistics", "make them up from the newest statistics of the project")
      .addOption(new Option("--people <n>", "how many people, from statistics (default: 20)").argParser(wholeNumber(1, 10_000)))
      .addOption(
        new Option("--rate <rows>", "rows a second, from statistics (default: as fast as they come)").argParser(
          wholeNumber(1, 100_000_000),
        ),
      )
      .addOption(new Option("--as <form>", "how they are sent, from statistics").choices(["files", "batches"]).default("files"))
      .addOption(new Option("--seconds <n>", "stop after this long, from statistics").argParser(wholeNumber(1, 31_536_000))),
  ).action(
    verb(async (session, project: string, options: SimulateOptions) => {
      if (options.fromStatistics) return streamed(session, project, options);
      const { subjects, seed, out, add } = options;
      const simulate = await simulatorOf(project);
      const folder = out ?? join("simulated", project);
      const { files, rows, bytes } = await simulate({ folder, subjects, seed });
      const taken = add ? await takeInAll(session, project, await projectSpec(session, project), [folder]) : undefined;
      const text = `${files.length} files, ${rows.toLocaleString("en-US")} rows, ${size(bytes)} in ${folder}${taken ? "; taken in" : ""}`;
      return { value: { folder, files, rows, bytes, seed, ...(taken ? { taken } : {}) }, text };
    }),
  );
  return data;
}

async function streamed(session: Session, project: string, { seed, people, rate, as, seconds }: SimulateOptions): Promise<Answer> {
  const spec = await projectSpec(session, project);
  const onFile = (name: string, rows: number) => session.note(`taken in: ${name} (${rows} rows)`);
  const options = { seed, people, rate, as, seconds, signal: session.signal, onFile };
  const value = await streamSynthetic(session.platform(), project, spec, options, session.actor);
  const text = `${value.files} files of ${value.people} made-up people, ${value.rows.toLocaleString("en-US")} rows in ${value.seconds.toFixed(1)} s; sensorloop run start ${project} scores them`;
  return { value, text };
}
