import type { DataCounts, DataFile, Snapshot, Upload } from "../domain/api/data.ts";
import type { Page, PageQuery } from "../domain/api/page.ts";
import type { Platform } from "../platform.ts";
import { countData as count, listFiles as files, listSnapshots as snapshots } from "../store/repositories/files.ts";
import { listUploads as uploads } from "../store/repositories/uploads.ts";
import { needProject } from "./projects.ts";

export async function listUploads({ db }: Platform, project: string, query: PageQuery): Promise<Page<Upload>> {
  await needProject(db, project);
  return uploads(db, project, query);
}

export async function listFiles(
  { db }: Platform,
  project: string,
  query: PageQuery & { state?: DataFile["state"] },
): Promise<Page<DataFile>> {
  await needProject(db, project);
  return files(db, project, query);
}

export async function listSnapshots({ db }: Platform, project: string, query: PageQuery): Promise<Page<Snapshot>> {
  await needProject(db, project);
  return snapshots(db, project, query);
}

export async function countData({ db }: Platform, project: string): Promise<DataCounts> {
  await needProject(db, project);
  return count(db, project);
}
