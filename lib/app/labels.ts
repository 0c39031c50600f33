import { MOST_LABEL_TEXT, type Agreement, type ExportedLabels, type Label, type LabelFormat } from "../domain/api/labels.ts";
import type { Page, PageQuery } from "../domain/api/page.ts";
import { SensorloopError } from "../domain/errors.ts";
import { agreementOf } from "../domain/labels/agreement.ts";
import { labelJson } from "../domain/labels/json.ts";
import { labelStudioJson } from "../domain/labels/label-studio.ts";
import type { Platform } from "../platform.ts";
import { firstAnswers, listLabels as list, standingByRecording, type LabelFilter } from "../store/repositories/labels.ts";
import { labelCsv } from "./label-csv.ts";
import { needProject } from "./projects.ts";

/** @param reader who is not shown answers of others to tasks that still want some; nothing is kept from whoever has none */
export async function listLabels({ db }: Platform, project: string, query: LabelFilter & PageQuery, reader?: string): Promise<Page<Label>> {
  await needProject(db, project);
  return list(db, project, { ...query, reader });
}

const EXTENSIONS = { csv: "csv", json: "json", "label-studio": "label-studio.json" } as const satisfies Record<LabelFormat, string>;

/** Who is told, and where it goes. */
export interface LabelExport {
  readonly format: LabelFormat;
  /** Who is not given answers of others to tasks that still want some; everything is given where there is none. */
  readonly reader?: string;
}

/**
 * Writes all labels that stand and are learned from, as of one moment, as a document that `importLabels` reads back:
 * answers to gold samples would be labels elsewhere. One recording is held at a time.
 * @param write is waited for
 * @returns how many labels
 * @throws SensorloopError SPEC_UNKNOWN
 */
export async function writeLabels(
  { db }: Platform,
  project: string,
  { format, reader }: LabelExport,
  write: (text: string) => Promise<void>,
): Promise<number> {
  await needProject(db, project);
  const document = { csv: labelCsv, json: labelJson(project), "label-studio": labelStudioJson }[format];
  return db
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute(async (tx) => {
      let count = 0;
      await write(document.head);
      for await (const group of standingByRecording(tx, project, { reader })) {
        await write((count > 0 ? document.between : "") + document.recordings(group));
        count += group.length;
      }
      await write(document.tail);
      return count;
    });
}

/**
 * The document of `writeLabels` in memory, no longer than one that is taken in.
 * @throws SensorloopError SPEC_UNKNOWN, PAYLOAD_TOO_LARGE
 */
export async function exportLabels(platform: Platform, project: string, wanted: LabelExport): Promise<ExportedLabels> {
  const { format } = wanted;
  const parts: string[] = [];
  let length = 0;
  const labels = await writeLabels(platform, project, wanted, async (text) => {
    length += text.length;
    if (length > MOST_LABEL_TEXT) {
      const message = `the labels of '${project}' are more than ${MOST_LABEL_TEXT} characters; \`sensorloop label export --out\` writes any number`;
      throw new SensorloopError("PAYLOAD_TOO_LARGE", message, { facts: { most: MOST_LABEL_TEXT } });
    }
    parts.push(text);
  });
  return { format, name: `${project}-labels.${EXTENSIONS[format]}`, text: parts.join(""), labels };
}

/** How far annotators agree, of their first answers to tasks; what they changed later does not count. */
export async function showAgreement({ db }: Platform, project: string): Promise<Agreement> {
  await needProject(db, project);
  return agreementOf(await firstAnswers(db, project));
}
