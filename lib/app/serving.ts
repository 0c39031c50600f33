import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Predicted, PredictRequest } from "../domain/api/predictions.ts";
import { canonicalJson } from "../domain/canonical.ts";
import { SensorloopError, type ErrorReport } from "../domain/errors.ts";
import { loadPredictor } from "../ml/predictor.ts";
import type { Platform } from "../platform.ts";
import { findModelObjects, listChampions } from "../store/repositories/models.ts";
import { findSpec } from "../store/repositories/projects.ts";
import { rowValues, windowValues, type Asked } from "./model-input.ts";
import { needProject } from "./projects.ts";

/** A promotion is served at most this much later. */
const FRESH_MS = 1_000;
/** After a champion could not be loaded, the one before it serves this long before the next try. */
const RETRY_MS = 5_000;

interface Served extends Asked {
  readonly slot: string;
  readonly model: string;
}

interface Slot {
  served?: Served;
  loading?: Promise<Served>;
  /** The champion that could not be loaded, and why. */
  problem?: { readonly model: string; readonly error: ErrorReport; readonly at: number };
}

export interface SlotStatus {
  readonly slot: string;
  /** The model that answers; null where none does. */
  readonly model: string | null;
  readonly problem: { readonly model: string; readonly error: ErrorReport } | null;
}

export interface Serving {
  /** @throws SensorloopError NO_CHAMPION, REQUEST_INVALID, ARTIFACT_CORRUPT (no earlier model to answer instead) */
  predict(project: string, request: PredictRequest): Promise<Predicted>;
  /** Loads every champion that is not loaded yet; tells what each slot serves, and what stands in its champion's way. */
  check(): Promise<SlotStatus[]>;
}

/**
 * Answers with the champions. A new champion takes over between two requests, never inside one; one whose bytes are
 * damaged is refused, and the model before it goes on answering (F28).
 */
export function createServing({ db, objects, log }: Platform): Serving {
  const slots = new Map<string, Slot>();
  const looked = new Map<string, { at: number; champions: Promise<{ slot: string; model: string }[]> }>();

  async function championsOf(project: string): Promise<{ slot: string; model: string }[]> {
    const before = looked.get(project);
    if (before && Date.now() - before.at < FRESH_MS) return before.champions;
    const champions = needProject(db, project).then(() => listChampions(db, project));
    looked.set(project, { at: Date.now(), champions });
    champions.catch(() => looked.delete(project));
    return champions;
  }

  async function serve(project: string, wanted: string | undefined): Promise<Served> {
    const champions = await championsOf(project);
    const champion =
      wanted === undefined
        ? (champions.find(({ slot }) => slot.split("/")[1] === "all") ?? champions[0])
        : champions.find(({ slot }) => slot === wanted);
    if (!champion)
      throw new SensorloopError(
        "NO_CHAMPION",
        wanted === undefined ? `project '${project}' has no champion yet` : `slot '${wanted}' has no champion`,
      );
    return servedOf(project, champion);
  }

  async function servedOf(project: string, champion: { slot: string; model: string }): Promise<Served> {
    const slot = slots.get(champion.slot) ?? {};
    slots.set(champion.slot, slot);
    if (slot.served?.model === champion.model) {
      slot.problem = undefined;
      return slot.served;
    }
    const failed = slot.problem?.model === champion.model && Date.now() - slot.problem.at < RETRY_MS ? slot.problem : undefined;
    if (failed && slot.served) return slot.served;
    if (failed) throw SensorloopError.from(failed.error);
    // Whoever asks while it is being loaded waits for the same load.
    slot.loading ??= load(project, champion).finally(() => (slot.loading = undefined));
    try {
      slot.served = await slot.loading;
      slot.problem = undefined;
    } catch (error) {
      const failure =
        error instanceof SensorloopError
          ? error
          : new SensorloopError("ARTIFACT_CORRUPT", `model '${champion.model}' cannot be loaded`, { cause: error });
      slot.problem = { model: champion.model, error: failure.report(), at: Date.now() };
      log.error({ error: failure, model: champion.model, serving: slot.served?.model }, "the champion cannot be loaded");
      if (!slot.served) throw failure;
    }
    return slot.served;
  }

  async function load(project: string, { slot, model }: { slot: string; model: string }): Promise<Served> {
    const bytes = await findModelObjects(db, model);
    if (!bytes) throw new SensorloopError("ARTIFACT_CORRUPT", `model '${model}' has no bytes on record`);
    const [artifact, weights] = await Promise.all([
      readFile(await objects.fetch(bytes.artifact)),
      readFile(await objects.fetch(bytes.weights)),
    ]);
    const predictor = loadPredictor(artifact, weights, bytes.artifact.sha256);
    const row = await db
      .selectFrom("model")
      .leftJoin("run", "run.id", "model.run")
      .select("run.spec_version")
      .where("model.id", "=", model)
      .executeTakeFirstOrThrow();
    const spec = await findSpec(db, project, row.spec_version ?? (await needProject(db, project)).specVersion);
    if (!spec) throw new SensorloopError("SPEC_UNKNOWN", `the spec of model '${model}' is gone`);
    return { slot, model, spec: spec.body, predictor };
  }

  return {
    async predict(project, request) {
      const served = await serve(project, request.slot);
      const { artifact } = served.predictor;
      const values = request.rows ? rowValues(artifact, request.rows) : windowValues(served, request.windows ?? []);
      const count = (request.rows ?? request.windows ?? []).length;
      const { classes, confidence, probabilities } = served.predictor.predict(values, count);
      const width = artifact.classes.length;
      const answers = Array.from({ length: count }, (_, row) => ({
        label: artifact.classes[classes[row] ?? 0] ?? "",
        confidence: confidence[row] ?? 0,
        probabilities: Object.fromEntries(artifact.classes.map((name, index) => [name, probabilities[row * width + index] ?? 0])),
      }));
      const inputSha256 = createHash("sha256")
        .update(canonicalJson(request.rows ?? request.windows))
        .digest("hex");
      return { project, slot: served.slot, model: served.model, inputSha256, answers };
    },
    async check() {
      const champions = await db.selectFrom("champion").select(["project", "slot", "model"]).execute();
      // One after another: a start with a hundred champions must not fetch them all at once.
      for (const { project, ...champion } of champions) await servedOf(project, champion).catch(() => undefined);
      return [...slots].map(([slot, { served, problem }]) => ({
        slot,
        model: served?.model ?? null,
        problem: problem ? { model: problem.model, error: problem.error } : null,
      }));
    },
  };
}
