import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { randomFor, type Random } from "../../lib/domain/random.ts";
import type { Simulated, SimulationOptions } from "../simulation.ts";

/** Mean and standard deviation, in beats a minute, of the resting pulse over the people of a class. */
export const CLASSES = [
  { name: "pro_athlete", mean: 50, sd: 3 },
  { name: "athlete", mean: 65, sd: 5 },
  { name: "non_athlete", mean: 80, sd: 5 },
] as const;
const FIRST_DAY = "2021-01-01";
const BUFFER_BYTES = 1 << 20;

export interface PulseOptions extends SimulationOptions {
  /** 25,000 gives the six files of the published runs: 150,000 people, 13.5 million rows, 462 MB. */
  readonly subjectsPerFile?: number;
  readonly days?: number;
}

/**
 * Resting pulse by day. A person's class is any of three alike, their mean ~ N(50,3), N(65,5) or N(80,5), their own
 * standard deviation |N(1,2)|; each day's pulse ~ N(mean, sd), rounded to whole beats. The recipe is that of
 * github.com/lucajanas/distributed-systems; as classes overlap, no model can exceed an accuracy of .936.
 */
export async function simulate(options: PulseOptions): Promise<Simulated> {
  const { folder, subjects = 2_000, seed = 1, subjectsPerFile = 25_000, days = 90 } = options;
  await mkdir(folder, { recursive: true });
  const dates = Array.from(
    { length: days },
    (_, day) => new Date(Date.parse(FIRST_DAY) + day * 86_400_000).toISOString().slice(0, 10) + ",",
  );
  const files: string[] = [];
  let bytes = 0;
  for (let first = 0; first < subjects; first += subjectsPerFile) {
    const file = files.length + 1;
    const path = join(folder, `ts_data_${file}.csv`);
    files.push(path);
    bytes += await writeFile(path, dates, { file, subjects: Math.min(subjectsPerFile, subjects - first), random: randomFor(seed, file) });
  }
  return { files, bytes, rows: subjects * days };
}

interface PulseFile {
  /** Number of the file; first half of `ts_number`. */
  readonly file: number;
  readonly subjects: number;
  readonly random: Random;
}

async function writeFile(path: string, dates: readonly string[], { file, subjects, random }: PulseFile): Promise<number> {
  const handle = await open(path, "w");
  try {
    const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
    const normal = normalPairs(random);
    let used = buffer.write("datetime,pulse,category,ts_number\n", 0, "latin1");
    let written = 0;
    for (let subject = 1; subject <= subjects; subject++) {
      const kind = CLASSES[random.below(CLASSES.length)]!;
      const mean = kind.mean + kind.sd * normal();
      const sd = Math.abs(1 + 2 * normal());
      const tail = `.0,${kind.name},${file}_${subject}\n`;
      let rows = "";
      for (let day = 0; day < dates.length; day++) rows += dates[day]! + Math.round(mean + sd * normal()) + tail;
      if (used + rows.length > buffer.length) {
        await handle.write(buffer, 0, used);
        written += used;
        used = 0;
      }
      if (rows.length > buffer.length) throw new RangeError(`${dates.length} days of one person do not fit the write buffer`);
      used += buffer.write(rows, used, "latin1");
    }
    await handle.write(buffer, 0, used);
    return written + used;
  } finally {
    await handle.close();
  }
}

/** Standard normal numbers by Marsaglia's polar method: half the draws and none of the sines of Box-Muller, for 13.5 million rows. */
function normalPairs(random: Random): () => number {
  let spare = Number.NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    for (;;) {
      const x = 2 * random.uniform() - 1;
      const y = 2 * random.uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * factor;
      return x * factor;
    }
  };
}
