import { Command, Option } from "commander";
import { listJournal, rebuildJournal } from "../../lib/app/journal.ts";
import { showModel } from "../../lib/app/models.ts";
import { tracePrediction } from "../../lib/app/predictions.ts";
import type { PredictionKey } from "../../lib/domain/api/predictions.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { EVENT_KINDS, type EventKind } from "../../lib/domain/journal.ts";
import { findTouched } from "../../lib/store/repositories/touched.ts";
import { jsonOption, pageOptions, type ListOptions } from "../arguments.ts";
import { parsePredictionId } from "../prediction-id.ts";
import { verb, type Answer, type Session } from "../session.ts";
import { percent, sheet, table } from "../table.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Filter {
  readonly project?: string;
  readonly kind?: EventKind;
  readonly actor?: string;
  readonly subject?: string;
}

export function journalCommand(): Command {
  const journal = new Command("journal").description("what was decided, by whom, when and why");
  pageOptions(
    jsonOption(journal.command("list").description("decisions, newest first"))
      .option("--project <project>", "only of this project")
      .addOption(new Option("--kind <kind>", "only of this kind").choices([...EVENT_KINDS]))
      .option("--actor <actor>", "only by this account")
      .option("--subject <subject>", "only about this run, slot, account or upload"),
  ).action(
    verb(async (session, options: ListOptions & Filter) => {
      const page = await listJournal(session.platform(), { ...options, visible: null });
      return {
        value: page,
        text: table(page.items, ["id", "at", "actor", "project", "kind", "subject", "payload"], "nothing was decided yet"),
      };
    }),
  );
  jsonOption(journal.command("rebuild").description("compute again what is read from the journal, and tell every difference"))
    .option("--apply", "put the computed rows in place of those in use")
    .action(
      verb(async (session, { apply }: { apply?: true }) => {
        const rebuilt = await rebuildJournal(session.platform(), { apply });
        const { events, differences, applied } = rebuilt;
        const text =
          differences.length === 0
            ? `${events} events, no difference`
            : `${events} events, ${differences.length} differences${applied ? ", put right" : ""}:\n${table(differences, ["table", "side", "row"], "")}`;
        return { value: rebuilt, text, failed: differences.length > 0 && !applied };
      }),
    );
  jsonOption(
    journal
      .command("trace")
      .description("from a prediction to the lines it was read from, or from an upload or file to what it touched")
      .argument("<id>", "of a prediction (see `prediction list`), an upload or a file"),
  ).action(
    verb(async (session, id: string) => {
      const key = parsePredictionId(id);
      if (key) return traceOf(session, key);
      if (!UUID.test(id)) throw new SensorloopError("NOT_FOUND", `'${id}' is the id of no prediction, upload or file`, { facts: { id } });
      return touchedBy(session, id);
    }),
  );
  return journal;
}

async function traceOf(session: Session, key: PredictionKey): Promise<Answer> {
  const platform = session.platform();
  const { project } = await showModel(platform, key.model);
  const trace = await tracePrediction(platform, project, key);
  const { prediction, model, snapshot, sources } = trace;
  const head = sheet({
    predicted: `${prediction.predicted} (${percent(prediction.confidence)})`,
    actual: prediction.actual,
    subject: prediction.subject,
    window: `${prediction.from} to ${prediction.to} of ${prediction.recording}`,
    model: `${model.id} of ${model.slot}, made by run ${model.run}`,
    snapshot: snapshot.id,
  });
  const rows = sources.map(({ name, lines, addedBy, addedAt, upload }) => ({
    file: name,
    lines: lines && `${lines.from}-${lines.to}`,
    addedBy,
    addedAt,
    upload,
  }));
  return {
    value: trace,
    text: `${head}\n\n${table(rows, ["file", "lines", "addedBy", "addedAt", "upload"], "the rows it was read from are not there any more")}`,
  };
}

async function touchedBy(session: Session, id: string): Promise<Answer> {
  const touched = await findTouched(session.platform().db, id);
  if (!touched) throw new SensorloopError("NOT_FOUND", `there is no upload or file '${id}'`, { facts: { id } });
  const { upload, files, runs, champions } = touched;
  const parts = [
    sheet({
      upload: upload.id,
      project: upload.project,
      name: upload.name,
      sha256: upload.sha256,
      addedBy: upload.addedBy,
      addedAt: upload.addedAt,
    }),
    table(files, ["name", "state", "duplicateOf", "rowsOk", "rowsQuarantined", "id"], "no run has staged it yet"),
    table(runs, ["run", "state", "snapshot", "candidate", "promoted", "requestedAt"], "no run has read it yet"),
    table(champions, ["slot", "model"], "no champion of today has met it"),
  ];
  return { value: touched, text: parts.join("\n\n") };
}
