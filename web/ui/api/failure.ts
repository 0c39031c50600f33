/** What a request that did not succeed tells a person; the fields of the API's error body, or our own words for a silent server. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  readonly retryable: boolean;
  readonly request: string | null;
  /** Of this occurrence, for the page: what stood in the way, what would be right. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(fields: {
    status: number;
    code: string;
    message: string;
    remedy: string;
    retryable: boolean;
    request: string | null;
    facts?: Readonly<Record<string, unknown>>;
    cause?: unknown;
  }) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = "ApiFailure";
    this.status = fields.status;
    this.code = fields.code;
    this.remedy = fields.remedy;
    this.retryable = fields.retryable;
    this.request = fields.request;
    this.facts = fields.facts ?? {};
  }
}

/** Any thrown value as a failure, so that one component can show it. */
export function failureOf(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  return new ApiFailure({
    status: 0,
    code: "PAGE_ERROR",
    message: error instanceof Error ? error.message : String(error),
    remedy: "Reload the page; if it stays, report it with the code and the time.",
    retryable: true,
    request: null,
    cause: error,
  });
}
