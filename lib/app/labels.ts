import type { Agreement, ExportedLabels, Label, LabelFormat } from "../domain/api/labels.ts";
import type { Page, PageQuery } from "../domain/api/page.ts";
import { agreementOf } from "../domain/labels/agreement.ts";
import { writeJson } from "../domain/labels/json.ts";
import { writeLabelStudio } from "../domain/labels/label-studio.ts";
import type { Platform } from "../platform.ts";
import { firstAnswers, listLabels as list, standingByRecording, type LabelFilter } from "../store/repositories/labels.ts";
import { writeLabelCsv } from "./label-csv.ts";
import { needProject } from "./projects.ts";

/** @param reader who is not shown answers of others to tasks that still want some; nothing is kept from whoever has none */
export async function listLabels({ db }: Platform, project: string, query: LabelFilter & PageQuery, reader?: string): Promise<Page<Label>> {
  await needProject(db, project);
  return list(db, project, { ...query, reader });
}

const EXTENSIONS = { csv: "csv", json: "json", "label-studio": "label-studio.json" } as const satisfies Record<LabelFormat, string>;

/** All labels that stand, as of one moment, as a document that `importLabels` reads back. */
export async function exportLabels({ db }: Platform, project: string, format: LabelFormat): Promise<ExportedLabels> {
  await needProject(db, project);
  const labels = await db
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute(async (tx) => {
      const all: Label[] = [];
      for await (const group of standingByRecording(tx, project)) for (const label of group) all.push(label);
      return all;
    });
  const text = { csv: writeLabelCsv, json: () => writeJson(project, labels), "label-studio": writeLabelStudio }[format](labels);
  return { format, name: `${project}-labels.${EXTENSIONS[format]}`, text, labels: labels.length };
}

/** How far annotators agree, of their first answers to tasks; what they changed later does not count. */
export async function showAgreement({ db }: Platform, project: string): Promise<Agreement> {
  await needProject(db, project);
  return agreementOf(await firstAnswers(db, project));
}
