import { basename } from "node:path";
import { Command, Option } from "commander";
import { compareModels } from "../../lib/app/comparison.ts";
import { listChampions, listModels, listReigns, listSlots, promoteModel, rollbackModel, showModel } from "../../lib/app/models.ts";
import { exportModel, importModel } from "../../lib/app/model-transfer.ts";
import type { Comparison, ModelDetail } from "../../lib/domain/api/models.ts";
import type { Estimate } from "../../lib/domain/metrics-schema.ts";
import { instant, jsonOption, pageOptions, type ListOptions } from "../arguments.ts";
import { verb } from "../session.ts";
import { percent, sheet, table } from "../table.ts";

export function modelCommand(): Command {
  const model = new Command("model").description("models, champions, promotion and roll-back");
  pageOptions(
    jsonOption(model.command("list").description("models, newest first").argument("<project>"))
      .option("--slot <slot>", "only of this slot")
      .option("--run <run>", "only of this run")
      .option("--best", "those best on validation first, snapshot by snapshot"),
  ).action(
    verb(async (session, project: string, { best, ...options }: ListOptions & { slot?: string; run?: string; best?: boolean }) => {
      const page = await listModels(session.platform(), project, { ...options, order: best ? "best" : "newest" });
      const rows = page.items.map((item) => ({
        ...item,
        champion: item.champion ? "champion" : "",
        validation: estimate(item.validation),
        macroF1: estimate(item.macroF1),
        failure: item.failure && `${item.failure.code}: ${item.failure.message}`,
      }));
      const columns = [
        "id",
        "family",
        "origin",
        "generation",
        "state",
        "validation",
        "macroF1",
        "champion",
        "slot",
        "run",
        "failure",
      ] as const;
      return { value: page, text: table(rows, columns, "no model yet") };
    }),
  );
  jsonOption(model.command("slots").description("what models are trained for: cohorts x sensor sets").argument("<project>")).action(
    verb(async (session, project: string) => {
      const items = await listSlots(session.platform(), project);
      return { value: { items }, text: table(items, ["slot", "champion", "models", "newestAt"], "no model yet") };
    }),
  );
  jsonOption(model.command("show").description("a model: how it was made and what it is worth").argument("<model>")).action(
    verb(async (session, id: string) => {
      const detail = await showModel(session.platform(), id);
      return { value: detail, text: textOf(detail) };
    }),
  );
  jsonOption(model.command("compare").description("two models on the same holdout").argument("<a>").argument("<b>")).action(
    verb(async (session, a: string, b: string) => {
      const comparison = await compareModels(session.platform(), a, b);
      return { value: comparison, text: comparisonText(comparison) };
    }),
  );
  jsonOption(model.command("promote").description("make a model the champion of its slot").argument("<model>"))
    .option("--expected <model>", "refuse unless this is the champion now; 'none' for no champion")
    .option("--why <text>", "for the journal", "")
    .action(
      verb(async (session, id: string, { expected, why }: { expected?: string; why: string }) => {
        const champion = await promoteModel(
          session.platform(),
          id,
          { expected: expected === "none" ? null : expected, why },
          session.actor,
        );
        return { value: champion, text: `${champion.model} is the champion of ${champion.slot}` };
      }),
    );
  jsonOption(
    model
      .command("rollback")
      .description("bring the previous champion back; again for the one before")
      .argument("<project>")
      .argument("[slot]"),
  )
    .option("--expected <model>", "refuse unless this is the champion now")
    .option("--why <text>", "for the journal", "")
    .action(
      verb(async (session, project: string, slot: string | undefined, { expected, why }: { expected?: string; why: string }) => {
        const champion = await rollbackModel(session.platform(), project, { slot, expected, why }, session.actor);
        return { value: champion, text: `${champion.model} is the champion of ${champion.slot} again` };
      }),
    );
  jsonOption(model.command("champion").alias("champions").description("who serves each slot, now or at a time").argument("<project>"))
    .addOption(new Option("--at <time>", "as it was then").argParser(instant))
    .option("--slot <slot>", "only this slot")
    .action(
      verb(async (session, project: string, options: { at?: string; slot?: string }) => {
        const items = await listChampions(session.platform(), project, options);
        const rows = items.map((item) => ({ ...item, accuracy: estimate(item.accuracy), macroF1: estimate(item.macroF1) }));
        return { value: { items }, text: table(rows, ["slot", "model", "accuracy", "macroF1", "since", "by", "why"], "no champion") };
      }),
    );
  jsonOption(model.command("history").description("every champion there was, newest first").argument("<project>"))
    .option("--slot <slot>", "only of this slot")
    .action(
      verb(async (session, project: string, options: { slot?: string }) => {
        const items = await listReigns(session.platform(), project, options);
        return { value: { items }, text: table(items, ["since", "until", "slot", "model", "kind", "by", "why"], "no champion yet") };
      }),
    );
  jsonOption(
    model.command("export").description("write a model with its card into a folder").argument("<model>").argument("<folder>"),
  ).action(
    verb(async (session, id: string, folder: string) => {
      const files = await exportModel(session.platform(), id, folder);
      return { value: { model: id, folder, files }, text: `${id} is in ${folder}: ${files.map((file) => basename(file)).join(", ")}` };
    }),
  );
  jsonOption(
    model
      .command("import")
      .description("take in a model that was exported elsewhere; it serves after `model promote`")
      .argument("<folder>"),
  ).action(
    verb(async (session, folder: string) => {
      const imported = await importModel(session.platform(), folder, session.actor);
      return {
        value: imported,
        text: `${imported.id} is here, for slot ${imported.slot}; sensorloop model promote ${imported.id} lets it serve`,
      };
    }),
  );
  return model;
}

function textOf({
  id,
  project,
  slot,
  run,
  snapshot,
  family,
  state,
  champion,
  origin,
  generation,
  parents,
  mutation,
  accuracy,
  macroF1,
  fittedOn,
  epoch,
  training,
  genome,
  bytes,
  reigns,
}: ModelDetail): string {
  const head = sheet({
    model: id,
    project,
    slot: champion ? `${slot} (champion)` : slot,
    run,
    snapshot,
    family,
    state,
    origin: generation > 0 ? `${origin}, generation ${generation}` : origin,
    parents: parents.length > 0 ? parents.join(", ") : null,
    mutation,
    accuracy: accuracy && withInterval(accuracy),
    macroF1: macroF1 && withInterval(macroF1),
    fittedOn,
    epoch,
    bytes,
    genome,
    training,
  });
  return reigns.length === 0 ? head : `${head}\n\n${table(reigns, ["since", "until", "by", "why"], "")}`;
}

function withInterval({ value, low, high }: Estimate): string {
  return low === null || high === null ? `${percent(value)}` : `${percent(value)} (95 %: ${percent(low)} to ${percent(high)})`;
}

/** A figure in a column: with half its interval, where it has one. */
function estimate(figure: Estimate | null): string | null {
  if (figure === null) return null;
  const { value, low, high } = figure;
  return low === null || high === null ? percent(value) : `${percent(value)} +- ${(50 * (high - low)).toFixed(1)}`;
}

function comparisonText({ a, b, comparable, reason, accuracy, macroF1, perClass, better, worse, equal }: Comparison): string {
  const both = table(
    [a, b].map((model) => ({
      model: model.id,
      family: model.family,
      accuracy: estimate(model.accuracy),
      macroF1: estimate(model.macroF1),
    })),
    ["model", "family", "accuracy", "macroF1"],
    "",
  );
  if (!comparable) return `${both}\n\nnot comparable: ${reason ?? ""}`;
  const classes = table(
    perClass.map((entry) => ({
      class: entry.label,
      [a.id]: percent(entry.a),
      [b.id]: percent(entry.b),
      difference: entry.difference && points(entry.difference),
    })),
    ["class", a.id, b.id, "difference"],
    "",
  );
  const gains = `accuracy ${accuracy ? points(accuracy) : ""}, macro F1 ${macroF1 ? points(macroF1) : ""}`;
  return `${both}\n\n${b.id} against ${a.id}: ${gains}; better for ${better} subjects, worse for ${worse}, equal for ${equal}\n\nF1\n${classes}`;
}

function points({ value, low, high }: Estimate): string {
  const signed = (share: number) => `${share >= 0 ? "+" : ""}${(100 * share).toFixed(1)}`;
  return low === null || high === null ? `${signed(value)} points` : `${signed(value)} points (95 %: ${signed(low)} to ${signed(high)})`;
}
