import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EVERYONE } from "../lib/domain/evolution/slots.ts";
import { columnsOfSensors } from "../lib/domain/features/columns-of-sensors.ts";
import { sensorsOf, type Spec } from "../lib/domain/spec.ts";
import type { Platform } from "../lib/platform.ts";
import { subjectsOfCohort } from "../lib/store/repositories/cohorts.ts";

/** What a slot's models may read of a window set: all of it where a field is missing. */
export interface SlotView extends AsyncDisposable {
  readonly columns?: readonly string[];
  /** Path of a JSON array of subjects. */
  readonly subjects?: string;
}

/** The columns of the slot's sensors and the subjects of its cohort, as jobs take them. */
export async function viewOf(
  { db, config }: Platform,
  spec: Spec,
  slot: { readonly cohort: string; readonly sensors: readonly string[]; readonly clustering: string | null },
): Promise<SlotView> {
  const whole = sensorsOf(spec).every((sensor) => slot.sensors.includes(sensor));
  const { features, channels } = columnsOfSensors(spec, slot.sensors);
  const columns = whole ? {} : { columns: [...new Set([...features, ...channels])] };
  if (slot.cohort === EVERYONE || slot.clustering === null) return { ...columns, [Symbol.asyncDispose]: () => Promise.resolve() };
  const path = join(config.scratchDir, `cohort-${randomUUID()}.json`);
  await mkdir(config.scratchDir, { recursive: true });
  await writeFile(path, JSON.stringify(await subjectsOfCohort(db, slot.clustering, slot.cohort)));
  return { ...columns, subjects: path, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}
