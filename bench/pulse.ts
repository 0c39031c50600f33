import { rm } from "node:fs/promises";
import { join } from "node:path";
import { simulate } from "../examples/resting-pulse/simulate.ts";
import { lastJson, runCommand, type CommandOutcome } from "./command.ts";
import { median, ratio, round, type Bench, type BenchContext } from "./harness.ts";
import { bringUp, type Installation } from "./installation.ts";
import { pythonEnvironment } from "./python.ts";
import { runOutcome, stageSeconds, type RunOutcome } from "./run-outcome.ts";
import { alternate } from "./turns.ts";

const FILES = 6;
const SUBJECTS_PER_FILE = 25_000;
const LIMIT = { sparkTimes: 10, tunedTimes: 4, duckdbTimes: 4, processMb: 1024, accuracy: [0.934, 0.937], growth: 1.2 } as const;
const PEERS = {
  spark: "PySpark 4.3.0",
  tuned: "PySpark 4.3.0, shuffle.partitions=4",
  duckdb: "DuckDB 2.0.0 + scikit-learn 1.9.1",
} as const;

interface Turn {
  readonly seconds: number;
  readonly accuracy: number;
  readonly memory: CommandOutcome["memory"];
  readonly ours?: RunOutcome;
}

/**
 * Resting pulse of 150,000 people, six CSV files with 13.5 M rows, from the files to metrics: `sensorloop run start`
 * as its user types it, which also hashes, uploads, quarantines and records; beside scripts that do none of it.
 * Every round has data of its own, which all contenders read: nothing that was computed before can be reused.
 */
export const run: Bench = async (context) => {
  const perFile = context.quick ? 2_500 : SUBJECTS_PER_FILE;
  await using installation = await bringUp(context);
  const dataOf = (turn: number) => join(context.folder, `data-${turn}`);
  const python = context.skipPeer ? null : await peersPython(context);
  for (let turn = 0; turn < context.rounds; turn++) {
    const { bytes, rows } = await simulate({ folder: dataOf(turn), subjects: FILES * perFile, subjectsPerFile: perFile, seed: turn + 1 });
    context.say(`data of round ${turn + 1}: ${rows} rows, ${Math.round(bytes / 1e6)} MB`);
  }
  const peer =
    (script: string, path: string, ...options: string[]) =>
    async (turn: number) => {
      const outcome = await runCommand(path, [join(import.meta.dirname, "peers", script), dataOf(turn), ...options]);
      return { seconds: outcome.seconds, accuracy: lastJson<{ accuracy: number }>(outcome).accuracy, memory: outcome.memory };
    };
  const turns = await alternate<Turn>(
    context,
    {
      ours: (turn) => ourTurn(installation, dataOf(turn)),
      ...(python && {
        duckdb: peer("pulse_duckdb.py", python.duckdb),
        tuned: peer("pulse_spark.py", python.spark, "4"),
        spark: peer("pulse_spark.py", python.spark, "0"),
      }),
    },
    ({ seconds, accuracy, memory }) =>
      `${round(seconds)} s, accuracy ${round(accuracy)}, ${memory?.totalMb} MB (largest ${memory?.largest} ${memory?.largestMb})`,
  );
  const ours = turns["ours"]!;
  const seconds = median(ours.map((turn) => turn.seconds));
  const accuracy = median(ours.map((turn) => turn.accuracy));
  const largestMb = Math.max(...ours.map(({ memory }) => memory?.largestMb ?? 0));
  const peers = Object.fromEntries(Object.keys(PEERS).flatMap((name) => (turns[name] ? [[name, summary(turns[name])]] : [])));
  const large = context.scale === 1 ? null : await largeRun(context, installation, perFile, seconds);

  const accurate = Number(accuracy.toFixed(3)) >= LIMIT.accuracy[0] && Number(accuracy.toFixed(3)) <= LIMIT.accuracy[1];
  const fast =
    python === null ||
    (seconds * LIMIT.sparkTimes <= peers["spark"]!.seconds &&
      seconds * LIMIT.tunedTimes <= peers["tuned"]!.seconds &&
      seconds <= LIMIT.duckdbTimes * peers["duckdb"]!.seconds);
  const small =
    largestMb <= LIMIT.processMb && (large === null || (large.largestMb <= LIMIT.processMb && large.times <= context.scale * LIMIT.growth));
  return {
    value: round(seconds),
    unit: "s",
    target: `PySpark/${LIMIT.sparkTimes}, PySpark tuned/${LIMIT.tunedTimes}, ${LIMIT.duckdbTimes}x DuckDB + scikit-learn; accuracy .934 to .937; every process <= 1 GiB; ten times the data <= 12 times the time`,
    ok: accurate && fast && small,
    peer: python && { name: PEERS.duckdb, value: peers["duckdb"]!.seconds },
    ratio: python && ratio(seconds, peers["duckdb"]!.seconds, "lower"),
    detail: {
      rows: FILES * perFile * 90,
      accuracy: round(accuracy),
      largestMb,
      largest: ours[0]?.memory?.largest,
      totalMb: median(ours.map(({ memory }) => memory?.totalMb ?? 0)),
      ...summary(ours),
      stages: ours.map(({ ours: outcome }) => outcome && stageSeconds(outcome)),
      ...(python && {
        timesSpark: ratio(seconds, peers["spark"]!.seconds, "lower"),
        timesTuned: ratio(seconds, peers["tuned"]!.seconds, "lower"),
      }),
      peers,
      ...(large && { large }),
    },
  };
};

async function ourTurn(installation: Installation, folder: string): Promise<Turn> {
  const ours = runOutcome(await installation.sensorloop("run", "start", "resting-pulse", "--data", folder, "--wait", "--json"));
  return { seconds: ours.seconds, accuracy: ours.accuracy, memory: ours.memory, ours };
}

async function peersPython(context: BenchContext): Promise<{ duckdb: string; spark: string }> {
  return {
    duckdb: await pythonEnvironment("duckdb", ["duckdb==2.0.0", "scikit-learn==1.9.1"], context),
    spark: await pythonEnvironment("pyspark", ["pyspark==4.3.0", "numpy==2.4.0"], context),
  };
}

function summary(turns: readonly Turn[]) {
  return {
    seconds: round(median(turns.map((turn) => turn.seconds))),
    all: turns.map((turn) => round(turn.seconds)),
    accuracies: turns.map((turn) => round(turn.accuracy)),
    peakMb: Math.max(...turns.map(({ memory }) => memory?.totalMb ?? 0)),
  };
}

/** `--scale 10`: the same with ten times the people in ten times the files, against the time of the plain one. */
async function largeRun(context: BenchContext, installation: Installation, perFile: number, seconds: number) {
  const folder = join(context.folder, "data-large");
  const { rows } = await simulate({ folder, subjects: Math.round(FILES * perFile * context.scale), subjectsPerFile: perFile, seed: 1_000 });
  context.say(`${rows} rows are written`);
  const turn = await ourTurn(installation, folder);
  await rm(folder, { recursive: true });
  context.say(`${rows} rows: ${round(turn.seconds)} s`);
  return {
    rows,
    seconds: round(turn.seconds),
    times: round(turn.seconds / seconds, 3),
    accuracy: round(turn.accuracy),
    largestMb: turn.memory?.largestMb ?? 0,
  };
}
