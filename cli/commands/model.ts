import { basename } from "node:path";
import { Command, Option } from "commander";
import { compareModels, listChampions, listModels, promoteModel, rollbackModel, showModel } from "../../lib/app/models.ts";
import { exportModel, importModel } from "../../lib/app/model-transfer.ts";
import type { Comparison, ModelDetail } from "../../lib/domain/api/models.ts";
import { instant, jsonOption, pageOptions, type ListOptions } from "../arguments.ts";
import { verb } from "../session.ts";
import { percent, sheet, table } from "../table.ts";

export function modelCommand(): Command {
  const model = new Command("model").description("models, champions, promotion and roll-back");
  pageOptions(
    jsonOption(model.command("list").description("models, newest first").argument("<project>"))
      .option("--slot <slot>", "only of this slot")
      .option("--run <run>", "only of this run"),
  ).action(
    verb(async (session, project: string, options: ListOptions & { slot?: string; run?: string }) => {
      const page = await listModels(session.platform(), project, options);
      const rows = page.items.map((item) => ({
        ...item,
        champion: item.champion ? "champion" : "",
        accuracy: percent(item.accuracy?.value),
        macroF1: percent(item.macroF1?.value),
      }));
      return {
        value: page,
        text: table(rows, ["id", "family", "state", "accuracy", "macroF1", "champion", "slot", "run", "createdAt"], "no model yet"),
      };
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
  jsonOption(model.command("champion").description("who serves each slot, now or at a time").argument("<project>"))
    .addOption(new Option("--at <time>", "as it was then").argParser(instant))
    .option("--slot <slot>", "only this slot")
    .action(
      verb(async (session, project: string, options: { at?: string; slot?: string }) => {
        const items = await listChampions(session.platform(), project, options);
        const rows = items.map((item) => ({ ...item, accuracy: percent(item.accuracy), macroF1: percent(item.macroF1) }));
        return { value: { items }, text: table(rows, ["slot", "model", "accuracy", "macroF1", "since", "by", "why"], "no champion") };
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
      const imported = await importModel(session.platform(), folder);
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

function withInterval({ value, low, high }: { value: number; low: number | null; high: number | null }): string {
  return low === null || high === null ? `${percent(value)}` : `${percent(value)} (95 %: ${percent(low)} to ${percent(high)})`;
}

function comparisonText({ a, b, comparable, reason, accuracy, macroF1, perClass, better, worse, equal }: Comparison): string {
  const both = table(
    [a, b].map((model) => ({
      model: model.id,
      family: model.family,
      accuracy: percent(model.accuracy?.value),
      macroF1: percent(model.macroF1?.value),
    })),
    ["model", "family", "accuracy", "macroF1"],
    "",
  );
  if (!comparable) return `${both}\n\nnot comparable: ${reason ?? ""}`;
  const points = (value: number | null) => (value === null ? "" : `${value >= 0 ? "+" : ""}${(100 * value).toFixed(1)} points`);
  const classes = table(
    perClass.map((entry) => ({ class: entry.label, [a.id]: percent(entry.a), [b.id]: percent(entry.b) })),
    ["class", a.id, b.id],
    "",
  );
  return `${both}\n\n${b.id} against ${a.id}: accuracy ${points(accuracy)}, macro F1 ${points(macroF1)}; better for ${better} subjects, worse for ${worse}, equal for ${equal}\n\nF1\n${classes}`;
}
