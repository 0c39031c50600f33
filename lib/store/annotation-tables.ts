import type { ColumnType, Generated } from "kysely";
import type { LabelAuthority } from "../domain/api/labels.ts";
import type { LabelGain, NightCause, NightState } from "../domain/api/nights.ts";
import type { TaskReason, TaskState } from "../domain/api/tasks.ts";
import type { ErasedSubjectRow, LabelRow, ScheduleRow } from "../domain/projections.ts";

/** The tables of migration 0004. */
export interface AnnotationTables {
  erased_subject: ErasedSubjectRow;
  label: LabelRow & { authority: LabelAuthority };
  task: TaskTable;
  lease: { task: string; account: string; taken_at: Generated<Date>; until: Date };
  task_pass: { task: string; account: string; why: Generated<string>; at: Generated<Date> };
  signal: SignalTable;
  feature_set: FeatureSetTable;
  feature_row: FeatureRowTable;
  schedule: ScheduleRow;
  schedule_told: { project: string; journal_id: number; told_at: Generated<Date> };
  night: NightTable;
}

type Json<T> = ColumnType<T, string, string>;

interface TaskTable {
  id: string;
  project: string;
  reason: TaskReason;
  subject: string;
  recording: string;
  from_sample: number;
  to_sample: number;
  rate_hz: number;
  start_us: number;
  model: string;
  snapshot: string;
  predicted: string;
  confidence: number;
  claimed: string | null;
  gold: string | null;
  rank: number;
  state: ColumnType<TaskState, TaskState | undefined, TaskState>;
  wanted: Generated<number>;
  answers: Generated<number>;
  version: Generated<number>;
  outcome: string | null;
  created_at: Generated<Date>;
  reminded_at: Date | null;
  escalated_at: Date | null;
  closed_at: Date | null;
}

interface SignalTable {
  project: string;
  snapshot: string;
  subject: string;
  recording: string;
  object: string;
  samples: number;
  rate_hz: number;
  start_us: number;
  detail: Json<Record<string, unknown>>;
  created_at: Generated<Date>;
}

interface FeatureSetTable {
  project: string;
  name: string;
  version: number;
  names: string[];
  definition: Json<Record<string, unknown>>;
  created_at: Generated<Date>;
}

interface FeatureRowTable {
  project: string;
  feature_set: string;
  version: number;
  subject: string;
  event_at: Date;
  created_at: Date;
  values: (number | null)[];
  source: string;
}

interface NightTable {
  id: string;
  project: string;
  cause: NightCause;
  due_at: Date;
  asked_by: string;
  state: NightState;
  reason: string | null;
  run: string | null;
  detail: ColumnType<Record<string, unknown>, string | undefined, string>;
  gain: ColumnType<LabelGain | null, string | null | undefined, string | null>;
  asked_at: Generated<Date>;
  started_at: Date | null;
  ended_at: Date | null;
}
