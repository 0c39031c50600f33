/**
 * The catalogue of errors a user can meet. One entry a code: what it means for HTTP, whether trying again can help,
 * and what to do. Codes are stable: scripts and runbooks depend on them, so an entry may be added but never renamed.
 */
export const ERRORS = {
  // Input that has to be changed before it can be accepted.
  SPEC_INVALID: entry(400, false, "Correct the spec at the lines named and apply it again."),
  SPEC_UNKNOWN: entry(404, false, "Apply the project's spec first: sensorloop project apply FILE."),
  ID_INVALID: entry(400, false, "Use 1 to 63 of a-z, 0-9, '-' and '_', beginning with a letter or a digit."),
  REQUEST_INVALID: entry(400, false, "Correct the fields named."),
  NOT_FOUND: entry(404, false, "Check the id; `list` shows those that exist."),
  CONFLICT: entry(409, false, "Read the present state and decide again."),
  STALE_ATTEMPT: entry(409, false, "Nothing to do: a newer attempt of the same step has taken over."),
  // Files.
  NO_FILES: entry(422, false, "Check the path and the file patterns of the spec."),
  FILE_UNMATCHED: entry(422, false, "Add a `files` pattern that matches the name, or leave the file out."),
  EMPTY_FILE: entry(422, false, "Send the file again; it arrived without a byte of data."),
  HEADER_ONLY: entry(422, false, "Send a file with at least one row under its header."),
  NOT_TEXT: entry(422, false, "Only text tables are taken in; check that the right file was sent."),
  NUL_BYTES: entry(422, false, "Write the file again without NUL bytes; it is damaged or not text."),
  ENCODING_UNDECLARED: entry(422, false, "Name the encoding in the spec (`encoding`), or convert the file to UTF-8."),
  LINE_TOO_LONG: entry(422, false, "Check the file's line ends; a line this long is not a row."),
  GZIP_CORRUPT: entry(422, false, "Send the file again; it was cut or damaged on the way."),
  ZIP_CORRUPT: entry(422, false, "Send the archive again; it was cut or damaged on the way."),
  DECOMPRESSION_BOMB: entry(422, false, "Unpack the file yourself if it is genuine and send its parts."),
  UNTERMINATED_QUOTE: entry(422, false, "Close the quote at the line named and send the file again."),
  HEADER_MISMATCH: entry(422, false, "Correct the header, or the columns in the spec; the difference is listed."),
  TOO_MANY_BAD_ROWS: entry(422, false, "Mend the file or the rule that refuses most rows, then add it again."),
  RATE_MISMATCH: entry(422, false, "Correct `rateHz` in the spec, or leave the file out."),
  CHECKSUM_MISMATCH: entry(422, false, "The bytes are not those the spec names; check the source and its checksum."),
  SOURCE_UNREACHABLE: entry(502, true, "Check the address and the network, or name a local copy."),
  EGRESS_REFUSED: entry(400, false, "Only public https addresses are fetched; use an upload for anything else."),
  // Data and models.
  TOO_LITTLE_DATA: entry(422, false, "Add recordings, or relax the spec's split or windows."),
  SPLIT_IMPOSSIBLE: entry(422, false, "Give the split enough subjects, or name its holdout subjects."),
  UNKNOWN_CLASS: entry(422, false, "Add the class to the spec's labels, or map it to one that is there."),
  FORMAT_TOO_OLD: entry(422, false, "Run the stage that makes it again: an older version wrote this."),
  FORMAT_TOO_NEW: entry(422, false, "Update Sensorloop: a newer version wrote this."),
  ARTIFACT_CORRUPT: entry(422, false, "Promote another model, or train this one again; its bytes are damaged."),
  TRAINING_DIVERGED: entry(422, false, "Lower the learning rate; the loss became infinite or not a number."),
  OUT_OF_MEMORY: entry(422, false, "Use a smaller batch or model, or raise the memory allowed to one job."),
  NO_CHAMPION: entry(404, false, "Run the pipeline until a model is promoted."),
  // Labels, features, nights.
  LABEL_CONFLICT: entry(409, false, "Look at the label that was there first; answer again if it is wrong."),
  INTERVAL_OUTSIDE: entry(422, false, "Choose an interval inside the recording; its length is named."),
  SUBJECT_UNKNOWN: entry(404, false, "Check the subject and the recording; whoever was erased cannot be labelled."),
  ANNOTATION_OFF: entry(422, false, "Add `annotation` to the spec and apply it."),
  FEATURES_OFF: entry(422, false, "Add `featureStore` to the spec and apply it, then run the pipeline."),
  SCHEDULE_INVALID: entry(400, false, "Correct the cron expression or the time zone; `schedule next` shows what one means."),
  SCHEDULE_TOO_OFTEN: entry(400, false, "Leave more time between nights; a retraining needs minutes, not seconds."),
  // Access.
  UNAUTHENTICATED: entry(401, false, "Sign in, or send a token."),
  FORBIDDEN: entry(403, false, "Ask someone with the role named."),
  TOO_MANY_REQUESTS: entry(429, true, "Wait for the time named in Retry-After."),
  PAYLOAD_TOO_LARGE: entry(413, false, "Send less at once."),
  // The machinery.
  CONFIG_INVALID: entry(500, false, "Correct the variables named and start again."),
  CREDENTIALS_REFUSED: entry(502, false, "Renew the credential named; its value was refused."),
  STORAGE_FULL: entry(507, true, "Free space on the volume named; work goes on by itself."),
  OBJECT_MISSING: entry(502, true, "If it stays, restore the object store from its backup; a row names an object that is not there."),
  OBJECT_CORRUPT: entry(502, true, "If it stays, restore the object from its backup; its bytes do not match their hash."),
  DATABASE_UNAVAILABLE: entry(503, true, "Wait, or start Postgres again; nothing was lost."),
  OBJECT_STORE_UNAVAILABLE: entry(503, true, "Wait, or start the object store again; nothing was lost."),
  TEMPORAL_UNAVAILABLE: entry(503, true, "Wait, or start Temporal again; accepted requests are kept."),
  SCHEMA_TOO_NEW: entry(500, false, "Update Sensorloop: the database was migrated by a newer version."),
  JOB_CRASHED: entry(500, true, "The job's process ended by itself; it is tried again."),
  CANCELLED: entry(499, false, "It was stopped on request."),
  SERVICE_UNOBTAINABLE: entry(500, false, "Install the program named, put it on the PATH, or name its address in the configuration."),
  SERVICE_FAILED: entry(500, false, "Read the log named; it says what the service could not do."),
  TENSORFLOW_UNAVAILABLE: entry(500, false, "Run `sensorloop doctor` to see why; the fallback back end may still serve."),
  INTERNAL: entry(500, true, "Report it with the code and time; the log has the details."),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

interface ErrorEntry {
  readonly status: number;
  readonly retryable: boolean;
  readonly remedy: string;
}

function entry(status: number, retryable: boolean, remedy: string): ErrorEntry {
  return { status, retryable, remedy };
}

/** Facts of one occurrence, for machines: numbers, names, positions. Never a secret, never a raw row. */
export type ErrorFacts = Readonly<Record<string, unknown>>;

/** What a person or a program is shown of an error, whichever way it reaches them. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly retryable: boolean;
  readonly facts: ErrorFacts;
}

/** An error of the catalogue. `message` says what happened and why, in one sentence; the catalogue says what to do. */
export class SensorloopError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, options: { facts?: ErrorFacts; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SensorloopError";
    this.code = code;
    this.facts = options.facts ?? {};
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get remedy(): string {
    return ERRORS[this.code].remedy;
  }

  report(): ErrorReport {
    const { code, message, remedy, retryable, facts } = this;
    return { code, message, remedy, retryable, facts };
  }

  /** The same error again on the other side of a process border. */
  static from(report: ErrorReport): SensorloopError {
    return new SensorloopError(report.code, report.message, { facts: report.facts });
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERRORS, value);
}
