import type { Role, TokenScope } from "./api/access.ts";
import type { LabelAuthority } from "./api/labels.ts";
import type { JournalEvent, NewEvent } from "./journal.ts";

/**
 * The tables that are read instead of the journal. Each is a pure fold: the row as it was, one event, the row as it is.
 * They are applied in the transaction of the event, and `sensorloop journal rebuild` folds the whole journal again and
 * must find no difference. Columns are those of the tables.
 */
export interface ProjectRow {
  readonly id: string;
  readonly title: string;
  readonly spec_version: number;
  readonly spec_sha256: string;
  readonly applied_by: string;
  readonly applied_at: Date;
}
export interface ChampionRow {
  readonly project: string;
  readonly slot: string;
  readonly model: string;
  readonly since: Date;
  readonly journal_id: number;
}
export interface AccountRow {
  readonly id: string;
  readonly role: Role;
  readonly projects: string[] | null;
  readonly created_at: Date;
  readonly revoked_at: Date | null;
}
export interface TokenRow {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly scope: TokenScope;
  readonly project: string | null;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
}
export interface LabelRow {
  readonly id: string;
  readonly project: string;
  readonly subject: string;
  readonly recording: string;
  readonly from_sample: number;
  readonly to_sample: number;
  readonly rate_hz: number;
  readonly class: string | null;
  readonly authority: LabelAuthority;
  readonly signed_by: string;
  readonly task: string | null;
  readonly supersedes: string | null;
  readonly seconds: number | null;
  readonly at: Date;
  readonly journal_id: number;
}
export interface ScheduleRow {
  readonly project: string;
  readonly cron: string;
  readonly timezone: string;
  readonly overlap: "skip" | "buffer";
  readonly catchup_minutes: number;
  readonly jitter_seconds: number;
  readonly paused: boolean;
  readonly why: string;
  readonly set_by: string;
  readonly set_at: Date;
  readonly journal_id: number;
}
/** A person of whom nothing is taken in any more; `id` is made of the two below it. */
export interface ErasedSubjectRow {
  readonly id: string;
  readonly project: string;
  readonly biometric_id: string;
  readonly erased_at: Date;
  readonly journal_id: number;
}
export interface ProjectionRows {
  readonly erased_subject: ErasedSubjectRow;
  readonly label: LabelRow;
  readonly schedule: ScheduleRow;
  readonly project: ProjectRow;
  readonly champion: ChampionRow;
  readonly account: AccountRow;
  readonly token: TokenRow;
}
export type ProjectionName = keyof ProjectionRows;

/** Where an event is projected to: which table, which row. A slot's name is unique across projects. */
export interface Target {
  readonly table: ProjectionName;
  readonly key: string;
}

/** The row an event changes; undefined for events that only the journal keeps. */
export function targetOf(event: NewEvent): Target | undefined {
  switch (event.kind) {
    case "project.applied":
      return { table: "project", key: event.project ?? "" };
    case "model.promoted":
    case "model.rolled-back":
      return { table: "champion", key: event.payload.slot };
    case "subject.erased":
      return { table: "erased_subject", key: erasedKey(event.project, event.payload.subject) };
    case "label.signed":
      return { table: "label", key: event.payload.label };
    case "schedule.set":
    case "schedule.paused":
    case "schedule.resumed":
      return { table: "schedule", key: event.project ?? "" };
    case "account.added":
    case "account.revoked":
      return { table: "account", key: event.payload.account };
    case "token.added":
    case "token.revoked":
      return { table: "token", key: event.payload.token };
    default:
      return undefined;
  }
}

function erasedKey(project: string | null, subject: string): string {
  return `${project ?? ""}/${subject}`;
}

type Fold<Name extends ProjectionName> = (row: ProjectionRows[Name] | undefined, event: JournalEvent) => ProjectionRows[Name] | undefined;

export const PROJECTIONS: { readonly [Name in ProjectionName]: Fold<Name> } = {
  project(row, event) {
    if (event.kind !== "project.applied") return row;
    const { version, sha256, title } = event.payload;
    return { id: event.project ?? "", title, spec_version: version, spec_sha256: sha256, applied_by: event.actor, applied_at: event.at };
  },

  champion(row, event) {
    if (event.kind !== "model.promoted" && event.kind !== "model.rolled-back") return row;
    const { slot, model } = event.payload;
    return { project: event.project ?? "", slot, model, since: event.at, journal_id: event.id };
  },

  erased_subject(row, event) {
    if (event.kind !== "subject.erased") return row;
    const { subject } = event.payload;
    return {
      id: erasedKey(event.project, subject),
      project: event.project ?? "",
      biometric_id: subject,
      erased_at: event.at,
      journal_id: event.id,
    };
  },

  label(row, event) {
    if (event.kind !== "label.signed") return row;
    const { label, subject, recording, from, to, rateHz, class: name, authority, task, supersedes, seconds, by } = event.payload;
    return {
      id: label,
      project: event.project ?? "",
      subject,
      recording,
      from_sample: from,
      to_sample: to,
      rate_hz: rateHz,
      class: name,
      authority,
      signed_by: by ?? event.actor,
      task,
      supersedes,
      seconds,
      at: event.at,
      journal_id: event.id,
    };
  },

  schedule(row, event) {
    if (event.kind === "schedule.set") {
      const { cron, timezone, overlap, catchupMinutes, jitterSeconds, why } = event.payload;
      return {
        project: event.project ?? "",
        cron,
        timezone,
        overlap,
        catchup_minutes: catchupMinutes,
        jitter_seconds: jitterSeconds,
        paused: row?.paused ?? false,
        why,
        set_by: event.actor,
        set_at: event.at,
        journal_id: event.id,
      };
    }
    if (event.kind !== "schedule.paused" && event.kind !== "schedule.resumed") return row;
    return (
      row && {
        ...row,
        paused: event.kind === "schedule.paused",
        why: event.payload.why,
        set_by: event.actor,
        set_at: event.at,
        journal_id: event.id,
      }
    );
  },

  account(row, event) {
    if (event.kind === "account.added") {
      const { account, role, projects } = event.payload;
      return { id: account, role, projects, created_at: event.at, revoked_at: null };
    }
    return event.kind === "account.revoked" && row ? { ...row, revoked_at: event.at } : row;
  },

  token(row, event) {
    if (event.kind === "token.added") {
      const { token, account, name, scope, project, expiresAt } = event.payload;
      return {
        id: token,
        account,
        name,
        scope,
        project,
        created_at: event.at,
        expires_at: expiresAt === null ? null : new Date(expiresAt),
        revoked_at: null,
      };
    }
    return event.kind === "token.revoked" && row ? { ...row, revoked_at: event.at } : row;
  },
};

/**
 * The champions of one slot that a roll-back can return to, the present one last: a promotion adds, a roll-back takes
 * away, so rolling back twice goes two back instead of to and fro.
 */
export function championStack(events: readonly JournalEvent[]): string[] {
  const stack: string[] = [];
  for (const event of events) {
    if (event.kind === "model.promoted") stack.push(event.payload.model);
    if (event.kind === "model.rolled-back") stack.pop();
  }
  return stack;
}
