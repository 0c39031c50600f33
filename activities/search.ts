import { sql } from "kysely";
import { canonicalJson } from "../lib/domain/canonical.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { nextGeneration, whyOver } from "../lib/domain/evolution/generation.ts";
import { EVERYONE, slotsOf, type CohortSize, type Slot } from "../lib/domain/evolution/slots.ts";
import { ranked, type Proposal, type Trial } from "../lib/domain/evolution/trial.ts";
import type { EvolveSpec, Genome, Spec } from "../lib/domain/spec.ts";
import type { Cut, RunContext, SearchContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import type { ModelOrigin } from "../lib/store/database.ts";
import { codeVersion, sha256Of } from "../lib/store/hashes.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, logRun } from "./stage-record.ts";

export type FittedOn = "train" | "train+validation";

/** Without `evolve` the spec's genomes are the only generation. */
const ONE_GENERATION: EvolveSpec = {
  generations: 1,
  keep: 1,
  mutants: 1,
  trials: 1_000,
  minutes: 10_080,
  patience: 1,
  sensors: "all",
  cohortSubjects: null,
  slots: 1,
  seconds: [],
  rotateDegrees: [],
};

/** Which slots a run works on, which genomes are tried in each, and which model comes out. */
export function createSearchActivities({ db }: Platform) {
  async function planSlots(context: RunContext & { cohorts: readonly CohortSize[] }): Promise<{ slots: readonly Slot[] }> {
    await beginStage(db, context.run, "train");
    const { slots, left } = slotsOf(await specOf(db, context), context.cohorts);
    for (const reason of left) await logRun(db, context.run, "train", reason);
    const rows = slots.map(({ slot, cohort, sensors }) => ({
      run: context.run,
      slot,
      cohort,
      sensors: [...sensors],
      state: "waiting" as const,
    }));
    await db
      .insertInto("run_slot")
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return { slots };
  }

  /** The cuts that a generation's genomes want, or why there is no further generation. */
  async function planGeneration(
    context: SearchContext & { generation: number; minutes: number },
  ): Promise<{ over: string } | { over: null; cuts: readonly Cut[] }> {
    const { run, slot, generation } = context;
    const spec = await specOf(db, context);
    const evolve = evolveOf(spec);
    const trials = await trialsOf(context, generation);
    const over = whyOver(generation, trials, evolve, context.minutes);
    if (over !== null) return { over };
    const proposals = await proposalsOf(context, spec, trials);
    if (proposals.length === 0) return { over: "no genome is left that was not tried" };
    await db.updateTable("run_slot").set({ state: "evolving", generation }).where("run", "=", run).where("slot", "=", slot).execute();
    const cuts = new Map(proposals.flatMap(({ genome }) => (genome.cut ? [[cutKey(genome), genome.cut] as const] : [])));
    return { over: null, cuts: [...cuts.values()] };
  }

  /** Makes the rows of a generation's trials; answers those that nobody has trained yet. */
  async function openTrials(
    context: SearchContext & { generation: number; windowSets: readonly { cut: Cut; windowSet: string }[] },
  ): Promise<{ trials: string[] }> {
    const { run, slot, generation } = context;
    const spec = await specOf(db, context);
    const proposals = await proposalsOf(context, spec, await trialsOf(context, generation));
    const sets = new Map(context.windowSets.map(({ cut, windowSet }) => [canonicalJson(cut), windowSet]));
    const open: string[] = [];
    for (const proposal of proposals) {
      const windowSet = proposal.genome.cut ? sets.get(cutKey(proposal.genome)) : context.windowSet;
      if (!windowSet) throw new SensorloopError("INTERNAL", "a genome's windows were not made");
      const { id, trained } = await ensureModel({ ...context, windowSet }, proposal, "train");
      await db
        .insertInto("run_trial")
        .values({ run, slot, model: id, generation })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      if (!trained) open.push(id);
    }
    return { trials: open };
  }

  /** The trial with the best macro F1 on validation, and those whose mean is to be tried beside it (with the same windows). */
  async function chooseBest(context: SearchContext): Promise<{ best: string; members: string[] }> {
    const spec = await specOf(db, context);
    const trials = await trialsOf(context);
    const [best, ...others] = ranked(trials);
    if (!best) {
      const ids = trials.map((trial) => trial.id);
      const failed = ids.length === 0 ? [] : await db.selectFrom("model").select("error").where("id", "in", ids).execute();
      const reason = failed.find((model) => model.error)?.error;
      const message = `none of ${trials.length} models of ${context.slot} could be trained: ${reason?.message ?? "no reason recorded"}`;
      throw new SensorloopError(reason?.code ?? "TRAINING_DIVERGED", message);
    }
    await logRun(
      db,
      context.run,
      "train",
      `${context.slot}: ${best.genome.family} of generation ${best.generation} is best on validation (macro F1 ${best.score.toFixed(4)} of ${others.length + 1} trained)`,
    );
    const alike = others.filter(({ genome }) => cutKey(genome) === cutKey(best.genome)).slice(0, Math.max(0, spec.ensemble - 1));
    return { best: best.id, members: alike.length > 0 ? [best.id, ...alike.map((trial) => trial.id)] : [] };
  }

  /** The same genomes once more, to be fitted on training and validation together. */
  async function openRefits(context: SearchContext & { trials: readonly string[] }): Promise<{ model: string; fresh: boolean }[]> {
    const refits = [];
    for (const trial of context.trials) {
      const { genome, window_set, generation } = await db.selectFrom("model").selectAll().where("id", "=", trial).executeTakeFirstOrThrow();
      if (genome.family === "ensemble") throw new SensorloopError("INTERNAL", "an ensemble is no trial and cannot be fitted again");
      const proposal = { genome, origin: "refit" as const, parents: [trial], mutation: null };
      const { id, trained } = await ensureModel({ ...context, windowSet: window_set, generation }, proposal, "train+validation");
      refits.push({ model: id, fresh: !trained });
    }
    return refits;
  }

  /** What the search came to. The stage `train` tells of the principal slot, whose search is closed last. */
  async function closeSearch(context: SearchContext & { model: string }): Promise<{ windowSet: string }> {
    const model = await db.selectFrom("model").selectAll().where("id", "=", context.model).executeTakeFirstOrThrow();
    if (model.state !== "trained") {
      throw new SensorloopError(
        model.error?.code ?? "TRAINING_DIVERGED",
        `the chosen model could not be trained again on all of its rows: ${model.error?.message}`,
      );
    }
    await db
      .updateTable("run_slot")
      .set({ state: "deciding", candidate: model.id })
      .where("run", "=", context.run)
      .where("slot", "=", context.slot)
      .execute();
    if (context.cohort === EVERYONE && (await isPrincipal(context))) await closeTraining(context, model.id);
    const backend = model.training?.["backend"];
    if (backend && backend !== "native" && !["boosting", "forest"].includes(model.family))
      await logRun(db, context.run, "train", `trained on the ${String(backend)} back end, not on native TensorFlow`, "warn");
    return { windowSet: model.window_set };
  }

  /** A slot beside the principal one whose search failed: the run goes on without it. */
  async function closeSlot(context: SearchContext & { failed: string }): Promise<void> {
    await db
      .updateTable("run_slot")
      .set({ state: "failed", reason: context.failed })
      .where("run", "=", context.run)
      .where("slot", "=", context.slot)
      .execute();
    await logRun(db, context.run, "train", `${context.slot}: ${context.failed}`, "warn");
  }

  async function closeTraining(context: SearchContext, candidate: string): Promise<void> {
    const model = await db.selectFrom("model").selectAll().where("id", "=", candidate).executeTakeFirstOrThrow();
    const trials = await db
      .selectFrom("run_trial")
      .innerJoin("model", "model.id", "run_trial.model")
      .select(({ fn }) => [fn.countAll<number>().as("all"), fn.countAll<number>().filterWhere("model.state", "=", "failed").as("failed")])
      .where("run_trial.run", "=", context.run)
      .where("run_trial.slot", "=", context.slot)
      .executeTakeFirstOrThrow();
    const mine = model.run === context.run;
    const rows = Number(model.training?.["rows"] ?? 0);
    await endStage(db, context.run, "train", {
      state: mine ? "done" : "reused",
      counts: { rowsIn: rows, rowsOut: rows },
      reusedFrom: mine ? null : model.run,
      reason: mine ? undefined : "the same windows, genomes, seed and code",
      detail: {
        model: model.id,
        family: model.family,
        backend: model.training?.["backend"],
        trials: Number(trials.all),
        failed: Number(trials.failed),
        generation: model.generation,
      },
    });
  }

  async function isPrincipal({ run, slot }: SearchContext): Promise<boolean> {
    const rows = await db
      .selectFrom("run_slot")
      .select(["slot", "sensors"])
      .where("run", "=", run)
      .where("cohort", "=", EVERYONE)
      .execute();
    const most = Math.max(...rows.map((row) => row.sensors.length));
    return rows.some((row) => row.slot === slot && row.sensors.length === most);
  }

  /** The trials of this search, those of generations before `before` where it is given. */
  async function trialsOf({ run, slot }: SearchContext, before = Number.MAX_SAFE_INTEGER): Promise<Trial[]> {
    const rows = await db
      .selectFrom("run_trial")
      .innerJoin("model", "model.id", "run_trial.model")
      .select(["model.id", "model.genome", "model.state", "model.validation", "run_trial.generation"])
      .where("run_trial.run", "=", run)
      .where("run_trial.slot", "=", slot)
      .execute();
    return rows.flatMap(({ id, genome, state, validation, generation }) => {
      if (generation >= before || genome.family === "ensemble") return [];
      return [{ id, genome, generation, score: state === "trained" ? (validation?.macroF1.value ?? null) : null }];
    });
  }

  async function proposalsOf(context: SearchContext & { generation: number }, spec: Spec, trials: readonly Trial[]): Promise<Proposal[]> {
    const evolve = evolveOf(spec);
    const own = spec.models.map((genome): Proposal => ({ genome, origin: "spec", parents: [], mutation: null }));
    const first = spec.evolve && context.generation === 0 ? [...own, ...(await memoryOf(context, evolve.keep))] : own;
    return nextGeneration(context.generation, { trials, first }, evolve, seedOf(context));
  }

  /** The best genomes that earlier runs found for the slot, each once. */
  async function memoryOf({ run, slot }: SearchContext, most: number): Promise<Proposal[]> {
    const rows = await sql<{ id: string; genome: Genome }>`
      select id, genome from (
        select distinct on (genome) id, genome, (validation #>> '{macroF1,value}')::float8 as score
        from model where slot = ${slot} and run <> ${run} and fitted_on = 'train' and state = 'trained' and origin <> 'ensemble' and validation is not null
        order by genome, created_at desc) best
      order by score desc, id limit ${most}`.execute(db);
    return rows.rows.map(({ id, genome }) => ({ genome, origin: "memory", parents: [id], mutation: null }));
  }

  async function ensureModel(
    context: SearchContext & { generation: number },
    { genome, origin, parents, mutation }: Omit<Proposal, "origin"> & { origin: ModelOrigin },
    fittedOn: FittedOn,
  ): Promise<{ id: string; trained: boolean }> {
    const id = await modelId(context, genome, fittedOn);
    await db
      .insertInto("model")
      .values({
        id,
        project: context.project,
        slot: context.slot,
        run: context.run,
        snapshot: context.snapshot,
        window_set: context.windowSet,
        family: genome.family,
        genome: JSON.stringify(genome),
        state: "training",
        fitted_on: fittedOn,
        origin,
        generation: context.generation,
        parents: [...parents],
        mutation,
        clustering: context.clustering,
      })
      // What failed for another run may do better now: more memory, another seed of faults.
      .onConflict((conflict) =>
        conflict
          .column("id")
          .doUpdateSet({ state: "training", run: context.run, error: null })
          .where("model.state", "=", "failed")
          .where("model.run", "!=", context.run),
      )
      .execute();
    const { state } = await db.selectFrom("model").select("state").where("id", "=", id).executeTakeFirstOrThrow();
    return { id, trained: state !== "training" };
  }

  /** A model is named by everything its result depends on, so that none is trained twice. */
  async function modelId(context: SearchContext, genome: object, fittedOn: FittedOn): Promise<string> {
    const { input_sha256 } = await db
      .selectFrom("window_set")
      .select("input_sha256")
      .where("id", "=", context.windowSet)
      .executeTakeFirstOrThrow();
    return modelIdOf(context, { windows: input_sha256, genome, fittedOn });
  }

  return { planSlots, planGeneration, openTrials, chooseBest, openRefits, closeSearch, closeSlot };
}

/** @param of what the model is made of: windows and genome, or members */
export function modelIdOf(context: SearchContext, of: object): string {
  const { project, snapshot, slot, clustering, synthesis, seed } = context;
  return sha256Of({ project, snapshot, slot, clustering, synthesis, seed, ...of, code: codeVersion() }).slice(0, 16);
}

function evolveOf(spec: Spec): EvolveSpec {
  return spec.evolve ?? { ...ONE_GENERATION, trials: Math.max(ONE_GENERATION.trials, spec.models.length) };
}

/** Mutants of two slots are not the same draws. */
function seedOf({ seed, slot }: SearchContext): number {
  return (seed ^ Number.parseInt(sha256Of(slot).slice(0, 8), 16)) >>> 0;
}

function cutKey({ cut }: Genome): string {
  return cut ? canonicalJson(cut) : "";
}
