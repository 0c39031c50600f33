import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Change } from "../../lib/domain/api/events.ts";
import type { Night, Schedule } from "../../lib/domain/api/nights.ts";
import type { RunDetail } from "../../lib/domain/api/runs.ts";
import type { RouteSpec } from "../../lib/domain/api/route-spec.ts";
import { ROUTES, type RouteName } from "../../lib/domain/api/routes.ts";
import type { Task } from "../../lib/domain/api/tasks.ts";
import * as data from "./data-fixtures.ts";
import * as fixtures from "./fixtures.ts";
import * as loop from "./loop-fixtures.ts";
import * as evolved from "./model-fixtures.ts";

/** The policy the UI promises to live under: nothing inline, nothing from elsewhere, no eval. */
const STRICT_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

export interface StandIn {
  readonly url: string;
  /** The run that is shown while it is going on; change it, then `tell`. */
  run: RunDetail;
  champion: string;
  schedule: Schedule | null;
  nights: Night[];
  tasks: Task[];
  readonly posted: { route: RouteName; body: unknown }[];
  tell(change: Change): void;
  /** Everything as it was at first; whoever is signed in stays so. */
  reset(): void;
  /** Ends all event streams and refuses new ones until called with false. */
  cut(refuse: boolean): void;
  close(): Promise<void>;
}

type State = Pick<StandIn, "run" | "champion" | "schedule" | "nights" | "tasks" | "posted">;

const firstState = (): State => ({
  run: { ...fixtures.finishedRun },
  champion: fixtures.champion.id,
  schedule: loop.schedule,
  nights: loop.nights,
  tasks: loop.tasks,
  posted: [],
});

export const PASSWORD = "correct horse";

interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** Serves the built pages under the strict policy, and answers the API's routes with fixtures: every answer passes the route's own schema. */
export async function startStandIn(dist: string): Promise<StandIn> {
  const streams = new Set<ServerResponse>();
  let refusing = false;
  let signedIn = false;
  const state = firstState();
  const runs = () => [state.run, fixtures.earlierRun];
  const models = () => [fixtures.champion, fixtures.challenger].map((model) => ({ ...model, champion: model.id === state.champion }));
  const me = () => ({ account: "ada", role: "engineer", projects: null, scope: "all", expiresAt: null });
  const serving = () => fixtures.championRow(models().find(({ champion }) => champion) ?? fixtures.champion);
  const page = (items: readonly unknown[]) => ({ items, next: null });

  const answers: Partial<Record<RouteName, (asked: Asked) => unknown>> = {
    me,
    signIn: ({ body }) =>
      (body as { password: string }).password === PASSWORD
        ? ((signedIn = true), me())
        : refused(401, "UNAUTHENTICATED", "Account and password do not match."),
    signOut: () => ((signedIn = false), { done: true }),
    overview: () => ({
      projects: [
        {
          project: fixtures.project,
          stations: fixtures.stations.map((station) =>
            station.name === "train" && state.run.state === "running" ? { ...station, state: "running" } : station,
          ),
          active: state.run.state === "running" ? [state.run] : [],
          last: state.run,
          champions: [serving()],
          trend: [0.921, 0.934, 0.931, 0.9498, 0.9641].map((macroF1, index) => ({
            run: `run-000${index + 4}`,
            at: fixtures.ago((9 - index) * 40_000),
            model: `m-000${index + 4}`,
            accuracy: { value: macroF1, low: macroF1 - 0.02, high: macroF1 + 0.02 },
            macroF1: { value: macroF1, low: macroF1 - 0.02, high: macroF1 + 0.02 },
            promoted: index !== 2,
          })),
          counts: fixtures.counts,
          annotation: { ...loop.annotation.queue, escalated: 1, labels: 112, atLabels: 150, gainPerHundred: 1.2 },
          nights: { last: loop.nights[0], nextAt: loop.due()[0]?.at, paused: false },
        },
      ],
    }),
    services: () => fixtures.services,
    listProjects: () => ({ items: [fixtures.project, { ...fixtures.project, id: "gym", title: "Exercises in the gym" }] }),
    countData: () => fixtures.counts,
    listFiles: () =>
      page([
        file("acc_exp01_user01.txt", "staged", { rowsIn: 20_598, rowsOk: 20_598, rowsQuarantined: 0, rowsDuplicate: 0 }),
        file("acc_exp07_user03.txt", "staged", { rowsIn: 18_211, rowsOk: 18_153, rowsQuarantined: 46, rowsDuplicate: 12 }),
        file("gyro_exp07_user03 (copy).txt", "duplicate", null),
        {
          ...file("notes.txt.gz", "refused", null),
          error: {
            code: "GZIP_CORRUPT",
            message: "The archive ends 8 bytes early.",
            remedy: "Send the file again; it was cut or damaged on the way.",
            retryable: false,
            facts: {},
          },
        },
      ]),
    listSnapshots: () =>
      page([
        {
          id: fixtures.finishedRun.snapshot,
          project: "har",
          recordings: 61,
          subjects: 30,
          rows: 1_122_714,
          splits: { train: { rows: 700_112 }, validation: { rows: 90_210 }, holdout: { rows: 332_392 } },
          holdoutSha256: "ef".repeat(32),
          leaking: false,
          createdAt: fixtures.ago(3985),
        },
      ]),
    listQuarantine: () => ({
      items: [
        { rule: "range", rows: 44, files: 1, example: "ax is 19.7 g, outside -4 to 4 g" },
        { rule: "type", rows: 2, files: 1, example: "ay is 'x0.93', not a number" },
      ],
    }),
    listQuarantineRows: () =>
      page(
        [311, 312, 313, 978].map((line) => ({
          file: FILE,
          fileName: "acc_exp07_user03.txt",
          line,
          rule: "range",
          column: "ax",
          reason: "19.7 is outside -4 to 4 g",
          raw: "19.700000 -0.123611 0.102778",
        })),
      ),
    showReplay: () => refused(404, "NOT_FOUND", "There was no replay."),
    listRuns: ({ query }) => page(runs().filter((run) => query.get("state") === null || run.state === query.get("state"))),
    showRun: ({ params }) =>
      runs().find(({ run }) => run === params["run"]) ?? refused(404, "NOT_FOUND", `There is no run '${params["run"]}'.`),
    startRun: () => state.run,
    addUploads: () => ({ items: [{ ...upload, known: false }] }),
    showCohorts: () => data.cohorts,
    showDistributions: ({ query }) => ({
      ...data.distributions,
      channel: query.get("channel") ?? "ax",
      cohort: query.get("cohort") ?? "all",
    }),
    showSynthesis: () => ({ synthesis: data.synthesis }),
    listRunLogs: () => page(fixtures.logLines),
    cancelRun: () => (state.run = { ...state.run, state: "cancelled" }),
    approveRun: () => (state.run = { ...state.run, state: "done" }),
    listModels: ({ query }) =>
      page(
        query.get("order") === "best"
          ? evolved.trials.toSorted((one, other) => (other.validation?.value ?? -1) - (one.validation?.value ?? -1))
          : models().map((model) => ({ ...model, validation: model.validation?.macroF1 ?? null })),
      ),
    listSlots: () => ({
      items: ["har/all/acc+gyro", "har/c1/acc+gyro", "har/all/acc"].map((slot, index) => ({
        slot,
        cohort: slot.split("/")[1],
        sensors: slot.split("/")[2]?.split("+"),
        champion: index === 0 ? state.champion : null,
        models: 9 - index,
        newestAt: fixtures.ago(3950),
      })),
    }),
    showLineage: ({ query }) => ({
      slot: query.get("slot"),
      run: query.get("run") ?? "run-0008",
      runs: ["run-0008", "run-0007"],
      models: evolved.trials,
    }),
    listReigns: ({ query }) => ({
      items: models().map((model, index) => ({
        slot: query.get("slot") ?? model.slot,
        model: model.id,
        by: "run/run-0008",
        kind: index === 0 ? "model.promoted" : "model.rolled-back",
        why: "better by more than the margin",
        since: fixtures.ago(3941 + 76_000 * index),
        until: index === 0 ? null : fixtures.ago(3941),
      })),
    }),
    compareModels: ({ query }) => {
      const [a, b] = ["a", "b"].map((side) => models().find(({ id }) => id === query.get(side)));
      return a && b ? evolved.comparison(a, b) : refused(404, "NOT_FOUND", "There is no such model.");
    },
    showModel: ({ params }) =>
      models().find(({ id }) => id === params["model"]) ?? refused(404, "NOT_FOUND", `There is no model '${params["model"]}'.`),
    listChampions: () => ({ items: [serving()] }),
    promoteModel: ({ params, body }) => {
      if ((body as { expected: string }).expected !== state.champion) return refused(409, "CONFLICT", "Another model is champion by now.");
      state.champion = params["model"] ?? "";
      return serving();
    },
    rollbackModel: () => ((state.champion = fixtures.challenger.id), serving()),
    showSchedule: () => state.schedule,
    previewSchedule: ({ body }) =>
      (body as { timezone: string }).timezone.includes("/")
        ? { next: loop.due(), notes: [] }
        : refused(400, "SCHEDULE_INVALID", `'${(body as { timezone: string }).timezone}' is no time zone.`),
    setSchedule: ({ body }) => (state.schedule = { ...loop.schedule, ...(body as object) }),
    pauseSchedule: ({ body }) => (state.schedule = { ...loop.schedule, paused: true, why: (body as { why: string }).why, next: [] }),
    resumeSchedule: () => (state.schedule = loop.schedule),
    backfillSchedule: ({ body }) => ({
      dryRun: (body as { dryRun: boolean }).dryRun,
      nights: loop.due(4).map((due, index) => ({ ...due, id: `night-b${index}`, known: index === 1 })),
    }),
    listNights: ({ query }) => page(state.nights.filter((night) => query.get("state") === null || night.state === query.get("state"))),
    cancelNight: ({ params, body }) => {
      const { why } = body as { why: string };
      const ended = (night: Night): Night => ({
        ...night,
        state: "cancelled",
        reason: `ada cancelled it: ${why}`,
        endedAt: fixtures.ago(0),
      });
      state.nights = state.nights.map((night) => (night.id === params["night"] ? ended(night) : night));
      return state.nights.find(({ id }) => id === params["night"]) ?? refused(404, "NOT_FOUND", "There is no such night.");
    },
    askNight: ({ body }) => ({ ...loop.nights[0], id: (body as { id: string }).id, state: "asked", reason: null, run: null, gain: null }),
    showAnnotation: () => loop.annotation,
    listTasks: ({ query }) =>
      page(
        state.tasks.filter(
          (task) =>
            (query.get("state") === null || task.state === query.get("state")) && (query.get("escalated") === null || task.escalated),
        ),
      ),
    makeTasks: () => ({ made: 19, known: 2 }),
    showTask: ({ params }) => {
      const task = state.tasks.find(({ id }) => id === params["task"]);
      return task
        ? { task, answers: task.answers === 0 ? [] : loop.answersTo(task), leases: [] }
        : refused(404, "NOT_FOUND", "There is no such task.");
    },
    adjudicateTask: ({ params, body }) => {
      const decided = body as { id: string; class: string };
      const task = state.tasks.find(({ id }) => id === params["task"]);
      if (!task) return refused(404, "NOT_FOUND", "There is no such task.");
      const done = { ...task, state: "done" as const, outcome: decided.class, version: task.version + 1 };
      state.tasks = state.tasks.map((one) => (one === task ? done : one));
      return { label: { ...loop.answersTo(task)[0], ...decided, authority: "adjudicated", by: "ada" }, task: done };
    },
    showAgreement: () => loop.agreement,
    showSignal: ({ query }) => ({ ...loop.signal, subject: query.get("subject"), recording: query.get("recording") }),
    viewSignal: ({ query }) => loop.viewOf(Number(query.get("from")), Number(query.get("to")), Number(query.get("columns"))),
    listPredictions: () => page(loop.predictions),
    listFeatureSets: () => ({ items: loop.featureSets }),
    showFeatureStatistics: ({ params }) => loop.featureStatistics(params["set"] ?? ""),
    listJournal: () =>
      page([
        {
          id: 3,
          at: fixtures.ago(3941),
          actor: "gate",
          project: "har",
          kind: "model.promoted",
          subject: "har/all/acc+gyro",
          payload: { slot: "har/all/acc+gyro", model: fixtures.champion.id, previous: fixtures.challenger.id, why: "better" },
        },
        {
          id: 2,
          at: fixtures.ago(4000),
          actor: "ada",
          project: "har",
          kind: "run.requested",
          subject: "run-0008",
          payload: { run: "run-0008", specVersion: 3, seed: 1, uploads: 2, set: {} },
        },
      ]),
  };

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      send(response, 500, errorBody("INTERNAL", `The stand-in failed: ${String(error)}`));
    });
  });
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://stand-in");
    response.setHeader("content-security-policy", STRICT_CSP);
    if (url.pathname === "/api/v1/events") {
      if (refusing) return void response.writeHead(502).end();
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("event: snapshot\ndata: {}\n\n");
      streams.add(response);
      request.on("close", () => streams.delete(response));
      return;
    }
    if (!url.pathname.startsWith("/api/")) return serveFile(url.pathname, dist, response);
    const found = match(request.method ?? "GET", url.pathname);
    if (found === null) return send(response, 404, errorBody("NOT_FOUND", "There is no such route."));
    const body = await bodyOf(request);
    if (request.method !== "GET") state.posted.push({ route: found.name, body });
    if (!signedIn && found.name !== "signIn") return send(response, 401, errorBody("UNAUTHENTICATED", "Nobody is signed in."));
    const answer =
      answers[found.name]?.({ params: found.params, query: url.searchParams, body }) ??
      refused(500, "INTERNAL", `The stand-in has no answer to ${found.name}.`);
    if (answer instanceof Refusal) return send(response, answer.status, errorBody(answer.code, answer.message));
    const route: RouteSpec = ROUTES[found.name];
    if (answer instanceof Uint8Array) return void response.writeHead(200, { "content-type": "application/octet-stream" }).end(answer);
    send(response, route.status ?? 200, route.response?.parse(answer));
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tell: (change: Change) => {
      for (const stream of streams) stream.write(`event: change\ndata: ${JSON.stringify(change)}\n\n`);
    },
    reset: () => {
      refusing = false;
      Object.assign(state, firstState());
    },
    cut: (refuse: boolean) => {
      refusing = refuse;
      for (const stream of streams) stream.destroy();
    },
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

const upload = {
  id: "2a4f1c5e-7a0f-4a6e-8d9b-0d2f6f0a1b33",
  project: "har",
  name: "acc_exp62_user31.txt",
  sha256: "aa".repeat(32),
  bytes: 11,
  source: null,
  createdBy: "ada",
  createdAt: fixtures.ago(1),
};

const FILE = "2a4f1c5e-7a0f-4a6e-8d9b-0d2f6f0a1b22";

function file(name: string, state: "staged" | "duplicate" | "refused", rows: object | null) {
  const cleaning = rows === null ? null : { ...rows, id: FILE, state: "clean", error: null, createdAt: fixtures.ago(3990) };
  const id = `${FILE.slice(0, -2)}${String(name.split("").reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 100).padStart(2, "0")}`;
  return {
    id,
    project: "har",
    name,
    upload: FILE,
    state,
    duplicateOf: state === "duplicate" ? FILE : null,
    sha256: "aa".repeat(32),
    bytes: 862_113,
    scan: {},
    error: null,
    createdAt: fixtures.ago(5000),
    cleaning,
  };
}

class Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  constructor(status: number, code: string, message: string) {
    this.status = status;
    this.code = code;
    this.message = message;
  }
}
const refused = (status: number, code: string, message: string) => new Refusal(status, code, message);
const errorBody = (code: string, message: string) => ({
  code,
  message,
  remedy: "Check it and try again.",
  retryable: false,
  facts: {},
  request: "req-1",
});

function match(method: string, pathname: string): { name: RouteName; params: Record<string, string> } | null {
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const route = ROUTES[name];
    const names: string[] = [];
    const pattern = route.path.replace(/:(\w+)/g, (_, key: string) => (names.push(key), "([^/]+)"));
    const found = route.method === method ? new RegExp(`^${pattern}$`).exec(pathname) : null;
    if (found !== null)
      return { name, params: Object.fromEntries(names.map((key, index) => [key, decodeURIComponent(found[index + 1] ?? "")])) };
  }
  return null;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  // A form with files is passed on as it came.
  const json = request.headers["content-type"] === "application/json";
  return text === "" ? undefined : json ? JSON.parse(text) : text;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** A built file, or the page itself for every address of the app. */
async function serveFile(pathname: string, dist: string, response: ServerResponse): Promise<void> {
  const wanted = join(dist, normalize(pathname));
  const found = await stat(wanted).then(
    (info) => info.isFile(),
    () => false,
  );
  const path = found ? wanted : join(dist, "index.html");
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
  createReadStream(path).pipe(response);
}
