import { MEANT_ACCOUNT } from "../../../lib/domain/api/access.ts";
import { errorBodySchema } from "../../../lib/domain/api/page.ts";
import {
  ROUTES,
  type ByteRouteName,
  type JsonRouteName,
  type RouteBodyInput,
  type RouteName,
  type RouteParams,
  type RouteQueryInput,
  type RouteResponse,
} from "../../../lib/domain/api/routes.ts";
import { ApiFailure } from "./failure.ts";

type Filled<Key extends string, Value> = [Value] extends [undefined] ? unknown : Record<Key, Value>;

/** What a route takes: only the parts it declares, typed by its schemas. */
export type RouteInput<Name extends RouteName> = Filled<"params", RouteParams<Name>> &
  Filled<"body", RouteBodyInput<Name>> &
  ([RouteQueryInput<Name>] extends [undefined] ? unknown : { query?: RouteQueryInput<Name> });

interface AnyInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/**
 * Calls one route of the API and parses its answer.
 * @param as the account in whose name it was written, perhaps long ago: refused where another is signed in by now
 * @throws ApiFailure with the API's own code; `API_UNREACHABLE` without an answer, `ANSWER_UNREADABLE` for one that does not fit
 */
export async function call<Name extends JsonRouteName>(
  name: Name,
  input: RouteInput<Name>,
  signal?: AbortSignal,
  as?: string,
): Promise<RouteResponse<Name>> {
  const route: (typeof ROUTES)[JsonRouteName] = ROUTES[name];
  const response = await ask(name, input, signal, as);
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw refusal(response.status, answer);
  const parsed = route.response.safeParse(answer);
  if (!parsed.success) {
    throw new ApiFailure({
      status: response.status,
      code: "ANSWER_UNREADABLE",
      message: `The server's answer to '${route.summary}' has another form than this page expects (${parsed.error.issues[0]?.path.join(".") ?? "whole body"}).`,
      remedy: "Reload the page: the server was probably updated.",
      retryable: false,
      request: response.headers.get("x-request-id"),
      cause: parsed.error,
    });
  }
  return parsed.data as RouteResponse<Name>;
}

/** Calls a route that answers with bytes. @throws ApiFailure as `call` */
export async function bytesOf<Name extends ByteRouteName>(name: Name, input: RouteInput<Name>, signal?: AbortSignal): Promise<ArrayBuffer> {
  const response = await ask(name, input, signal);
  if (!response.ok) throw refusal(response.status, await response.json().catch(() => undefined));
  return response.arrayBuffer();
}

function ask<Name extends RouteName>(name: Name, input: RouteInput<Name>, signal?: AbortSignal, as?: string): Promise<Response> {
  const { method, path } = ROUTES[name];
  const { params, query, body } = input as AnyInput;
  return send(addressOf(path, params, query), {
    method,
    credentials: "same-origin",
    headers: {
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(as === undefined ? {} : { [MEANT_ACCOUNT]: as }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** `/runs/:run` with its parameters filled in and the query appended; values left undefined are left out. */
export function addressOf(
  path: string,
  params: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, unknown>> = {},
): string {
  const filled = path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ""));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== null) search.set(key, String(value));
  return search.size === 0 ? filled : `${filled}?${search}`;
}

async function send(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiFailure({
      status: 0,
      code: "API_UNREACHABLE",
      message: "The server does not answer.",
      remedy: "Check that `sensorloop up` is running; this page tries again by itself.",
      retryable: true,
      request: null,
      cause,
    });
  }
}

function refusal(status: number, answer: unknown): ApiFailure {
  const body = errorBodySchema.safeParse(answer);
  if (body.success) return new ApiFailure({ status, ...body.data });
  return new ApiFailure({
    status,
    code: `HTTP_${status}`,
    message: `The server answered with status ${status} and no explanation.`,
    remedy: "Try again; if it stays, look into the log of the `api` process.",
    retryable: status >= 500,
    request: null,
  });
}
