import type { ColumnType, Generated, JSONColumnType } from "kysely";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { TokenScope } from "../domain/api/access.ts";
import type { ErrorReport } from "../domain/errors.ts";
import type { Metrics } from "../domain/metrics-schema.ts";
import type { ModelGenome } from "../domain/artifact.ts";
import type { Spec } from "../domain/spec.ts";
import type { RunState, StageState, Verdict } from "../domain/stages.ts";
import type { AnnotationTables } from "./annotation-tables.ts";
import { PreparingClient } from "./preparing-client.ts";

/** The tables, as in `migrations/`; a test compares the two. */
export interface Database extends AnnotationTables {
  journal: JournalTable;
  project: ProjectTable;
  champion: ChampionTable;
  account: AccountTable;
  token: TokenTable;
  account_secret: { account: string; hash: string; changed_at: Generated<Date> };
  token_secret: { token: string; sha256: Buffer };
  session: { sid_sha256: Buffer; account: string; data: Json<Record<string, unknown>>; expires_at: Date };
  spec: { project: string; version: number; sha256: string; text: string; body: Json<Spec> };
  object: { key: string; project: string; kind: string; sha256: string; bytes: number; created_at: Generated<Date> };
  fence: { scope: string; token: number };
  subject: { project: string; biometric_id: string; external_id: string; created_at: Generated<Date> };
  upload: UploadTable;
  file: FileTable;
  run: RunTable;
  run_file: { run: string; file: string; chunk: number | null };
  stage: StageTable;
  run_log: { id: Generated<number>; run: string; at: Generated<Date>; level: string; stage: string | null; message: string };
  stage_result: { project: string; stage: string; input_sha256: string; run: string; result: Json<unknown>; created_at: Generated<Date> };
  cleaning: CleaningTable;
  quarantine: { cleaning: string; line: number; rule: string; column: string | null; reason: string; raw: string };
  snapshot: SnapshotTable;
  window_set: WindowSetTable;
  window_shard: { window_set: string; shard: number; windows: number; object: string; detail: Json<Record<string, unknown>> };
  model: ModelTable;
  evaluation: EvaluationTable;
  prediction: PredictionTable;
  profile: ProfileTable;
  clustering: ClusteringTable;
  cohort_member: { clustering: string; subject: string; cohort: string };
  description: DescriptionTable;
  synthesis: SynthesisTable;
  run_slot: RunSlotTable;
  run_trial: { run: string; slot: string; model: string; generation: number };
}

/** jsonb: read as its type, written as a JSON string. */
type Json<T> = ColumnType<T, string, string>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
type JsonWithDefault<T> = ColumnType<T, string | undefined, string>;

interface JournalTable {
  id: Generated<number>;
  at: Generated<Date>;
  actor: string;
  project: string | null;
  kind: string;
  subject: string | null;
  payload: JSONColumnType<Record<string, unknown>>;
}

interface ProjectTable {
  id: string;
  title: string;
  spec_version: number;
  spec_sha256: string;
  applied_by: string;
  applied_at: Date;
}

interface ChampionTable {
  project: string;
  slot: string;
  model: string;
  since: Date;
  journal_id: number;
}

interface AccountTable {
  id: string;
  role: "engineer" | "scheduler" | "annotator" | "viewer";
  projects: string[] | null;
  created_at: Date;
  revoked_at: Date | null;
}

interface TokenTable {
  id: string;
  account: string;
  name: string;
  scope: TokenScope;
  project: string | null;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
}

interface UploadTable {
  id: string;
  project: string;
  name: string;
  object: string;
  source: string | null;
  created_by: string;
  created_at: Generated<Date>;
}

interface FileTable {
  id: string;
  project: string;
  name: string;
  upload: string;
  staging: string;
  state: "staged" | "duplicate" | "refused";
  duplicate_of: string | null;
  sha256: string | null;
  bytes: number;
  object: string | null;
  scan: JsonWithDefault<Record<string, unknown>>;
  error: NullableJson<ErrorReport>;
  created_at: Generated<Date>;
}

interface RunTable {
  id: string;
  project: string;
  spec_version: number;
  seed: number;
  state: RunState;
  params: JsonWithDefault<Record<string, unknown>>;
  requested_by: string;
  requested_at: Generated<Date>;
  started_at: Date | null;
  ended_at: Date | null;
  snapshot: string | null;
  candidate: string | null;
  champion: string | null;
  decision: NullableJson<Verdict>;
  metrics: NullableJson<Metrics>;
  error: NullableJson<ErrorReport>;
  started_workflow: Generated<boolean>;
}

interface StageTable {
  run: string;
  name: string;
  state: StageState;
  attempt: Generated<number>;
  started_at: Date | null;
  ended_at: Date | null;
  rows_in: number | null;
  rows_out: number | null;
  rows_quarantined: number | null;
  rows_duplicate: number | null;
  progress: NullableJson<Record<string, unknown>>;
  reused_from: string | null;
  reason: string | null;
  detail: JsonWithDefault<Record<string, unknown>>;
  error: NullableJson<ErrorReport>;
}

interface CleaningTable {
  id: string;
  project: string;
  file: string;
  input_sha256: string;
  state: "clean" | "refused";
  rows_in: number;
  rows_ok: number;
  rows_quarantined: number;
  rows_duplicate: number;
  object: string | null;
  pieces: string | null;
  error: NullableJson<ErrorReport>;
  detail: JsonWithDefault<Record<string, unknown>>;
  created_at: Generated<Date>;
}

interface SnapshotTable {
  id: string;
  project: string;
  manifest: string;
  recordings: number;
  subjects: number;
  rows: number;
  splits: Json<Record<string, number>>;
  holdout_sha256: string;
  leaking: boolean;
  /** Key of the labels it was made with; null for none. */
  labels: string | null;
  created_at: Generated<Date>;
}

interface WindowSetTable {
  id: string;
  project: string;
  snapshot: string;
  input_sha256: string;
  windows: number;
  detail: Json<Record<string, unknown>>;
  created_at: Generated<Date>;
}

interface ModelTable {
  id: string;
  project: string;
  slot: string;
  run: string;
  snapshot: string;
  window_set: string;
  family: string;
  genome: Json<ModelGenome>;
  state: "training" | "trained" | "failed";
  fitted_on: "train" | "train+validation";
  epoch: Generated<number>;
  checkpoint: string | null;
  artifact: string | null;
  weights: string | null;
  training: NullableJson<Record<string, unknown>>;
  validation: NullableJson<Metrics>;
  curve: JsonWithDefault<Record<string, number>[]>;
  error: NullableJson<ErrorReport>;
  created_at: Generated<Date>;
  origin: ColumnType<ModelOrigin, ModelOrigin | undefined, ModelOrigin>;
  generation: Generated<number>;
  /** Trials of the same slot. */
  parents: Generated<string[]>;
  mutation: string | null;
  clustering: string | null;
}

export type ModelOrigin = "spec" | "memory" | "mutant" | "refit" | "ensemble" | "import";

interface ProfileTable {
  project: string;
  biometric_id: string;
  age: number | null;
  sex: "female" | "male" | "other" | null;
  level: "beginner" | "intermediate" | "enthusiast" | "athlete" | null;
  weight_kg: number | null;
  height_cm: number | null;
  /** By field: when it was said, ISO 8601. */
  stated: JsonWithDefault<Record<string, string>>;
  updated_at: Generated<Date>;
}

interface ClusteringTable {
  id: string;
  project: string;
  snapshot: string;
  input_sha256: string;
  model: Json<Record<string, unknown>>;
  detail: JsonWithDefault<Record<string, unknown>>;
  created_at: Generated<Date>;
}

interface DescriptionTable {
  project: string;
  snapshot: string;
  input_sha256: string;
  object: string;
  detail: JsonWithDefault<Record<string, unknown>>;
  created_at: Generated<Date>;
}

interface SynthesisTable {
  id: string;
  project: string;
  snapshot: string;
  input_sha256: string;
  object: string | null;
  report: Json<Record<string, unknown>>;
  decision: Json<Record<string, unknown>>;
  created_at: Generated<Date>;
}

interface RunSlotTable {
  run: string;
  slot: string;
  cohort: string;
  sensors: string[];
  state: "waiting" | "evolving" | "deciding" | "done" | "skipped" | "failed";
  generation: Generated<number>;
  candidate: string | null;
  champion: string | null;
  decision: NullableJson<Verdict>;
  reason: string | null;
}

interface EvaluationTable {
  model: string;
  snapshot: string;
  split: string;
  holdout_sha256: string;
  metrics: Json<Metrics>;
  outcomes: string | null;
  latency_us: number | null;
  bytes: number | null;
  created_at: Generated<Date>;
}

interface PredictionTable {
  project: string;
  model: string;
  snapshot: string;
  subject: string;
  recording: string;
  window_from: number;
  window_to: number;
  start_us: number;
  split: string;
  actual: string | null;
  predicted: string;
  confidence: number;
  run: string;
  created_at: Generated<Date>;
}

// Counts and line numbers stay far below 2^53, so bigint columns are read as numbers.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/**
 * A bounded pool: `connections` at most, a wait of at most 10 s for one of them, and no statement over `statementMs`,
 * so that a slow or hogged Postgres shows as an error instead of a hang (F06).
 */
export function openDatabase(url: string, options: { connections?: number; statementMs?: number } = {}): Kysely<Database> {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: url,
    max: options.connections ?? 10,
    connectionTimeoutMillis: 10_000,
    statement_timeout: options.statementMs ?? 60_000,
    idle_in_transaction_session_timeout: 60_000,
    application_name: "sensorloop",
  });
  // A connection that Postgres closes, idle or in use, fails what is under way on it and is replaced; without listeners
  // of ours the event would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}
