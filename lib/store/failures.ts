import { SensorloopError } from "../domain/errors.ts";

/**
 * What a failure of Postgres or of a disk means in the words of the catalogue; undefined where it is neither. Lost
 * connections, shutdowns, slow statements and full disks tell by class of SQLSTATE or by the system's code.
 */
export function knownFailure(error: unknown): SensorloopError | undefined {
  if (error instanceof SensorloopError) return error;
  const { code = "", message = "" } = (error ?? {}) as { code?: string; message?: string };
  if (
    /^(08|57P|53[03]|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND)/.test(code) ||
    /Connection terminated|timeout exceeded when trying to connect|is not queryable/.test(message)
  ) {
    return new SensorloopError("DATABASE_UNAVAILABLE", "Postgres does not answer", { cause: error });
  }
  if (code === "57014") return new SensorloopError("DATABASE_UNAVAILABLE", "Postgres took too long and was stopped", { cause: error });
  if (code === "53100" || code === "ENOSPC") return new SensorloopError("STORAGE_FULL", "a volume is full", { cause: error });
  if (/^28/.test(code))
    return new SensorloopError("CREDENTIALS_REFUSED", "Postgres refused its credentials", {
      cause: error,
      facts: { credential: "database" },
    });
  return undefined;
}
