import { ROUTES } from "../domain/api/routes.ts";
import { isMediaOf, MEDIA_ENDINGS, mediaTypeOf, type MediaType } from "../domain/media.ts";
import type { ObjectRef } from "../domain/object-ref.ts";
import type { Platform } from "../platform.ts";
import { isErased } from "../store/repositories/erasures.ts";
import { findSpec } from "../store/repositories/projects.ts";
import { listUploadsEnding, type RecordingKey } from "../store/repositories/signals.ts";
import { needProject } from "./projects.ts";

export interface Media {
  readonly kind: "video" | "audio";
  readonly type: MediaType;
  readonly object: ObjectRef;
  readonly url: string;
  /** How much later than the signal it begins. */
  readonly offsetSeconds: number;
}

/** The video or sound of a recording, by the spec of today: the upload sent last whose name says so. Null without one, and of an erased person. */
export async function findMedia({ db }: Platform, { project, subject, recording }: RecordingKey): Promise<Media | null> {
  const { specVersion } = await needProject(db, project);
  const rule = (await findSpec(db, project, specVersion))?.body.annotation?.media;
  if (!rule || (await isErased(db, project, subject))) return null;
  const uploads = await listUploadsEnding(db, project, MEDIA_ENDINGS);
  const upload = uploads.find(({ name }) => isMediaOf(rule.match, name, recording));
  const type = upload && mediaTypeOf(upload.name);
  if (!upload || !type) return null;
  const url = `${ROUTES.showMedia.path.replace(":project", project)}?${new URLSearchParams({ subject, recording })}`;
  return { kind: type.startsWith("video/") ? "video" : "audio", type, object: upload.object, url, offsetSeconds: rule.offsetSeconds };
}
