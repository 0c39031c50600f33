/** Stands between a recording's name and the hash that makes it unique in its project. */
export const RECORDING_MARK = "~";

/** What the spec and the files call a recording: its id without the hash. Several subjects may use the same name. */
export function recordingName(id: string): string {
  const mark = id.lastIndexOf(RECORDING_MARK);
  return mark < 0 ? id : id.slice(0, mark);
}

/**
 * Ids of people, and of their recordings, that were made up begin with this, wherever they go: they are never described,
 * validated or tested, and learned from only where the stage `synthesise` has decided so.
 */
export const SYNTHETIC_PREFIX = "synthetic-";

export function isSynthetic(id: string): boolean {
  return id.startsWith(SYNTHETIC_PREFIX);
}

/** Source of an upload whose recordings were made up from a description, which it names behind this. */
export const SYNTHETIC_SOURCE = "synthetic:";
