import { z } from "zod";
import { idSchema } from "../ids.ts";
import * as access from "./access.ts";
import * as data from "./data.ts";
import * as journal from "./journal.ts";
import * as models from "./models.ts";
import * as overview from "./overview.ts";
import { annotationRoutes } from "./annotation-routes.ts";
import { featureRoutes } from "./feature-routes.ts";
import { nightRoutes } from "./night-routes.ts";
import { pageOf, pageQuerySchema } from "./page.ts";
import * as predictions from "./predictions.ts";
import * as projects from "./projects.ts";
import type { RouteSpec } from "./route-spec.ts";
import * as runs from "./runs.ts";
import * as subjects from "./subjects.ts";

/** The HTTP API as one table: the server registers these routes and no others, the browser's client is typed by them, and the tests walk them. */
const inProject = z.object({ project: idSchema });
const ofRun = z.object({ run: idSchema });
const ofModel = z.object({ model: idSchema });
const done = z.object({ done: z.literal(true) });
const page = pageQuerySchema.shape;

export const ROUTES = {
  signIn: {
    method: "POST",
    path: "/api/v1/session",
    access: "public",
    summary: "Sign in; answers with a session cookie",
    body: access.signInSchema,
    response: access.meSchema,
  },
  signOut: { method: "DELETE", path: "/api/v1/session", access: "account", summary: "Sign out", response: done },
  me: { method: "GET", path: "/api/v1/session", access: "account", summary: "Who is signed in", response: access.meSchema },

  overview: {
    method: "GET",
    path: "/api/v1/overview",
    access: "read",
    summary: "The loop of each project",
    query: overview.overviewQuerySchema,
    response: overview.overviewsSchema,
  },
  services: {
    method: "GET",
    path: "/api/v1/health/services",
    access: "read",
    summary: "Each service: is it there, since when, what to do",
    response: overview.servicesSchema,
  },

  listProjects: {
    method: "GET",
    path: "/api/v1/projects",
    access: "read",
    summary: "Projects",
    response: z.object({ items: z.array(projects.projectSchema) }),
  },
  showProject: {
    method: "GET",
    path: "/api/v1/projects/:project",
    access: "read",
    summary: "A project and its newest spec",
    params: inProject,
    response: projects.projectDetailSchema,
  },
  applySpec: {
    method: "PUT",
    path: "/api/v1/projects/:project/spec",
    access: "project.apply",
    summary: "Apply a spec; creates the project",
    params: inProject,
    body: projects.applySpecSchema,
    response: projects.appliedSpecSchema,
  },

  addUploads: {
    method: "POST",
    path: "/api/v1/projects/:project/uploads",
    access: "data.add",
    summary: "Take in files (multipart/form-data, one part a file)",
    params: inProject,
    status: 201,
    response: z.object({ items: z.array(data.takenInSchema) }),
  },
  listUploads: {
    method: "GET",
    path: "/api/v1/projects/:project/uploads",
    access: "read",
    summary: "Uploads, newest first",
    params: inProject,
    query: pageQuerySchema,
    response: pageOf(data.uploadSchema),
  },
  countData: {
    method: "GET",
    path: "/api/v1/projects/:project/counts",
    access: "read",
    summary: "Files and rows of a project",
    params: inProject,
    response: data.dataCountsSchema,
  },
  listFiles: {
    method: "GET",
    path: "/api/v1/projects/:project/files",
    access: "read",
    summary: "Files, newest first",
    params: inProject,
    query: data.fileQuerySchema.extend(page),
    response: pageOf(data.fileSchema),
  },
  listSnapshots: {
    method: "GET",
    path: "/api/v1/projects/:project/snapshots",
    access: "read",
    summary: "Snapshots, newest first",
    params: inProject,
    query: pageQuerySchema,
    response: pageOf(data.snapshotSchema),
  },
  listQuarantine: {
    method: "GET",
    path: "/api/v1/projects/:project/quarantine",
    access: "read",
    summary: "Refused rows by rule",
    params: inProject,
    response: z.object({ items: z.array(data.quarantineRuleSchema) }),
  },
  listQuarantineRows: {
    method: "GET",
    path: "/api/v1/projects/:project/quarantine/rows",
    access: "read",
    summary: "Refused rows",
    params: inProject,
    query: data.quarantineQuerySchema.extend(page),
    response: pageOf(data.quarantineRowSchema),
  },
  replayQuarantine: {
    method: "POST",
    path: "/api/v1/projects/:project/quarantine/replay",
    access: "quarantine.replay",
    summary: "Clean again with the newest spec what was refused",
    params: inProject,
    status: 202,
    response: data.replaySchema,
  },
  showReplay: {
    method: "GET",
    path: "/api/v1/projects/:project/quarantine/replay",
    access: "read",
    summary: "The newest replay: how many rows moved",
    params: inProject,
    response: data.replaySchema,
  },
  showCohorts: {
    method: "GET",
    path: "/api/v1/projects/:project/cohorts",
    access: "read",
    summary: "Who was clustered with whom, newest clustering",
    params: inProject,
    response: data.cohortsSchema,
  },
  showDistributions: {
    method: "GET",
    path: "/api/v1/projects/:project/distributions",
    access: "read",
    summary: "How one channel is distributed by class, real beside synthetic",
    params: inProject,
    query: data.distributionQuerySchema,
    response: data.distributionsSchema,
  },
  showSynthesis: {
    method: "GET",
    path: "/api/v1/projects/:project/synthesis",
    access: "read",
    summary: "How like and how private the newest synthetic data is, and whether it was trained on",
    params: inProject,
    response: data.synthesisSchema,
  },
  eraseSubject: {
    method: "POST",
    path: "/api/v1/projects/:project/subjects/:subject/erase",
    access: "subject.erase",
    summary: "Erase a person, by biometric id: what is known of them is removed, and nothing more is taken in; cannot be undone",
    params: z.object({ project: idSchema, subject: z.string().min(1).max(80) }),
    body: subjects.eraseSubjectSchema,
    response: subjects.erasedSubjectSchema,
  },

  startRun: {
    method: "POST",
    path: "/api/v1/projects/:project/runs",
    access: "run.start",
    summary: "Start a run; the same `id` again answers the same run",
    params: inProject,
    body: runs.startRunSchema,
    status: 202,
    response: runs.runDetailSchema,
  },
  listRuns: {
    method: "GET",
    path: "/api/v1/runs",
    access: "read",
    summary: "Runs, newest first",
    query: runs.runQuerySchema.extend(page),
    response: pageOf(runs.runSummarySchema),
  },
  showRun: { method: "GET", path: "/api/v1/runs/:run", access: "read", summary: "A run", params: ofRun, response: runs.runDetailSchema },
  listRunLogs: {
    method: "GET",
    path: "/api/v1/runs/:run/logs",
    access: "read",
    summary: "Log lines of a run, oldest first",
    params: ofRun,
    query: pageQuerySchema,
    response: pageOf(runs.logLineSchema),
  },
  cancelRun: {
    method: "POST",
    path: "/api/v1/runs/:run/cancel",
    access: "run.cancel",
    summary: "Cancel a run",
    params: ofRun,
    body: runs.cancelRunSchema,
    status: 202,
    response: runs.runDetailSchema,
  },
  approveRun: {
    method: "POST",
    path: "/api/v1/runs/:run/approve",
    access: "run.approve",
    summary: "Approve or reject the candidate of a waiting run",
    params: ofRun,
    body: runs.approveRunSchema,
    response: runs.runDetailSchema,
  },

  listModels: {
    method: "GET",
    path: "/api/v1/projects/:project/models",
    access: "read",
    summary: "Models, newest first",
    params: inProject,
    query: models.modelQuerySchema.extend(page),
    response: pageOf(models.modelSummarySchema),
  },
  listSlots: {
    method: "GET",
    path: "/api/v1/projects/:project/slots",
    access: "read",
    summary: "Slots that models were trained for",
    params: inProject,
    response: z.object({ items: z.array(models.slotSummarySchema) }),
  },
  showLineage: {
    method: "GET",
    path: "/api/v1/projects/:project/lineage",
    access: "read",
    summary: "The trials of a slot in one run, with their parents",
    params: inProject,
    query: models.lineageQuerySchema,
    response: models.lineageSchema,
  },
  compareModels: {
    method: "GET",
    path: "/api/v1/models/compare",
    access: "read",
    summary: "Two models side by side",
    query: z.object({ a: idSchema, b: idSchema }),
    response: models.comparisonSchema,
  },
  showModel: {
    method: "GET",
    path: "/api/v1/models/:model",
    access: "read",
    summary: "A model",
    params: ofModel,
    response: models.modelDetailSchema,
  },
  promoteModel: {
    method: "POST",
    path: "/api/v1/models/:model/promote",
    access: "model.promote",
    summary: "Make a model the champion of its slot",
    params: ofModel,
    body: models.promoteSchema,
    response: models.championSchema,
  },
  rollbackModel: {
    method: "POST",
    path: "/api/v1/projects/:project/rollback",
    access: "model.promote",
    summary: "Bring the previous champion back",
    params: inProject,
    body: models.rollbackSchema,
    response: models.championSchema,
  },
  listChampions: {
    method: "GET",
    path: "/api/v1/projects/:project/champions",
    access: "read",
    summary: "Champions, now or at a time",
    params: inProject,
    query: models.championQuerySchema,
    response: z.object({ items: z.array(models.championSchema) }),
  },
  listReigns: {
    method: "GET",
    path: "/api/v1/projects/:project/reigns",
    access: "read",
    summary: "The history of champions, newest first",
    params: inProject,
    query: models.historyQuerySchema,
    response: z.object({ items: z.array(models.reignSchema) }),
  },

  listPredictions: {
    method: "GET",
    path: "/api/v1/projects/:project/predictions",
    access: "read",
    summary: "Predictions",
    params: inProject,
    query: predictions.predictionQuerySchema.extend(page),
    response: pageOf(predictions.predictionSchema),
  },
  tracePrediction: {
    method: "GET",
    path: "/api/v1/projects/:project/predictions/trace",
    access: "read",
    summary: "From a prediction to the lines it was read from",
    params: inProject,
    query: predictions.predictionKeySchema,
    response: predictions.traceSchema,
  },

  predict: {
    method: "POST",
    path: "/api/v1/projects/:project/predict",
    access: "predict",
    summary: "Ask the champion (JSON, or a CSV file of feature rows as text/csv)",
    params: inProject,
    query: predictions.predictQuerySchema,
    body: predictions.predictSchema,
    response: predictions.predictedSchema,
  },

  ...annotationRoutes,
  ...featureRoutes,
  ...nightRoutes,

  listJournal: {
    method: "GET",
    path: "/api/v1/journal",
    access: "read",
    summary: "Decisions, newest first",
    query: journal.journalQuerySchema.extend(page),
    response: pageOf(journal.journalEntrySchema),
  },

  listAccounts: {
    method: "GET",
    path: "/api/v1/accounts",
    access: "account.manage",
    summary: "Accounts",
    response: z.object({ items: z.array(access.accountSchema) }),
  },
  addAccount: {
    method: "POST",
    path: "/api/v1/accounts",
    access: "account.manage",
    summary: "Add an account; its password is shown once",
    body: access.addAccountSchema,
    status: 201,
    response: access.addedAccountSchema,
  },
  revokeAccount: {
    method: "DELETE",
    path: "/api/v1/accounts/:account",
    access: "account.manage",
    summary: "Revoke an account, its sessions and tokens",
    params: z.object({ account: idSchema }),
    response: access.accountSchema,
  },
  listTokens: {
    method: "GET",
    path: "/api/v1/tokens",
    access: "token.own",
    summary: "Own tokens; with `account.manage` those of all",
    response: z.object({ items: z.array(access.tokenSchema) }),
  },
  addToken: {
    method: "POST",
    path: "/api/v1/tokens",
    access: "token.own",
    summary: "Add a token; its secret is shown once",
    body: access.addTokenSchema,
    status: 201,
    response: access.addedTokenSchema,
  },
  revokeToken: {
    method: "DELETE",
    path: "/api/v1/tokens/:token",
    access: "token.own",
    summary: "Revoke a token",
    params: z.object({ token: idSchema }),
    response: access.tokenSchema,
  },
} as const satisfies Record<string, RouteSpec>;

export type RouteName = keyof typeof ROUTES;
/** Routes that answer with bytes. */
export type ByteRouteName = { [Name in RouteName]: (typeof ROUTES)[Name] extends { response: z.ZodType } ? never : Name }[RouteName];
export type JsonRouteName = Exclude<RouteName, ByteRouteName>;
type Of<Name extends RouteName, Part extends keyof RouteSpec> =
  (typeof ROUTES)[Name] extends Record<Part, infer Schema extends z.ZodType> ? Schema : z.ZodUndefined;
export type RouteParams<Name extends RouteName> = z.output<Of<Name, "params">>;
export type RouteQuery<Name extends RouteName> = z.output<Of<Name, "query">>;
export type RouteBody<Name extends RouteName> = z.output<Of<Name, "body">>;
/** What a caller may write: defaults left out. */
export type RouteQueryInput<Name extends RouteName> = z.input<Of<Name, "query">>;
export type RouteBodyInput<Name extends RouteName> = z.input<Of<Name, "body">>;
export type RouteResponse<Name extends RouteName> = z.output<Of<Name, "response">>;
