import { join } from "node:path";
import { applySpec } from "../../lib/app/projects.ts";
import type { Platform } from "../../lib/platform.ts";
import { literal, openDuckdb } from "../../lib/store/duckdb.ts";
import { record } from "../../lib/store/objects.ts";

export interface StoredSignal {
  readonly project: string;
  readonly subject: string;
  readonly recording: string;
}

/**
 * One recording of six channels as staging, cleaning and the snapshot would leave it: `a.csv~0` of `person`, made by
 * DuckDB, so that ten million rows take seconds. `again` stores another snapshot of the same bytes.
 * @param value SQL for channel `c` (0 to 5) of row `i`
 * @param at SQL for the time of row `i` in microseconds; null: rows follow each other at the rate
 */
export async function storeSignal(
  platform: Platform,
  options: {
    readonly project: string;
    readonly folder: string;
    readonly rows: number;
    readonly value: string;
    readonly at?: string;
    readonly label?: string;
    readonly rateHz?: number;
    readonly media?: string;
  },
): Promise<StoredSignal & { readonly again: () => Promise<void> }> {
  const { project, folder, rows, value, at, label = "null", rateHz = 50, media } = options;
  const [subject, recording] = ["person", "a.csv~0"];
  const names = ["ax", "ay", "az", "gx", "gy", "gz"];
  const channels = names.map(
    (name) => `${name}: { sensor: ${name.startsWith("a") ? "acc" : "gyro"}, unit: ${name.startsWith("a") ? "g" : "rad/s"} }`,
  );
  const text = `
project: ${project}
title: Signals
rateHz: ${rateHz}
files:
  - match: "\\\\.csv$"
    subject: { constant: someone }
    ${at === undefined ? "" : "time: { kind: column, column: t, format: us }"}
    channels: { ${channels.join(", ")} }
    label: { column: label }
labels:
  classes: [rest, walk]
windows: { kind: sliding, seconds: 1, maxGapSeconds: 1 }
features: { groups: [{ channels: [ax], formulas: [time] }] }
${media === undefined ? "" : `annotation: { media: { match: ${JSON.stringify(media)}, offsetSeconds: 0.5 } }`}
`;
  await applySpec(platform, { text, name: "spec.yaml" }, "test");
  await using database = await openDuckdb({ folder, memoryMb: 400, threads: 2 });
  const [path, pieces] = [join(folder, `${project}.parquet`), join(folder, `${project}.pieces.parquet`)];
  const columns = names.map((name, channel) => `(${value.replaceAll(/\bc\b/g, String(channel))})::float as ${name}`);
  const time = at === undefined ? "null::bigint" : `(${at})::bigint`;
  await database.run(
    `copy (select ${literal(subject)} as subject, ${literal(recording)} as recording, (i + 2)::integer as line, i as index, ${time} as at_us, ${columns.join(", ")},
      ${label}::varchar as label, coalesce(dense_rank() over (order by ${label} nulls first) - 1, 0)::integer as piece from range(${rows}) as r(i)) to ${literal(path)} (format parquet)`,
  );
  await database.run(
    `copy (select piece, subject, recording, label, count(*) as extent, min(at_us) as from_us, max(at_us) as to_us from read_parquet(${literal(path)}) group by all order by piece)
      to ${literal(pieces)} (format parquet)`,
  );
  const { objects, db } = platform;
  const part = await objects.putFile(project, "clean", path);
  const list = await objects.putFile(project, "clean", pieces);
  await db.transaction().execute((tx) => record(tx, [part, list]));
  await storeSnapshot("first");
  return { project, subject, recording, again: () => storeSnapshot("second") };

  async function storeSnapshot(id: string): Promise<void> {
    const ref = ({ key, sha256, bytes }: typeof part) => ({ key, sha256, bytes });
    const split = await objects.putBytes(project, "snapshot", Buffer.from("{}"));
    const manifest = {
      ...{ format: 2, project, splitBy: "subject", splitHash: "0" },
      parts: [{ ...ref(part), file: "f", name: "a.csv", fileSpec: 0, role: "samples", pieces: ref(list), rows }],
      split: ref(split),
      shards: [],
    };
    const body = await objects.putBytes(project, "snapshot", Buffer.from(JSON.stringify(manifest)));
    await db.transaction().execute(async (tx) => {
      await record(tx, [split, body]);
      await tx
        .insertInto("snapshot")
        .values({
          ...{ id: `${project}-${id}`, project, manifest: body.key, recordings: 1, subjects: 1, rows },
          ...{ splits: "{}", holdout_sha256: "0".repeat(64), leaking: false },
        })
        .execute();
    });
  }
}
