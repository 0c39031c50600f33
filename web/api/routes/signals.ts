import { createReadStream } from "node:fs";
import { basename, dirname } from "node:path";
import { send } from "@fastify/send";
import type { FastifyReply, FastifyRequest } from "fastify";
import { findMedia } from "../../../lib/app/media.ts";
import { fetchWeights, showScoringModel } from "../../../lib/app/scoring-model.ts";
import { listRecordings, showSignal, viewSignal } from "../../../lib/app/signals.ts";
import { SensorloopError } from "../../../lib/domain/errors.ts";
import { encodeView } from "../../../lib/domain/signal/view.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names = "listRecordings" | "showSignal" | "viewSignal" | "showMedia" | "modelArtifact" | "modelWeights";

export function signalHandlers({ platform }: Services): Handlers<Names> {
  return {
    listRecordings: ({ params, query }) => listRecordings(platform, params.project, query),
    showSignal: ({ params, query, actor }) => showSignal(platform, { ...params, ...query }, actor.account),
    async viewSignal({ params, query, reply }) {
      const { from, to, columns, ...recording } = query;
      const view = await viewSignal(platform, { ...params, ...recording }, { from, to }, columns);
      return reply.type("application/octet-stream").send(Buffer.from(encodeView(view).buffer));
    },
    async showMedia({ params, query, request, reply }) {
      const media = await findMedia(platform, { ...params, ...query });
      if (!media) throw new SensorloopError("NOT_FOUND", `there is no video or sound of '${query.recording}'`, { facts: { ...query } });
      // Bytes that someone sent: they are played, whatever they are, and never run.
      reply.type(media.type).header("content-disposition", "inline").header("cross-origin-resource-policy", "same-origin");
      return sendFile(request, reply, await platform.objects.fetch(media.object), `"${media.object.sha256}"`);
    },
    async modelArtifact({ params, request, reply }) {
      const { tag, body } = await showScoringModel(platform, params.model);
      return isFresh(request, reply, tag) ? reply : reply.type("application/json; charset=utf-8").send(JSON.stringify(body));
    },
    async modelWeights({ params, request, reply }) {
      const { tag, path, bytes } = await fetchWeights(platform, params.model);
      if (isFresh(request, reply, tag)) return reply;
      return reply.type("application/octet-stream").header("content-length", bytes).send(createReadStream(path));
    },
  };
}

/** Names the content; where the caller has it, answers 304. What may be read is asked again each time. */
function isFresh({ headers }: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  reply.header("etag", tag).header("cache-control", "private, no-cache");
  const has = (headers["if-none-match"] ?? "").split(",").some((each) => each.trim().replace(/^W\//, "") === tag);
  if (has) void reply.status(304).send();
  return has;
}

/** A local file, or the range of it that is asked for: players ask for a video piece by piece. */
async function sendFile(request: FastifyRequest, reply: FastifyReply, path: string, tag: string): Promise<FastifyReply> {
  if (isFresh(request, reply, tag)) return reply;
  const { statusCode, headers, stream } = await send(request.raw, `/${basename(path)}`, {
    root: dirname(path),
    ...{ cacheControl: false, contentType: false, etag: false, lastModified: false, index: false },
  });
  for (const name of ["content-length", "content-range", "accept-ranges"]) {
    const value = headers[name] ?? headers[name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())];
    if (value !== undefined) reply.header(name, value);
  }
  return reply.status(statusCode).send(stream);
}
