import { SensorloopError } from "../domain/errors.ts";

/** The file system's "no space left" as the error of ours that is tried again; any other error as it is. */
export function storageFull(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException | undefined)?.code !== "ENOSPC") return error;
  return new SensorloopError("STORAGE_FULL", "the scratch volume is full", { cause: error });
}
