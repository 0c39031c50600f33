import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { joinCsv } from "../../lib/app/feature-csv.ts";
import { featureStatistics, latestFeatures, listFeatureSets } from "../../lib/app/features.ts";
import { needSubject } from "../../lib/app/profiles.ts";
import { instant, jsonOption } from "../arguments.ts";
import { verb } from "../session.ts";
import { table } from "../table.ts";

interface JoinOptions {
  readonly subject: string;
  readonly time: string;
  readonly set?: string[];
  readonly asOf?: string;
}

export function featureCommand(): Command {
  const feature = new Command("feature").description("what is known of people: for serving now, for training as it was then");
  jsonOption(feature.command("list").description("feature sets, what is in them and how fresh it is").argument("<project>")).action(
    verb(async (session, project: string) => {
      const items = await listFeatureSets(session.platform(), project);
      const rows = items.map((set) => ({ ...set, features: set.names.length, state: stateOf(set.newestEventAt, set.stale) }));
      const columns = ["name", "from", "version", "features", "rows", "subjects", "newestEventAt", "state"] as const;
      return { value: { items }, text: table(rows, columns, "no set is declared") };
    }),
  );
  jsonOption(
    feature
      .command("get")
      .description("the newest values of a person")
      .argument("<project>")
      .argument("<subject>", "as the files call them, or their biometric id")
      .option("--at <time>", "as it was known then", instant)
      .option("--set <name...>", "only these sets"),
  ).action(
    verb(async (session, project: string, name: string, { at, set }: { at?: string; set?: string[] }) => {
      const platform = session.platform();
      const { biometricId } = await needSubject(platform, project, name);
      const latest = await latestFeatures(platform, project, biometricId, { sets: set, at });
      const rows = latest.sets.flatMap((each) =>
        Object.entries(each.values).map(([feature, value]) => ({
          set: each.set,
          feature,
          value,
          eventAt: each.eventAt,
          state: stateOf(each.eventAt, each.stale),
        })),
      );
      return { value: latest, text: table(rows, ["set", "feature", "value", "eventAt", "state"], "nothing was written yet") };
    }),
  );
  jsonOption(
    feature
      .command("join")
      .description("add to each line of a CSV file what was known of its person at its time")
      .argument("<project>")
      .argument("<file>", "CSV with a header")
      .option("--subject <column>", "who: as the files call them, or biometric ids", "subject")
      .option("--time <column>", "when: ISO 8601, in UTC without an offset", "time")
      .option("--set <name...>", "only these sets")
      .option("--as-of <time>", "what was written until then counts as known, also of earlier moments", instant),
  ).action(
    verb(async (session, project: string, file: string, { subject, time, set, asOf }: JoinOptions) => {
      const text = await readFile(file, "utf8");
      const joined = await joinCsv(session.platform(), project, text, { columns: { subject, time }, sets: set, asOf });
      if (joined.unknown > 0) session.note(`${joined.unknown} of ${joined.rows} lines name people whom the project does not have`);
      return { value: joined, text: joined.text };
    }),
  );
  jsonOption(
    feature
      .command("statistics")
      .description("each feature of a set over the newest row of each person")
      .argument("<project>")
      .argument("<set>"),
  ).action(
    verb(async (session, project: string, set: string) => {
      const statistics = await featureStatistics(session.platform(), project, set);
      const columns = ["name", "count", "missing", "mean", "sd", "min", "max"] as const;
      return { value: statistics, text: table(statistics.features, columns, "nothing was written yet") };
    }),
  );
  return feature;
}

function stateOf(newestAt: string | null, stale: boolean): string {
  if (newestAt === null) return "empty";
  return stale ? "stale" : "fresh";
}
