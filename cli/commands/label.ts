import { randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { Command, Option } from "commander";
import { signLabel } from "../../lib/app/answers.ts";
import { importLabels } from "../../lib/app/label-import.ts";
import { exportLabels, listLabels, showAgreement, writeLabels } from "../../lib/app/labels.ts";
import { showEstimate } from "../../lib/app/tasks.ts";
import { LABEL_FORMATS, type Agreement, type LabelFormat } from "../../lib/domain/api/labels.ts";
import { estimateText } from "../../lib/domain/estimate-text.ts";
import { jsonOption, pageOptions, wholeNumber, type ListOptions } from "../arguments.ts";
import { verb } from "../session.ts";
import { percent, table } from "../table.ts";
import { readText } from "../text-file.ts";

interface AddOptions {
  readonly subject: string;
  readonly recording: string;
  readonly from: number;
  readonly to: number;
  readonly class: string;
}
interface FilterOptions extends ListOptions {
  readonly subject?: string;
  readonly recording?: string;
  readonly class?: string;
  readonly by?: string;
  readonly standing?: boolean;
}

/** Refused labels that a terminal shows; `--json` has all of them. */
const SHOWN = 20;
const samples = wholeNumber(0, Number.MAX_SAFE_INTEGER);

export function labelCommand(): Command {
  const label = new Command("label").description("what people said of recordings: sign, list, import, export, agreement");
  jsonOption(label.command("add").description("sign a label of a stretch of a recording").argument("<project>"))
    .requiredOption("--subject <id>", "biometric id of the subject")
    .requiredOption("--recording <id>", "id of the recording")
    .addOption(new Option("--from <sample>", "first sample").argParser(samples).makeOptionMandatory())
    .addOption(new Option("--to <sample>", "the sample behind the last").argParser(samples).makeOptionMandatory())
    .requiredOption("--class <name>", "a class of the spec")
    .action(
      verb(async (session, project: string, { subject, recording, from, to, class: name }: AddOptions) => {
        const signed = { id: randomUUID(), subject, recording, from, to, class: name, confirmation: false };
        const added = await signLabel(session.platform(), project, signed, { account: session.actor, role: "engineer" });
        return { value: added, text: `signed: ${added.label.id}` };
      }),
    );
  pageOptions(jsonOption(label.command("list").description("labels, newest first").argument("<project>")))
    .option("--subject <id>", "only of this subject")
    .option("--recording <id>", "only of this recording")
    .option("--class <name>", "only of this class")
    .option("--by <account>", "only by this person")
    .option("--standing", "only those that nothing has superseded")
    .action(
      verb(async (session, project: string, options: FilterOptions) => {
        const page = await listLabels(session.platform(), project, options);
        const columns = ["at", "by", "authority", "class", "from", "to", "stands", "recording", "subject"] as const;
        return { value: page, text: table(page.items, columns, "nobody has labelled anything yet") };
      }),
    );
  jsonOption(label.command("import").description("take labels in that were made elsewhere").argument("<project>").argument("<file>"))
    .addOption(formatOption("what the file is (default: by its name)"))
    .action(
      verb(async (session, project: string, path: string, { format }: { format?: LabelFormat }) => {
        const file = { format: format ?? formatOf(path), text: await readText(path) };
        const value = await importLabels(session.platform(), project, file, session.actor);
        const { added, changed, known, refused } = value;
        const shown = refused.slice(0, SHOWN);
        const rest = refused.length > SHOWN ? [`... and ${refused.length - SHOWN} more; --json lists all`] : [];
        const summary = `${added} added, ${changed} corrected, ${known} known already, ${refused.length} refused`;
        const text = [summary, ...(shown.length > 0 ? [table(shown, ["line", "code", "message"], "")] : []), ...rest].join("\n");
        return { value, text, failed: refused.length > 0 };
      }),
    );
  jsonOption(label.command("export").description("all labels that stand, as one document").argument("<project>"))
    .addOption(formatOption("csv, json or label-studio").default("csv"))
    .option("--out <file>", "where it goes (default: standard output)")
    .action(
      verb(async (session, project: string, { format, out }: { format: LabelFormat; out?: string }) => {
        if (out === undefined) {
          const value = await exportLabels(session.platform(), project, { format });
          return { value, text: value.text.trimEnd() };
        }
        await using file = await open(out, "wx");
        const labels = await writeLabels(session.platform(), project, { format }, (text) => file.appendFile(text));
        return { value: { format, labels, out }, text: `${labels} labels in ${out}` };
      }),
    );
  jsonOption(
    label.command("agreement").description("how far annotators agree, how fast they are, and their gold samples").argument("<project>"),
  ).action(
    verb(async (session, project: string) => {
      const value = await showAgreement(session.platform(), project);
      const estimate = await showEstimate(session.platform(), project);
      const { overall, annotators, pairs, perClass } = value;
      const rows = annotators.map((each) => ({ ...each, agreement: percent(each.agreement), gold: percent(each.gold) }));
      const text = [
        `Krippendorff's alpha: ${overall.alpha?.toFixed(3) ?? "unknown"} over ${overall.items} tasks with several answers`,
        `The champion, by the random slice: ${estimate ? `${estimateText(estimate.accuracy)} of ${estimate.answered} right` : "nobody has answered any of it yet"}`,
        table(rows, ["account", "labels", "medianSeconds", "agreement", "gold", "goldItems"], "nobody has answered a task yet"),
        ...(perClass.length > 0 ? [table(perClass, ["label", "alpha", "items"], "")] : []),
        ...(pairs.length > 0 ? [table(pairs.flatMap(pairRows), ["a", "b", "class", "kappa", "items"], "")] : []),
      ].join("\n\n");
      return { value: { ...value, estimate }, text };
    }),
  );
  return label;
}

/** A pair over all classes, then class by class. */
function pairRows({ a, b, kappa, items, perClass }: Agreement["pairs"][number]) {
  return [{ a, b, class: "all", kappa, items }, ...perClass.map(({ label, ...figures }) => ({ a, b, class: label, ...figures }))];
}

function formatOption(text: string): Option {
  return new Option("--format <format>", text).choices([...LABEL_FORMATS]);
}

/** JSON of ours where a name says nothing more; Label Studio's by our own ending or by --format. */
function formatOf(path: string): LabelFormat {
  if (path.endsWith(".label-studio.json")) return "label-studio";
  return path.endsWith(".json") ? "json" : "csv";
}
