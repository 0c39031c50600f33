import type { FastifyInstance } from "fastify";

/** A body that is no upload is small: it has arrived by now, or its sender is holding the socket (slowloris). */
const BODY_MS = 30_000;
/** An upload may take hours, as long as something arrives. */
const IDLE_MS = 60_000;

/** Node can limit the time of all requests alike or of none; uploads need hours and everything else seconds. */
export function cutSlowClients(app: FastifyInstance): void {
  app.addHook("onRequest", (request, _reply, done) => {
    const { raw } = request;
    if (raw.headers["content-length"] === undefined && raw.headers["transfer-encoding"] === undefined) return done();
    const upload = request.routeOptions.url?.endsWith("/uploads") ?? false;
    const timer = setTimeout(() => raw.destroy(), upload ? IDLE_MS : BODY_MS);
    const stop = () => clearTimeout(timer);
    if (upload) {
      raw.socket.on("data", extend);
      raw.on("close", () => raw.socket.off("data", extend));
    }
    raw.once("end", stop);
    raw.once("close", stop);
    done();

    function extend(): void {
      timer.refresh();
    }
  });
}
