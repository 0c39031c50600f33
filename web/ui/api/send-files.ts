import type { z } from "zod";
import { errorBodySchema } from "../../../lib/domain/api/page.ts";
import { ROUTES, type RouteResponse } from "../../../lib/domain/api/routes.ts";
import { addressOf } from "./client.ts";
import { ApiFailure } from "./failure.ts";

export type TakenIn = RouteResponse<"addUploads">["items"][number];

/**
 * Sends one file, as a form of one part, and resolves when the server has it safe. Not by fetch, which tells nothing of
 * how far it is.
 * @param onSent called with the bytes that have left so far
 * @throws ApiFailure as `call` does
 */
export function sendFile(project: string, file: File, onSent: (bytes: number) => void, signal: AbortSignal): Promise<TakenIn> {
  const { promise, resolve, reject } = Promise.withResolvers<TakenIn>();
  const request = new XMLHttpRequest();
  request.open("POST", addressOf(ROUTES.addUploads.path, { project }));
  request.responseType = "json";
  request.upload.addEventListener("progress", ({ loaded }) => onSent(Math.min(loaded, file.size)));
  request.addEventListener("load", () => {
    const answer = ROUTES.addUploads.response.safeParse(request.response);
    const [taken] = answer.data?.items ?? [];
    if (taken !== undefined) return resolve(taken);
    const refusal = errorBodySchema.safeParse(request.response);
    reject(new ApiFailure({ status: request.status, ...(refusal.data ?? unreadable(answer.error)) }));
  });
  request.addEventListener("error", () => reject(new ApiFailure({ status: 0, ...UNREACHABLE })));
  request.addEventListener("abort", () => reject(new DOMException("The upload was stopped.", "AbortError")));
  signal.addEventListener("abort", () => request.abort(), { once: true });
  const form = new FormData();
  // A folder that was dropped keeps its inner folders: patterns of the spec may read them.
  form.append("file", file, file.webkitRelativePath || file.name);
  request.send(form);
  return promise;
}

const UNREACHABLE = {
  code: "API_UNREACHABLE",
  message: "The server does not answer.",
  remedy: "Check that `sensorloop up` is running, and send the file again: what is there already is noticed.",
  retryable: true,
  request: null,
};

function unreadable(cause: z.ZodError | undefined) {
  return {
    code: "ANSWER_UNREADABLE",
    message: "The server's answer to the upload has another form than this page expects.",
    remedy: "Reload the page: the server was probably updated.",
    retryable: false,
    request: null,
    cause,
  };
}
