import { DuckDBInstance } from "@duckdb/node-api";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readSpec } from "../../lib/domain/spec-file.ts";
import { findLines } from "../../lib/store/line-search.ts";
import { testFolder } from "../support/services.ts";

/** Two recordings at 20 Hz of one person; line 1 is the header. Recording `b` follows `a` in the file. */
let folder: string;
let path: string;

beforeAll(async () => {
  folder = await testFolder();
  path = join(folder, "clean.parquet");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`copy (
    select 'p''1' as subject, case when i < 100 then 'a' else 'b' end as recording, (i % 100)::bigint as "index",
           (1700000000000000 + (i % 100) * 50000)::bigint as at_us, (i + 2)::bigint as line, i::float as x
    from range(200) t(i)) to '${path}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
});

function spec(time: string, windows: string) {
  return readSpec(
    `
project: gym
title: t
rateHz: 50
files:
  - match: "csv$"
    subject: { constant: p }
    rateHz: 20
    time: ${time}
    channels: { x: { sensor: acc } }
    label: { column: label }
labels: { classes: [rest, walk] }
windows: ${windows}
`,
    "spec.yaml",
  );
}
const search = (text: ReturnType<typeof spec>, window: { recording: string; from: number; to: number; startUs?: number }) =>
  findLines({ folder, parts: [{ path, file: "file-1", fileSpec: 0 }], spec: text, window: { subject: "p'1", startUs: 0, ...window } });

describe("the lines a window was read from", () => {
  it("are found by place where rows have no clock: samples at the spec's rate against rows at the file's", async () => {
    // Samples 50 to 100 at 50 Hz are seconds 1 to 2, rows 20 to 39 at 20 Hz, lines 22 to 41.
    expect(
      await search(
        spec("{ kind: index }", "{ kind: sliding, seconds: 1 }\nmodels: [{ family: cnn, convolutions: [{ filters: 2, kernel: 3 }] }]"),
        { recording: "a", from: 50, to: 100 },
      ),
    ).toEqual([{ file: "file-1", from: 22, to: 41 }]);
  });

  it("are found by time where rows have one", async () => {
    const timed = spec(
      "{ kind: column, column: t, format: us }",
      "{ kind: sliding, seconds: 1 }\nmodels: [{ family: cnn, convolutions: [{ filters: 2, kernel: 3 }] }]",
    );
    expect(await search(timed, { recording: "b", from: 0, to: 50, startUs: 1_700_000_001_000_000 })).toEqual([
      { file: "file-1", from: 122, to: 141 },
    ]);
  });

  it("are the row itself where rows are examples, and the whole of it where recordings are", async () => {
    expect(await search(spec("{ kind: index }", "{ kind: row }"), { recording: "b", from: 7, to: 8 })).toEqual([
      { file: "file-1", from: 109, to: 109 },
    ]);
    expect(await search(spec("{ kind: index }", "{ kind: recording }"), { recording: "b", from: 0, to: 100 })).toEqual([
      { file: "file-1", from: 102, to: 201 },
    ]);
    expect(await search(spec("{ kind: index }", "{ kind: subject }"), { recording: "a", from: 0, to: 200 })).toEqual([
      { file: "file-1", from: 2, to: 201 },
    ]);
  });

  it("F33: are not found for someone else, whatever the name holds", async () => {
    const text = spec("{ kind: index }", "{ kind: row }");
    expect(
      await findLines({
        folder,
        parts: [{ path, file: "f", fileSpec: 0 }],
        spec: text,
        window: { subject: "' or 1=1 --", recording: "a", from: 0, to: 9, startUs: 0 },
      }),
    ).toEqual([]);
  });
});
