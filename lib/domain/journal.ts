import { z } from "zod";
import { ROLES, TOKEN_SCOPES } from "./api/access.ts";
import { LABEL_AUTHORITIES } from "./api/labels.ts";
import { NIGHT_STATES, scheduleInputSchema } from "./api/nights.ts";
import { PROFILE_FIELDS } from "./profile.ts";

const signedLabel = z.object({
  label: z.string(),
  subject: z.string(),
  recording: z.string(),
  from: z.int(),
  to: z.int(),
  rateHz: z.number(),
  /** Null takes back the label it supersedes. */
  class: z.string().nullable(),
  authority: z.enum(LABEL_AUTHORITIES),
  task: z.string().nullable(),
  supersedes: z.string().nullable(),
  seconds: z.number().nullable(),
});

/**
 * What can be decided, and what each decision carries. The journal keeps these for ever: an entry may gain an optional
 * field, never lose or change one. `subject` of the stored row is what the decision is about.
 */
export const EVENTS = {
  "project.applied": z.object({ version: z.int(), sha256: z.string(), title: z.string() }),
  "file.added": z.object({ upload: z.string(), name: z.string(), sha256: z.string(), bytes: z.int(), source: z.string().nullable() }),
  "run.requested": z.object({
    run: z.string(),
    specVersion: z.int(),
    seed: z.int(),
    uploads: z.int(),
    set: z.record(z.string(), z.unknown()),
  }),
  "run.cancelled": z.object({ run: z.string(), why: z.string() }),
  /** What the gate said by itself; where a person decides, `gate.decided` follows. */
  "gate.judged": z.object({
    run: z.string(),
    slot: z.string().optional(),
    candidate: z.string(),
    champion: z.string().nullable(),
    promoted: z.boolean(),
    rule: z.string(),
    why: z.string(),
  }),
  "gate.decided": z.object({ run: z.string(), slot: z.string().optional(), approve: z.boolean(), why: z.string() }),
  "model.promoted": z.object({ slot: z.string(), model: z.string(), previous: z.string().nullable(), why: z.string() }),
  "model.rolled-back": z.object({ slot: z.string(), model: z.string(), previous: z.string(), why: z.string() }),
  /** Taken in from a folder that another installation exported. */
  "model.imported": z.object({ model: z.string(), slot: z.string(), weightsSha256: z.string() }),
  "quarantine.replayed": z.object({ run: z.string(), specVersion: z.int() }),
  /** What was said of a person by hand: by biometric id and which fields, never their values, which must be erasable. */
  "subject.profiled": z.object({ subject: z.string(), fields: z.array(z.enum(PROFILE_FIELDS)) }),
  /** By biometric id; the name that files use is nowhere in the journal. */
  "subject.erased": z.object({ subject: z.string(), why: z.string() }),
  /** `by`: who said so, where the actor took in what others had labelled elsewhere. */
  "label.signed": signedLabel.extend({ by: z.string().optional() }),
  /** An answer that came after another's: `winner` is the label that was there first. */
  "label.refused": signedLabel.extend({ winner: z.string() }),
  "task.made": z.object({ reason: z.string(), tasks: z.int(), model: z.string() }),
  "task.settled": z.object({
    task: z.string(),
    outcome: z.string().nullable(),
    how: z.enum(["agreed", "majority", "adjudicated", "withdrawn"]),
  }),
  "task.escalated": z.object({ task: z.string(), why: z.string() }),
  "schedule.set": scheduleInputSchema,
  "schedule.paused": z.object({ why: z.string() }),
  "schedule.resumed": z.object({ why: z.string() }),
  "schedule.backfilled": z.object({ from: z.string(), to: z.string(), nights: z.int(), parallel: z.int() }),
  "night.asked": z.object({ night: z.string(), cause: z.string(), why: z.string() }),
  "night.cancelled": z.object({ night: z.string(), why: z.string() }),
  "night.ended": z.object({ night: z.string(), state: z.enum(NIGHT_STATES), why: z.string(), run: z.string().nullable() }),
  "account.added": z.object({ account: z.string(), role: z.enum(ROLES), projects: z.array(z.string()).nullable() }),
  "account.revoked": z.object({ account: z.string() }),
  "token.added": z.object({
    token: z.string(),
    account: z.string(),
    name: z.string(),
    scope: z.enum(TOKEN_SCOPES),
    project: z.string().nullable(),
    expiresAt: z.string().nullable(),
  }),
  "token.revoked": z.object({ token: z.string() }),
} as const;
export type EventKind = keyof typeof EVENTS;
export const EVENT_KINDS = Object.keys(EVENTS) as [EventKind, ...EventKind[]];

export type EventPayload<Kind extends EventKind> = z.infer<(typeof EVENTS)[Kind]>;

/** A decision before it is written. */
export type NewEvent = {
  [Kind in EventKind]: {
    readonly kind: Kind;
    readonly actor: string;
    readonly project: string | null;
    readonly payload: EventPayload<Kind>;
  };
}[EventKind];

/** A decision as written: with its place in the journal and its time. */
export type JournalEvent = NewEvent & { readonly id: number; readonly at: Date };

/** What an event is about, for looking it up. */
export function subjectOf(event: NewEvent): string {
  switch (event.kind) {
    case "project.applied":
      return event.project ?? "";
    case "file.added":
      return event.payload.upload;
    case "run.requested":
    case "run.cancelled":
    case "gate.judged":
    case "gate.decided":
    case "quarantine.replayed":
      return event.payload.run;
    case "subject.profiled":
    case "subject.erased":
      return event.payload.subject;
    case "label.signed":
    case "label.refused":
      return event.payload.label;
    case "task.made":
      return event.payload.model;
    case "task.settled":
    case "task.escalated":
      return event.payload.task;
    case "schedule.set":
    case "schedule.paused":
    case "schedule.resumed":
    case "schedule.backfilled":
      return event.project ?? "";
    case "night.asked":
    case "night.cancelled":
    case "night.ended":
      return event.payload.night;
    case "model.imported":
      return event.payload.model;
    case "model.promoted":
    case "model.rolled-back":
      return event.payload.slot;
    case "account.added":
    case "account.revoked":
      return event.payload.account;
    case "token.added":
    case "token.revoked":
      return event.payload.token;
  }
}
