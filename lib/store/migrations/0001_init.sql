-- The journal: everything that was decided, by whom, when and why. Append-only.
create table journal (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  project text,
  kind text not null,
  subject text,
  payload jsonb not null default '{}'
);
create index journal_by_project on journal (project, id desc);
create index journal_by_kind on journal (kind, id desc);
create index journal_by_subject on journal (subject, id desc);
create function refuse_change() returns trigger language plpgsql as $$ begin raise exception 'the journal is append-only'; end $$;
create trigger journal_is_append_only before update or delete or truncate on journal for each statement execute function refuse_change();

-- Projections of the journal: `sensorloop journal rebuild` recomputes them and must find no difference.
create table project (
  id text primary key,
  title text not null,
  spec_version int not null,
  spec_sha256 text not null,
  applied_by text not null,
  applied_at timestamptz not null
);
create table champion (
  project text not null,
  slot text not null,
  model text not null,
  since timestamptz not null,
  journal_id bigint not null,
  primary key (project, slot)
);
create table account (
  id text primary key,
  role text not null check (role in ('engineer', 'scheduler', 'annotator', 'viewer')),
  projects text[],
  created_at timestamptz not null,
  revoked_at timestamptz
);
create table token (
  id text primary key,
  account text not null,
  name text not null,
  -- What it can do: everything its account may, or one thing; and in which project, null for all of the account's.
  scope text not null,
  project text,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz
);
create index token_by_account on token (account);

-- Secrets stand apart from the journal and from every projection: only their hashes, and never in an event.
create table account_secret (account text primary key, hash text not null, changed_at timestamptz not null default now());
create table token_secret (token text primary key, sha256 bytea not null unique);
create table session (
  sid_sha256 bytea primary key,
  account text not null,
  data jsonb not null,
  expires_at timestamptz not null
);

create table spec (
  project text not null,
  version int not null,
  sha256 text not null,
  text text not null,
  body jsonb not null,
  primary key (project, version)
);

-- A row makes an object exist.
create table object (
  key text primary key,
  project text not null,
  kind text not null,
  sha256 text not null,
  bytes bigint not null,
  created_at timestamptz not null default now()
);
create index object_by_hash on object (project, sha256);

-- Late attempts are refused: a publish must hold the newest token of its scope.
create table fence (scope text primary key, token int not null);

create table subject (
  project text not null,
  biometric_id text not null,
  external_id text not null,
  created_at timestamptz not null default now(),
  primary key (project, external_id),
  unique (project, biometric_id)
);

create table upload (
  id uuid primary key,
  project text not null,
  name text not null,
  object text not null references object (key),
  source text,
  created_by text not null,
  created_at timestamptz not null default now()
);
create index upload_by_project on upload (project, created_at desc);

create table file (
  id uuid primary key,
  project text not null,
  name text not null,
  upload uuid not null references upload (id),
  -- Hash of the part of the spec that staging reads: another part may open other files of an archive, or open them otherwise.
  staging text not null,
  state text not null check (state in ('staged', 'duplicate', 'refused')),
  duplicate_of uuid references file (id),
  sha256 text,
  bytes bigint not null default 0,
  object text references object (key),
  -- What staging saw: lines, header, first data line, blank lines, newline style, encoding.
  scan jsonb not null default '{}',
  error jsonb,
  created_at timestamptz not null default now()
);
-- The same content of a project is taken in once; a second name becomes a duplicate of it.
create unique index file_by_content on file (project, sha256) where state = 'staged';
create index file_by_project on file (project, created_at desc);
create index file_by_upload on file (upload, staging);

create table run (
  id text primary key,
  project text not null,
  spec_version int not null,
  seed int not null,
  state text not null,
  params jsonb not null default '{}',
  requested_by text not null,
  requested_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  snapshot text,
  candidate text,
  champion text,
  decision jsonb,
  metrics jsonb,
  error jsonb,
  -- Set when Temporal has accepted the start; until then the outbox starts it.
  started_workflow boolean not null default false
);
create index run_by_project on run (project, requested_at desc, id);
create index run_by_time on run (requested_at desc, id);
create index run_to_start on run (requested_at) where not started_workflow;

create table run_file (
  run text not null references run (id),
  file uuid not null references file (id),
  chunk int,
  primary key (run, file)
);

create table stage (
  run text not null references run (id),
  name text not null,
  state text not null,
  attempt int not null default 1,
  started_at timestamptz,
  ended_at timestamptz,
  rows_in bigint,
  rows_out bigint,
  rows_quarantined bigint,
  rows_duplicate bigint,
  progress jsonb,
  reused_from text,
  reason text,
  detail jsonb not null default '{}',
  error jsonb,
  primary key (run, name)
);

create table run_log (
  id bigint generated always as identity primary key,
  run text not null,
  at timestamptz not null default clock_timestamp(),
  level text not null,
  stage text,
  message text not null
);
create index run_log_by_run on run_log (run, id);

-- A stage is a function of hashes; the same input is not computed twice.
create table stage_result (
  project text not null,
  stage text not null,
  input_sha256 text not null,
  run text not null,
  result jsonb not null,
  created_at timestamptz not null default now(),
  primary key (project, stage, input_sha256)
);

create table cleaning (
  id uuid primary key,
  project text not null,
  file uuid not null references file (id),
  -- Hash of everything the result depends on: content, the part of the spec that cleaning reads, code version.
  input_sha256 text not null,
  state text not null check (state in ('clean', 'refused')),
  rows_in bigint not null,
  rows_ok bigint not null,
  rows_quarantined bigint not null,
  rows_duplicate bigint not null,
  object text references object (key),
  error jsonb,
  detail jsonb not null default '{}',
  created_at timestamptz not null default now(),
  unique (file, input_sha256),
  check (rows_in = rows_ok + rows_quarantined + rows_duplicate)
);
create index cleaning_by_project on cleaning (project, created_at desc);

create table quarantine (
  cleaning uuid not null references cleaning (id),
  line bigint not null,
  rule text not null,
  "column" text,
  reason text not null,
  raw text not null
);
create index quarantine_by_cleaning on quarantine (cleaning, line);

create table snapshot (
  id text primary key,
  project text not null,
  manifest text not null references object (key),
  recordings bigint not null,
  subjects bigint not null,
  rows bigint not null,
  splits jsonb not null,
  -- Hash of the holdout's recordings: two models are compared only on the same one.
  holdout_sha256 text not null,
  leaking boolean not null default false,
  created_at timestamptz not null default now()
);
create index snapshot_by_project on snapshot (project, created_at desc);

create table window_set (
  id uuid primary key,
  project text not null,
  snapshot text not null references snapshot (id),
  input_sha256 text not null,
  windows bigint not null,
  detail jsonb not null,
  created_at timestamptz not null default now(),
  unique (project, snapshot, input_sha256)
);
create table window_shard (
  window_set uuid not null,
  shard int not null,
  windows bigint not null,
  object text not null references object (key),
  detail jsonb not null,
  primary key (window_set, shard)
);

create table model (
  id text primary key,
  project text not null,
  slot text not null,
  run text not null,
  snapshot text not null,
  window_set uuid not null,
  family text not null,
  genome jsonb not null,
  state text not null check (state in ('training', 'trained', 'failed')),
  -- Rows it may learn from: the training split alone, or with validation once the choice is made.
  fitted_on text not null check (fitted_on in ('train', 'train+validation')),
  epoch int not null default 0,
  checkpoint text references object (key),
  artifact text references object (key),
  weights text references object (key),
  training jsonb,
  validation jsonb,
  curve jsonb not null default '[]',
  error jsonb,
  created_at timestamptz not null default now()
);
create index model_by_project on model (project, created_at desc);
create index model_by_run on model (run);

create table evaluation (
  model text not null references model (id),
  snapshot text not null references snapshot (id),
  split text not null,
  holdout_sha256 text not null,
  metrics jsonb not null,
  -- Right or wrong per subject and window, for paired comparison: a small object, not rows.
  outcomes text references object (key),
  latency_us double precision,
  bytes bigint,
  created_at timestamptz not null default now(),
  primary key (model, snapshot, split)
);

create table prediction (
  project text not null,
  model text not null references model (id),
  snapshot text not null,
  subject text not null,
  recording text not null,
  window_from bigint not null,
  window_to bigint not null,
  start_us bigint not null,
  split text not null,
  actual text,
  predicted text not null,
  confidence real not null,
  run text not null,
  created_at timestamptz not null default now(),
  primary key (model, recording, subject, window_from, window_to)
);
create index prediction_by_project on prediction (project, created_at desc);
create index prediction_doubtful on prediction (project, model, confidence);
