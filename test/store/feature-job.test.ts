import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { FeatureRow } from "../../lib/domain/features-store/feature-row.ts";
import { encodeWindowShard } from "../../lib/domain/window-shard.ts";
import { Pieces } from "../../lib/ingest/pieces.ts";
import type { OpenRecording } from "../../lib/ingest/recordings.ts";
import { run } from "../../lib/store/feature-job.ts";
import { testFolder } from "../support/services.ts";

const SENT = Date.UTC(2025, 0, 10);
const START = Date.UTC(2025, 0, 1);

/** The list of pieces that cleaning leaves of a file with these recordings of `ann`. */
function piecesAt(path: string, recordings: readonly string[]): string {
  const pieces = new Pieces();
  for (const recording of recordings)
    Object.assign(pieces.of({ subject: "ann", recording } as OpenRecording, null), { extent: 9, fromUs: 0, toUs: 9 });
  pieces.write(path);
  return path;
}

it("dates a recording by its own clock where one of its files has one, and by the last file that was sent where none has", async () => {
  const folder = await testFolder();
  const recordings = ["clocked", "mixed", "counted"];
  const shard = join(folder, "shard.bin");
  await writeFile(
    shard,
    Buffer.concat(
      encodeWindowShard({
        ...{ windows: 3, subjects: ["ann"], recordings, classes: [], features: ["x"], channels: [], samples: 0, rateHz: 10 },
        ...{ subject: Int32Array.of(0, 0, 0), recording: Int32Array.of(0, 1, 2), label: Int32Array.of(-1, -1, -1) },
        ...{ split: Uint8Array.of(3, 3, 3), dense: Uint8Array.of(0, 0, 0), from: Int32Array.of(0, 0, 0), to: Int32Array.of(10, 10, 10) },
        startUs: Float64Array.of(START * 1000, (START + 5_000) * 1000, 0),
        featureValues: Float32Array.of(1, 2, 3),
        signals: new Float32Array(0),
      }),
    ),
  );
  const output = await run(
    {
      shards: [shard],
      sets: [{ set: { from: "windows", per: "recording", statistic: "mean" }, names: ["x"] }],
      parts: [
        { pieces: piecesAt(join(folder, "a"), ["clocked", "mixed"]), timed: true, sentMs: SENT },
        { pieces: piecesAt(join(folder, "b"), ["mixed", "counted"]), timed: false, sentMs: SENT },
        { pieces: piecesAt(join(folder, "c"), ["counted"]), timed: false, sentMs: SENT + 1 },
      ],
      bySubject: false,
      memoryMb: 256,
    },
    { folder, progress: () => {} },
  );
  const rows = (await readFile(output.files[0]!.path, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as FeatureRow);
  expect(rows.map(({ eventMs, values }) => [eventMs, values[0]])).toEqual([
    [START + 1_000, 1],
    [START + 6_000, 2],
    [SENT + 1, 3],
  ]);
});
