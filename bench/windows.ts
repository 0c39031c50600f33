import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compileFeatures } from "../lib/domain/features/compile.ts";
import { channelsAfterFilters } from "../lib/domain/features/choose.ts";
import { applyFilters } from "../lib/domain/filters.ts";
import type { Recording } from "../lib/domain/recording.ts";
import { readSpec } from "../lib/domain/spec-file.ts";
import type { Spec } from "../lib/domain/spec.ts";
import { planWindows, windowSamples } from "../lib/domain/windows.ts";
import { openDuckdb } from "../lib/store/duckdb.ts";
import { readRecordings } from "../lib/store/series.ts";
import { writeHarParts } from "../test/support/clean-parts.ts";
import { lastJson, runCommand } from "./command.ts";
import { median, ratio, round, type Bench, type BenchContext } from "./harness.ts";
import { pythonEnvironment } from "./python.ts";
import { alternate } from "./turns.ts";

const AT_LEAST = 2;
/** Share of values that may differ by more than 1e-4 of 0.001 + their size: where rounding decides which of two peaks is the higher. */
const MAY_DIFFER = 1e-6;

/**
 * The windows of the raw UCI HAR recordings (1.12 M rows, 10,411 windows of 128 samples) with all 1,339 features, on one
 * core, in feature values a second. The peer computes the same features of the same windows, vectorised in NumPy and SciPy,
 * on one core as well, and its table is compared with ours. Nobody is charged for reading or filtering: all are timed from
 * signals in memory to a table of features, in processor seconds, our compiler's and collector's threads included.
 *
 * The peer that the target names is the script as such scripts are written: double precision, all windows at once. The
 * same script in single precision and in chunks of the size its cache likes best is measured beside it and reported as
 * `tuned`; its sorts and sums use the processor's vector units, which JavaScript cannot.
 */
export const run: Bench = async (context) => {
  const spec = readSpec(await readFile(new URL("../examples/har/spec.yaml", import.meta.url), "utf8"), "examples/har/spec.yaml");
  const recordings = await loadRecordings(context, spec);
  const channels = channelsAfterFilters(spec);
  const rows = recordings.reduce((sum, recording) => sum + recording.length, 0);
  context.say(`${recordings.length} recordings, ${rows} rows`);
  const peer = context.skipPeer ? undefined : await preparePeer(context, recordings, spec, channels);
  const contenders = {
    ours: () => Promise.resolve(compute(recordings, spec, channels)),
    ...(peer && { plain: () => peer("plain"), tuned: () => peer("tuned") }),
  };
  const outcomes = await alternate<Timed>(context, contenders, (timed) => `${round(rateOf(timed) / 1e6)} M values/s`);
  const rate = (name: string) => median(outcomes[name]!.map(rateOf));
  const seconds = (name: string) => outcomes[name]!.map((timed) => round(timed.seconds));
  const value = rate("ours");
  const first = outcomes["ours"]![0]!;
  const differing = peer ? shareThatDiffers(first.table, outcomes["plain"]![0]!.table) : 0;
  if (differing > MAY_DIFFER) throw new Error(`${differing} of the peer's feature values are not ours`);
  return {
    value: round(value),
    unit: "feature values/s",
    target: `>= ${AT_LEAST}x NumPy/SciPy, vectorised, one core each`,
    ok: !peer || value >= AT_LEAST * rate("plain"),
    peer: peer ? { name: "NumPy/SciPy, vectorised, the same features", value: round(rate("plain")) } : null,
    ratio: peer ? ratio(value, rate("plain"), "higher") : null,
    detail: {
      rows,
      windows: first.windows,
      features: first.features,
      windowsPerSecond: round(value / first.features),
      seconds: seconds("ours"),
      ...(peer && {
        peerSeconds: seconds("plain"),
        tuned: {
          name: "the same script, single precision, chunks of 64 windows",
          value: round(rate("tuned")),
          ratio: ratio(value, rate("tuned"), "higher"),
          seconds: seconds("tuned"),
        },
        shareThatDiffers: differing,
      }),
    },
  };
};

interface Timed {
  readonly windows: number;
  readonly features: number;
  readonly seconds: number;
  /** Row-major [windows, features]. */
  readonly table: Float32Array;
}

function rateOf({ windows, features, seconds }: Timed): number {
  return (windows * features) / seconds;
}

function shareThatDiffers(left: Float32Array, right: Float32Array): number {
  if (left.length !== right.length) throw new Error(`${right.length} values from the peer, ${left.length} from us`);
  let differing = 0;
  for (let at = 0; at < left.length; at++) if (!(Math.abs(left[at]! - right[at]!) <= 1e-4 * (0.001 + Math.abs(right[at]!)))) differing++;
  return differing / left.length;
}

async function loadRecordings(context: BenchContext, spec: Spec): Promise<Recording[]> {
  const archive = join(context.data, "uci_har_raw", "hapt_raw.zip");
  const parts = await writeHarParts(archive, context.folder, spec);
  await using database = await openDuckdb({ folder: context.folder, memoryMb: 512, threads: 1 });
  const recordings: Recording[] = [];
  for await (const recording of readRecordings({ database, parts, spec })) recordings.push(applyFilters(recording, spec.filters));
  return context.quick ? recordings.slice(0, 6) : recordings;
}

function compute(recordings: readonly Recording[], spec: Spec, channels: readonly string[]): Timed {
  const begun = process.cpuUsage();
  const features = compileFeatures(spec.features!, channels, spec.rateHz, windowSamples(spec.windows, spec.rateHz));
  const plans = recordings.map((recording) => planWindows(recording, spec.windows, false).windows);
  const windows = plans.reduce((sum, plan) => sum + plan.length, 0);
  const width = features.names.length;
  const table = new Float32Array(windows * width);
  let at = 0;
  for (const [index, recording] of recordings.entries()) {
    const series = channels.map((name) => recording.channels.get(name)!);
    for (const { from, to } of plans[index]!) {
      features.compute(series, from, to, table, at);
      at += width;
    }
  }
  const { user, system } = process.cpuUsage(begun);
  const seconds = (user + system) / 1e6;
  if (table.some((value) => !Number.isFinite(value))) throw new Error("a feature is not a number");
  return { windows, features: width, seconds, table };
}

/** Hands the same filtered signals and the same windows to the peer, as raw numbers. */
async function preparePeer(
  context: BenchContext,
  recordings: readonly Recording[],
  spec: Spec,
  channels: readonly string[],
): Promise<(how: "plain" | "tuned") => Promise<Timed>> {
  const python = await pythonEnvironment("windows", ["numpy==2.4.6", "scipy==1.17.1"], context);
  const total = recordings.reduce((sum, recording) => sum + recording.length, 0);
  const signals = new Float32Array(channels.length * total);
  const starts: number[] = [];
  let begin = 0;
  for (const recording of recordings) {
    channels.forEach((name, channel) => signals.set(recording.channels.get(name)!, channel * total + begin));
    for (const { from } of planWindows(recording, spec.windows, false).windows) starts.push(begin + from);
    begin += recording.length;
  }
  const [signalsPath, startsPath, tablePath] = ["signals.f32", "starts.i32", "table.f32"].map((name) => join(context.folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(signalsPath, signals);
  await writeFile(startsPath, Int32Array.from(starts));
  const script = join(import.meta.dirname, "peers", "windows_numpy.py");
  const oneThread = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
  return async (how) => {
    const outcome = await runCommand(python, [script, signalsPath, startsPath, channels.join(","), "1", tablePath, how], {
      env: oneThread,
    });
    const { seconds, windows, features } = lastJson<{ seconds: number[]; windows: number; features: number }>(outcome);
    const bytes = await readFile(tablePath);
    return { windows, features, seconds: Math.min(...seconds), table: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) };
  };
}
