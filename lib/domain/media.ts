import { recordingName } from "./recording-id.ts";
import type { Spec } from "./spec.ts";

/** What a browser can play, by the end of a file's name. */
const TYPES = {
  ".mp4": "video/mp4",
  ".m4v": "video/mp4",
  ".mov": "video/quicktime",
  ".webm": "video/webm",
  ".ogv": "video/ogg",
  ".mp3": "audio/mpeg",
  ".m4a": "audio/mp4",
  ".aac": "audio/aac",
  ".wav": "audio/wav",
  ".flac": "audio/flac",
  ".ogg": "audio/ogg",
  ".oga": "audio/ogg",
  ".opus": "audio/ogg",
} as const satisfies Record<string, `${"video" | "audio"}/${string}`>;
export const MEDIA_ENDINGS = Object.keys(TYPES) as (keyof typeof TYPES)[];
export type MediaType = (typeof TYPES)[keyof typeof TYPES];

/** The type of a file that can be played; null for any other. */
export function mediaTypeOf(name: string): MediaType | null {
  const ending = MEDIA_ENDINGS.find((each) => name.toLowerCase().endsWith(each));
  return ending === undefined ? null : TYPES[ending];
}

/** Whether an upload is a video or sound that the spec names: it is kept as it is, and no table is looked for in it. */
export function isMedia({ annotation }: Pick<Spec, "annotation">, name: string): boolean {
  return annotation?.media !== undefined && mediaTypeOf(name) !== null && new RegExp(annotation.media.match).test(name);
}

/**
 * Whether a file's name names a recording: by its name, or, where recordings are called after their files, by that name
 * without folders and ending.
 * @param match a pattern with the group `recording`
 */
export function isMediaOf(match: string, name: string, recording: string): boolean {
  const named = new RegExp(match).exec(name)?.groups?.["recording"];
  const known = recordingName(recording);
  return named !== undefined && (named === known || named === known.replace(/^.*\//, "").replace(/\.[^.]*$/, ""));
}
