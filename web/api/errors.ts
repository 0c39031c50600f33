import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import type { ErrorBody } from "../../lib/domain/api/page.ts";
import { SensorloopError, type ErrorCode } from "../../lib/domain/errors.ts";
import { knownFailure } from "../../lib/store/failures.ts";

/** What Fastify and its plugins refuse by themselves, in the words of the catalogue. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: "UNAUTHENTICATED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  413: "PAYLOAD_TOO_LARGE",
  429: "TOO_MANY_REQUESTS",
};

/** Every answer that is no success has the same shape; what went wrong inside stays in the log, under the request's id. */
export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const known = toKnown(error);
  const { status } = known;
  if (status >= 500) request.log.error({ err: error, code: known.code }, "a request failed");
  else request.log.debug({ code: known.code, message: known.message }, "a request was refused");
  if (known.code === "UNAUTHENTICATED") reply.header("www-authenticate", 'Bearer realm="sensorloop"');
  const wait = known.facts["retryAfterSeconds"];
  if (typeof wait === "number") reply.header("retry-after", String(wait));
  else if (status === 503) reply.header("retry-after", "2");
  const shown = status >= 500 ? { message: hidden(known.code), facts: {} } : { message: known.message, facts: { ...known.facts } };
  const body: ErrorBody = { code: known.code, remedy: known.remedy, retryable: known.retryable, request: request.id, ...shown };
  void reply.status(status).type("application/json; charset=utf-8").send(JSON.stringify(body));
}

function toKnown(error: FastifyError): SensorloopError {
  const known = knownFailure(error);
  if (known) return known;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const problems = error.validation
      .slice(0, 20)
      .map(({ instancePath, message }) => ({ field: instancePath.replace(/^\//, "").replaceAll("/", "."), message: message ?? "" }));
    const first = problems[0];
    const where = first?.field ? `${error.validationContext ?? "request"}: ${first.field}: ` : `${error.validationContext ?? "request"}: `;
    return new SensorloopError("REQUEST_INVALID", `${where}${first?.message ?? "not valid"}`, {
      facts: { in: error.validationContext, problems },
    });
  }
  const status = error.statusCode ?? 500;
  const code = BY_STATUS[status];
  if (code) return new SensorloopError(code, error.message, { cause: error });
  if (status >= 400 && status < 500)
    return new SensorloopError("REQUEST_INVALID", error.message, { cause: error, facts: { reason: error.code } });
  return new SensorloopError("INTERNAL", "internal error", { cause: error });
}

/** Of what went wrong inside, only what the code says anyway. */
function hidden(code: ErrorCode): string {
  if (code === "INTERNAL") return "something went wrong that should not have";
  return `it could not be done: ${code.toLowerCase().replaceAll("_", " ")}`;
}
