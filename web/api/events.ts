import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { listRuns, showRun } from "../../lib/app/runs.ts";
import type { Actor } from "../../lib/domain/api/access.ts";
import { eventQuerySchema, type Change } from "../../lib/domain/api/events.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { listenToChanges } from "../../lib/store/changes.ts";
import { needIn, projectOf, visibleTo } from "./access.ts";
import type { Services } from "./handlers.ts";

const HEARTBEAT_MS = 15_000;
/** Changes of the same run and kind within this time are one. */
const GATHER_MS = 200;
const LISTENERS = 500;
const LISTENERS_EACH = 30;
/** What a slow reader may leave unread before it is cut off; it connects again and starts from a snapshot. */
const UNREAD_BYTES = 1_000_000;

interface Listener {
  readonly account: string;
  wants(change: Change): boolean;
  send(event: string, data: unknown): void;
  /** Sends the state as a whole again. */
  refresh(): void;
  end(): void;
}

/** Server-sent events: a snapshot at connect, then word of each change; see `lib/domain/api/events.ts`. */
export function registerEvents(app: FastifyInstance, services: Services): void {
  const { platform } = services;
  const listeners = new Set<Listener>();
  const gathered = new Map<string, Change>();
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    timer = undefined;
    const changes = [...gathered.values()];
    gathered.clear();
    for (const listener of listeners) for (const change of changes) if (listener.wants(change)) listener.send("change", change);
  };
  const changes = listenToChanges(platform.config.database.url, {
    onChange(change) {
      gathered.set(`${change.project} ${change.run} ${change.kind}`, change);
      timer ??= setTimeout(flush, GATHER_MS);
    },
    onGap: () => listeners.forEach((listener) => listener.refresh()),
  });
  // Streams never end by themselves; closing the server must not wait for them.
  app.addHook("preClose", async () => {
    clearTimeout(timer);
    for (const listener of listeners) listener.end();
    await changes[Symbol.asyncDispose]();
  });

  app.get(
    "/api/v1/events",
    {
      config: { access: "read" },
      schema: {
        operationId: "events",
        summary: "Changes as server-sent events: `snapshot`, then `change`",
        tags: ["events"],
        querystring: eventQuerySchema,
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const { run, project } = request.query as { run?: string; project?: string };
      const actor = (request.caller as NonNullable<FastifyRequest["caller"]>).actor;
      if (project !== undefined) needIn(actor, "read", project, `project '${project}'`);
      if (run !== undefined) needIn(actor, "read", await projectOf(platform.db, "run", run), `run '${run}'`);
      const mine = [...listeners].filter((listener) => listener.account === actor.account).length;
      if (listeners.size >= LISTENERS || mine >= LISTENERS_EACH) {
        throw new SensorloopError("TOO_MANY_REQUESTS", "too many pages listen at this moment", { facts: { retryAfterSeconds: 10 } });
      }
      open(request, reply, actor, { run, project });
    },
  );

  function open(request: FastifyRequest, reply: FastifyReply, actor: Actor, { run, project }: { run?: string; project?: string }): void {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
    raw.write("retry: 2000\n\n");
    const visible = visibleTo(actor);
    const snapshot = async () => {
      if (run !== undefined) return showRun(platform, run);
      const { items } = await listRuns(platform, { project, visible, limit: 50 });
      return { active: items.filter((item) => item.state === "queued" || item.state === "running" || item.state === "waiting") };
    };
    const listener: Listener = {
      account: actor.account,
      wants(change) {
        if (visible && (change.project === null || !visible.includes(change.project))) return false;
        return (run === undefined || change.run === run) && (project === undefined || change.project === project);
      },
      send(event, data) {
        raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
        if (raw.writableLength > UNREAD_BYTES) raw.destroy();
      },
      refresh() {
        snapshot().then(
          (state) => listener.send("snapshot", state),
          // The page's own requests say what is wrong; the stream begins anew.
          () => listener.end(),
        );
      },
      end: () => raw.end(),
    };
    // Listening begins before the snapshot is read, so that nothing falls between the two.
    listeners.add(listener);
    listener.refresh();
    const beat = setInterval(
      () => void stillWelcome(services, request).then((welcome) => (welcome ? raw.write(": here\n\n") : raw.end())),
      HEARTBEAT_MS,
    );
    raw.on("close", () => {
      clearInterval(beat);
      listeners.delete(listener);
    });
  }
}

/** A stream outlives its request by hours: whoever is revoked meanwhile hears no more. */
async function stillWelcome({ platform: { db } }: Services, request: FastifyRequest): Promise<boolean> {
  const account = request.caller?.actor.account ?? "";
  const expiresAt = request.caller?.expiresAt;
  if (expiresAt && new Date(expiresAt) <= new Date()) return false;
  const row = await db
    .selectFrom("account")
    .select("revoked_at")
    .where("id", "=", account)
    .executeTakeFirst()
    .catch(() => ({ revoked_at: null }));
  return row !== undefined && row.revoked_at === null;
}
