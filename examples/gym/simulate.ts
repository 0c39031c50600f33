import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { permutation, randomFor, type Random } from "../../lib/domain/random.ts";
import type { Simulated, SimulationOptions } from "../simulation.ts";
import { EXERCISE_NAMES, performSet, type Reading } from "./motion.ts";
import { drawPerson, type Person } from "./people.ts";
import { PROFILE_HEADER, profileLine } from "./profiles.ts";

export interface GymOptions extends SimulationOptions {
  readonly rateHz?: number;
  readonly setSeconds?: number;
  readonly restSeconds?: number;
}

const HEADER =
  "time_ms,wrist_acc_x,wrist_acc_y,wrist_acc_z,wrist_gyro_x,wrist_gyro_y,wrist_gyro_z,ankle_acc_x,ankle_acc_y,ankle_acc_z,exercise";
/** 1 September 2025, 06:00 UTC: the first session of the first person. */
const FIRST_SESSION_MS = 1_756_706_400_000;
/** What the streams of random numbers are for; part of their keys. */
const PERSON = 1;
const SESSION = 2;
const PROFILE = 3;

/**
 * People at the gym: each does every exercise once in an order of their own, in one file whose rows carry the label; every third
 * person comes back for a session that nobody labelled. Three files have a few damaged rows, as files from phones have. The
 * last file says who they are.
 */
export async function simulate(options: GymOptions): Promise<Simulated> {
  const { folder, subjects = 20, seed = 1, rateHz = 50, setSeconds = 12, restSeconds = 2 } = options;
  const taken = new Set<string>();
  const files: string[] = [];
  const profiles: string[] = [];
  let bytes = 0;
  let rows = 0;
  const write = async (path: string, header: string, lines: readonly string[]) => {
    const text = `${header}\n${lines.join("\n")}\n`;
    await writeFile(path, text);
    files.push(path);
    bytes += text.length;
    rows += lines.length;
  };
  for (let index = 0; index < subjects; index++) {
    const person = drawPerson(randomFor(seed, PERSON, index), taken);
    taken.add(person.id);
    profiles.push(profileLine(person, randomFor(seed, PROFILE, index)));
    await mkdir(join(folder, person.id), { recursive: true });
    for (const session of index % 3 === 2 ? [1, 2] : [1]) {
      const random = randomFor(seed, SESSION, index, session);
      const lines = recordSession(person, {
        startMs: FIRST_SESSION_MS + index * 3_600_000 + (session - 1) * 7 * 86_400_000,
        labelled: session === 1,
        rateHz,
        setSeconds,
        restSeconds,
        random,
      });
      if (session === 1 && index % 7 === 3) damage(lines, random);
      await write(join(folder, person.id, `session-${session}.csv`), HEADER, lines);
    }
  }
  await write(join(folder, "profiles.csv"), PROFILE_HEADER, profiles);
  return { files, bytes, rows };
}

interface Session {
  readonly startMs: number;
  readonly labelled: boolean;
  readonly rateHz: number;
  readonly setSeconds: number;
  readonly restSeconds: number;
  readonly random: Random;
}

function recordSession(person: Person, { startMs, labelled, rateHz, setSeconds, restSeconds, random }: Session): string[] {
  const lines: string[] = [];
  const write = (reading: Reading, label: string) => {
    const time = startMs + Math.round((lines.length * 1000) / rateHz);
    const acc = (values: readonly number[]) => values.map((value) => value.toFixed(3)).join(",");
    lines.push(
      `${time},${acc(reading.wristAcc)},${reading.wristGyro.map((value) => value.toFixed(2)).join(",")},${acc(reading.ankleAcc)},${label}`,
    );
  };
  for (const place of permutation(random, EXERCISE_NAMES.length)) {
    const name = EXERCISE_NAMES[place]!;
    for (const reading of performSet(person, name, setSeconds, rateHz, random)) write(reading, labelled ? name : "");
    for (const reading of performSet(person, null, restSeconds, rateHz, random)) write(reading, "");
  }
  return lines;
}

/** What a row may look like after a bad day: each is refused, or in the last case dropped, by a rule of its own. */
const DAMAGES: readonly ((cells: string[]) => string[])[] = [
  (cells) => cells.with(2, "err"),
  (cells) => cells.with(3, "NaN"),
  (cells) => cells.with(1, "812.500"),
  (cells) => cells.with(7, ""),
  (cells) => cells.with(10, "juggling"),
  (cells) => cells.with(0, "0"),
  (cells) => cells.slice(0, 6),
];

function damage(lines: string[], random: Random): void {
  for (const change of DAMAGES) {
    const at = 100 + random.below(lines.length - 200);
    lines[at] = change(lines[at]!.split(",")).join(",");
  }
  const again = 100 + random.below(lines.length - 200);
  lines.splice(again, 0, lines[again]!);
}
