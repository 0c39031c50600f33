import { readFile } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { Command, Option } from "commander";
import { predictFiles } from "../../lib/app/predict-file.ts";
import { listPredictions } from "../../lib/app/predictions.ts";
import { showProject } from "../../lib/app/projects.ts";
import { createServing } from "../../lib/app/serving.ts";
import { predictSchema, type Prediction } from "../../lib/domain/api/predictions.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { readSpec } from "../../lib/domain/spec-file.ts";
import type { Spec } from "../../lib/domain/spec.ts";
import { filesAt } from "../../lib/sources/folder.ts";
import { jsonOption, pageOptions, type ListOptions } from "../arguments.ts";
import { verb, type Answer, type Session } from "../session.ts";
import { percent, table } from "../table.ts";
import { predictionId } from "../prediction-id.ts";

/** `predict P FILE`: the champion's answers for recordings, or for one request in JSON. */
export function predictCommand(): Command {
  return jsonOption(
    new Command("predict")
      .description("what the champion says of recordings in the spec's format, or of a JSON request {rows} or {windows}; nothing is kept")
      .argument("<project>")
      .argument("<file...>", "files or folders; or one .json file")
      .option("--slot <slot>", "ask the champion of this slot"),
  ).action(
    verb(async (session, project: string, paths: string[], { slot }: { slot?: string }) =>
      paths.length === 1 && paths[0]!.endsWith(".json")
        ? answerRequest(session, project, paths[0]!, slot)
        : answerFiles(session, project, paths, slot),
    ),
  );
}

/** `prediction list P`: what champions have said so far, each with the id that `journal trace` takes. */
export function predictionCommand(): Command {
  const prediction = new Command("prediction").description("stored predictions");
  pageOptions(jsonOption(prediction.command("list").description("predictions, newest first").argument("<project>")))
    .option("--model <model>", "only of this model")
    .option("--wrong", "only those that a label contradicts")
    .addOption(new Option("--order <order>", "newest first, or least confident first").choices(["newest", "doubtful"]).default("newest"))
    .action(
      verb(async (session, project: string, options: ListOptions & { model?: string; wrong?: true; order: "newest" | "doubtful" }) => {
        const page = await listPredictions(session.platform(), project, options);
        const items = page.items.map((item: Prediction) => ({ id: predictionId(item), ...item }));
        const rows = items.map((item) => ({ ...item, confidence: percent(item.confidence) }));
        return {
          value: { items, next: page.next },
          text: table(
            rows,
            ["predicted", "confidence", "actual", "split", "subject", "id"],
            "no prediction yet: a run makes them when it promotes",
          ),
        };
      }),
    );
  return prediction;
}

async function answerRequest(session: Session, project: string, path: string, slot?: string): Promise<Answer> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new SensorloopError("REQUEST_INVALID", `'${path}' cannot be read as JSON`, { cause, facts: { path } });
  }
  const request = predictSchema.safeParse(json);
  if (!request.success) {
    const problems = request.error.issues.map((issue) => `${issue.path.join(".") || "request"}: ${issue.message}`);
    throw new SensorloopError("REQUEST_INVALID", `'${path}': ${problems[0] ?? "not a request"}`, { facts: { fields: problems } });
  }
  const predicted = await createServing(session.platform()).predict(project, { ...request.data, slot: slot ?? request.data.slot });
  const rows = predicted.answers.map(({ label, confidence }) => ({ label, confidence: percent(confidence) }));
  return { value: predicted, text: `${predicted.model} (${predicted.slot})\n${table(rows, ["label", "confidence"], "")}` };
}

async function answerFiles(session: Session, project: string, paths: readonly string[], slot?: string): Promise<Answer> {
  const { spec } = await showProject(session.platform(), project);
  const patterns = readSpec(spec.text, `spec of ${project}`);
  const files = (await Promise.all(paths.map((path) => filesAt(path)))).flat().map(({ path }) => ({ path, name: nameFor(patterns, path) }));
  const predicted = await predictFiles(session.platform(), project, files, slot);
  const counts = Map.groupBy(predicted.items, (item) => `${item.recording}\u0000${item.predicted}`);
  const rows = [...counts.values()].map((items) => ({
    subject: items[0]!.subject,
    recording: items[0]!.recording,
    predicted: items[0]!.predicted,
    windows: items.length,
    confidence: percent(items.reduce((sum, item) => sum + item.confidence, 0) / items.length),
  }));
  const right = predicted.metrics
    ? `\n${percent(predicted.metrics.accuracy.value)} of ${predicted.metrics.windows} labelled windows are right`
    : "";
  return {
    value: predicted,
    text: `${predicted.model} (${predicted.slot})\n${table(rows, ["subject", "recording", "predicted", "windows", "confidence"], "the files hold no whole window")}${right}`,
  };
}

/** As little of the path as a pattern of the spec needs: patterns may read the folders that a file lies in. */
function nameFor(spec: Spec, path: string): string {
  const parts = resolve(path)
    .split(sep)
    .filter((part) => part !== "");
  const patterns = spec.files.map((files) => new RegExp(files.match));
  for (let depth = 1; depth <= Math.min(5, parts.length); depth++) {
    const name = parts.slice(-depth).join("/");
    if (patterns.some((pattern) => pattern.test(name.replace(/\.gz$/i, "")))) return name;
  }
  return parts.at(-1) ?? path;
}
