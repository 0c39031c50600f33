import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { artifactSchema } from "../domain/artifact.ts";
import { SensorloopError } from "../domain/errors.ts";
import { idSchema } from "../domain/ids.ts";
import { metricsSchema } from "../domain/metrics-schema.ts";
import { slotSchema, type ModelSummary } from "../domain/api/models.ts";
import { loadPredictor } from "../ml/predictor.ts";
import type { Platform } from "../platform.ts";
import { append } from "../store/journal.ts";
import { record } from "../store/objects.ts";
import { findModel, findModelObjects, findModelSummary } from "../store/repositories/models.ts";
import { noModel } from "./models.ts";
import { needProject } from "./projects.ts";

/** `model.json` beside `artifact.json` and `weights.bin`: what the rows say of a model, so that it can live elsewhere. */
const FORMAT = 1;
const exportSchema = z.object({
  format: z.int(),
  id: idSchema,
  project: idSchema,
  slot: slotSchema,
  run: z.string().max(80),
  snapshot: z.string().max(200),
  windowSet: z.uuid(),
  fittedOn: z.enum(["train", "train+validation"]),
  training: z.record(z.string(), z.unknown()).nullable(),
  artifactSha256: z.string(),
  weightsSha256: z.string(),
  evaluations: z.array(
    z.object({
      snapshot: z.string(),
      split: z.string(),
      holdoutSha256: z.string(),
      metrics: metricsSchema,
      latencyUs: z.number().nullable(),
      bytes: z.int().nullable(),
    }),
  ),
});

/**
 * Writes a trained model to a folder: three files, nothing executable.
 * @returns the paths written
 * @throws SensorloopError NOT_FOUND, CONFLICT (not trained)
 */
export async function exportModel({ db, objects }: Platform, id: string, folder: string): Promise<string[]> {
  const model = await findModel(db, id);
  if (!model) throw noModel(id);
  const bytes = await findModelObjects(db, id);
  if (!bytes)
    throw new SensorloopError("CONFLICT", `model '${id}' is not trained yet (${model.state})`, {
      facts: { model: id, state: model.state },
    });
  const { project, slot, run, snapshot, windowSet, fittedOn, training, evaluations } = model;
  const facts: z.input<typeof exportSchema> = {
    format: FORMAT,
    ...{ id, project, slot, run, snapshot, windowSet, fittedOn, training },
    artifactSha256: bytes.artifact.sha256,
    weightsSha256: bytes.weights.sha256,
    evaluations,
  };
  await mkdir(folder, { recursive: true });
  const [description, artifact, weights] = ["model.json", "artifact.json", "weights.bin"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await copyFile(await objects.fetch(bytes.artifact), artifact);
  await copyFile(await objects.fetch(bytes.weights), weights);
  await writeFile(description, `${JSON.stringify(exportSchema.parse(facts), null, 2)}\n`);
  return [description, artifact, weights];
}

/**
 * Takes a model in from a folder that `exportModel` wrote, after checking it in every part. It is not promoted. The same
 * model again is answered with the one that is there.
 * @throws SensorloopError NOT_FOUND (no such files), ARTIFACT_CORRUPT, FORMAT_TOO_NEW, SPEC_UNKNOWN, CONFLICT
 */
export async function importModel({ db, objects }: Platform, folder: string, actor: string): Promise<ModelSummary> {
  const [text, artifact, weights] = await Promise.all(["model.json", "artifact.json", "weights.bin"].map((name) => read(folder, name)));
  const facts = parseFacts(text as Buffer);
  await needProject(db, facts.project);
  const predictor = loadPredictor(artifact as Buffer, weights as Buffer, facts.artifactSha256);
  const { genome } = artifactSchema.parse(predictor.artifact);
  const there = await findModelSummary(db, facts.id);
  if (there) {
    const bytes = await findModelObjects(db, facts.id);
    if (bytes?.weights.sha256 === facts.weightsSha256 && there.project === facts.project) return there;
    throw new SensorloopError("CONFLICT", `there is another model '${facts.id}'`, { facts: { model: facts.id } });
  }
  const puts = [
    await objects.putBytes(facts.project, "model", artifact as Buffer),
    await objects.putBytes(facts.project, "model", weights as Buffer),
  ] as const;
  if (puts[1].sha256 !== facts.weightsSha256)
    throw new SensorloopError("ARTIFACT_CORRUPT", "the weights do not match the hash in model.json");
  await db.transaction().execute(async (tx) => {
    const { id: model, project, slot, weightsSha256 } = facts;
    await append(tx, { kind: "model.imported", actor, project, payload: { model, slot, weightsSha256 } });
    await record(tx, puts);
    await tx
      .insertInto("model")
      .values({
        id: facts.id,
        project: facts.project,
        slot: facts.slot,
        run: facts.run,
        snapshot: facts.snapshot,
        window_set: facts.windowSet,
        family: genome.family,
        genome: JSON.stringify(genome),
        state: "trained",
        fitted_on: facts.fittedOn,
        artifact: puts[0].key,
        weights: puts[1].key,
        training: facts.training && JSON.stringify(facts.training),
      })
      .execute();
    // Results on a holdout that this installation has never seen cannot be compared with anything here.
    const here = await tx.selectFrom("snapshot").select("id").where("project", "=", facts.project).execute();
    const known = new Set(here.map((snapshot) => snapshot.id));
    for (const { snapshot, split, holdoutSha256, metrics, latencyUs, bytes } of facts.evaluations.filter((evaluation) =>
      known.has(evaluation.snapshot),
    )) {
      await tx
        .insertInto("evaluation")
        .values({
          model: facts.id,
          snapshot,
          split,
          holdout_sha256: holdoutSha256,
          metrics: JSON.stringify(metrics),
          latency_us: latencyUs,
          bytes,
          outcomes: null,
        })
        .execute();
    }
  });
  return (await findModelSummary(db, facts.id)) as ModelSummary;
}

function parseFacts(text: Buffer): z.infer<typeof exportSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text.toString("utf8"));
  } catch (cause) {
    throw new SensorloopError("ARTIFACT_CORRUPT", "model.json is not JSON", { cause });
  }
  const format = z.looseObject({ format: z.number() }).safeParse(json);
  if (format.success && format.data.format > FORMAT)
    throw new SensorloopError("FORMAT_TOO_NEW", `the export has format ${format.data.format}; this version reads up to ${FORMAT}`);
  const parsed = exportSchema.safeParse(json);
  if (!parsed.success)
    throw new SensorloopError(
      "ARTIFACT_CORRUPT",
      `model.json is not valid: ${parsed.error.issues[0]?.path.join(".")} ${parsed.error.issues[0]?.message}`,
    );
  if (!parsed.data.slot.startsWith(`${parsed.data.project}/`))
    throw new SensorloopError("ARTIFACT_CORRUPT", "model.json names a slot of another project");
  return parsed.data;
}

async function read(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name));
  } catch (cause) {
    throw new SensorloopError("NOT_FOUND", `'${folder}' has no ${name}; it is not a model that was exported`, {
      cause,
      facts: { folder, name },
    });
  }
}
