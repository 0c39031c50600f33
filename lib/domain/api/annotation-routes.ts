import { z } from "zod";
import { idSchema } from "../ids.ts";
import * as labels from "./labels.ts";
import { pageOf, pageQuerySchema } from "./page.ts";
import type { RouteSpec } from "./route-spec.ts";
import * as signals from "./signals.ts";
import * as tasks from "./tasks.ts";

const inProject = z.object({ project: idSchema });
const ofTask = z.object({ project: idSchema, task: z.uuid() });
const ofModel = z.object({ model: idSchema });
const page = pageQuerySchema.shape;

/** Tasks, labels, and the signals they are about. */
export const annotationRoutes = {
  showAnnotation: {
    method: "GET",
    path: "/api/v1/projects/:project/annotation",
    access: "read",
    summary: "Classes and their keys, the guide, the queue, and what labels bought",
    params: inProject,
    response: tasks.annotationSchema,
  },
  listTasks: {
    method: "GET",
    path: "/api/v1/projects/:project/tasks",
    access: "read",
    summary: "Tasks, newest first",
    params: inProject,
    query: tasks.taskQuerySchema.extend(page),
    response: pageOf(tasks.taskSchema),
  },
  makeTasks: {
    method: "POST",
    path: "/api/v1/projects/:project/tasks",
    access: "task.make",
    summary: "Make tasks of predictions, for example of a cell of a confusion matrix",
    params: inProject,
    body: tasks.makeTasksSchema,
    status: 201,
    response: tasks.madeTasksSchema,
  },
  claimTasks: {
    method: "POST",
    path: "/api/v1/projects/:project/tasks/claim",
    access: "label.add",
    summary: "Lease the next tasks; nobody else is given them meanwhile",
    params: inProject,
    body: tasks.claimSchema,
    response: z.object({ items: z.array(tasks.leasedTaskSchema) }),
  },
  showTask: {
    method: "GET",
    path: "/api/v1/projects/:project/tasks/:task",
    access: "read",
    summary: "A task; its answers for those who have answered or may adjudicate",
    params: ofTask,
    response: tasks.taskDetailSchema,
  },
  skipTask: {
    method: "POST",
    path: "/api/v1/projects/:project/tasks/:task/skip",
    access: "label.add",
    summary: "Give a task back, not to be given it again",
    params: ofTask,
    body: tasks.skipTaskSchema,
    response: z.object({ done: z.literal(true) }),
  },
  adjudicateTask: {
    method: "POST",
    path: "/api/v1/projects/:project/tasks/:task/adjudicate",
    access: "label.add",
    summary: "Decide what annotators disagree on; for experts and engineers",
    params: ofTask,
    body: tasks.adjudicateSchema,
    response: labels.addedLabelSchema,
  },

  addLabel: {
    method: "POST",
    path: "/api/v1/projects/:project/labels",
    access: "label.add",
    summary: "Sign a label; the same id again answers the same label",
    params: inProject,
    body: labels.addLabelSchema,
    status: 201,
    response: labels.addedLabelSchema,
  },
  withdrawLabel: {
    method: "POST",
    path: "/api/v1/projects/:project/labels/:label/withdraw",
    access: "label.add",
    summary: "Take back one's own label; its task is in one's hands again",
    params: z.object({ project: idSchema, label: z.uuid() }),
    body: z.strictObject({ id: z.uuid() }),
    response: labels.addedLabelSchema,
  },
  listLabels: {
    method: "GET",
    path: "/api/v1/projects/:project/labels",
    access: "read",
    summary: "Labels, newest first",
    params: inProject,
    query: labels.labelQuerySchema.extend(page),
    response: pageOf(labels.labelSchema),
  },
  importLabels: {
    method: "POST",
    path: "/api/v1/projects/:project/labels/import",
    access: "label.import",
    summary: "Take in labels made elsewhere: CSV, JSON, or Label Studio's JSON",
    params: inProject,
    body: labels.importLabelsSchema,
    status: 201,
    response: labels.importedLabelsSchema,
  },
  exportLabels: {
    method: "GET",
    path: "/api/v1/projects/:project/labels/export",
    access: "read",
    summary: "All standing labels as one document",
    params: inProject,
    query: z.object({ format: z.enum(labels.LABEL_FORMATS).default("csv") }),
    response: labels.exportedLabelsSchema,
  },
  showAgreement: {
    method: "GET",
    path: "/api/v1/projects/:project/labels/agreement",
    access: "read",
    summary: "How far annotators agree, by class and pair; their speed and their gold samples",
    params: inProject,
    response: labels.agreementSchema,
  },

  listRecordings: {
    method: "GET",
    path: "/api/v1/projects/:project/recordings",
    access: "read",
    summary: "Recordings that have predictions, least confident first",
    params: inProject,
    query: signals.recordingQuerySchema.extend(page),
    response: pageOf(signals.recordingSchema),
  },
  showSignal: {
    method: "GET",
    path: "/api/v1/projects/:project/signal",
    access: "read",
    summary: "What a recording has: channels, stretches, labels, predictions",
    params: inProject,
    query: signals.signalQuerySchema,
    response: signals.signalInfoSchema,
  },
  viewSignal: {
    method: "GET",
    path: "/api/v1/projects/:project/signal/view",
    access: "read",
    summary: "A view of a recording: extremes by column, or the samples themselves (application/octet-stream)",
    params: inProject,
    query: signals.signalViewQuerySchema,
  },
  showMedia: {
    method: "GET",
    path: "/api/v1/projects/:project/signal/media",
    access: "read",
    summary: "The video or sound of a recording; answers ranges (video/*, audio/*)",
    params: inProject,
    query: signals.signalQuerySchema,
  },
  modelArtifact: {
    method: "GET",
    path: "/api/v1/models/:model/artifact",
    access: "read",
    summary: "A model's artifact with the spec it was trained under, for scoring elsewhere (application/json, ETag)",
    params: ofModel,
  },
  modelWeights: {
    method: "GET",
    path: "/api/v1/models/:model/weights",
    access: "read",
    summary: "A model's weights, little-endian 32-bit floats (application/octet-stream, ETag)",
    params: ofModel,
  },
} as const satisfies Record<string, RouteSpec>;
