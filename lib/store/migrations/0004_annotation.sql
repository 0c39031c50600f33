-- Projection of the journal: people of whom nothing is taken in any more.
create table erased_subject (
  -- Project and biometric id.
  id text primary key,
  project text not null,
  biometric_id text not null,
  erased_at timestamptz not null,
  journal_id bigint not null,
  unique (project, biometric_id)
);

-- Projection of the journal: signed facts, never changed. A later label of the same person on the same stretch names the
-- one it supersedes; one that is taken back is superseded by a label without a class.
create table label (
  id uuid primary key,
  project text not null,
  subject text not null,
  recording text not null,
  -- [from, to) in samples of the recording's clock at this rate.
  from_sample bigint not null check (from_sample >= 0),
  to_sample bigint not null check (to_sample > from_sample),
  rate_hz double precision not null check (rate_hz > 0),
  class text,
  -- On whose word: see `lib/domain/labels/policy.ts`.
  authority text not null check (authority in ('adjudicated', 'expert', 'annotator', 'user')),
  signed_by text not null,
  task uuid,
  supersedes uuid,
  -- Time between seeing the sample and saving its label.
  seconds double precision,
  at timestamptz not null,
  journal_id bigint not null
);
create index label_by_recording on label (project, recording, subject, from_sample);
create index label_by_time on label (project, at desc, id);
create index label_by_journal on label (project, journal_id);
create index label_by_task on label (task) where task is not null;
create index label_superseded on label (supersedes) where supersedes is not null;

-- What annotators are asked. The rows are the queue.
create table task (
  id uuid primary key,
  project text not null,
  reason text not null check (reason in ('uncertain', 'contradicted', 'disagreement', 'confusion', 'random', 'gold')),
  subject text not null,
  recording text not null,
  from_sample bigint not null,
  to_sample bigint not null check (to_sample > from_sample),
  rate_hz double precision not null,
  start_us bigint not null,
  -- The prediction it was made of.
  model text not null references model (id),
  snapshot text not null,
  predicted text not null,
  confidence real not null,
  -- What contradicts the prediction, where something does.
  claimed text,
  -- The known answer of a gold sample; told to nobody who has not answered.
  gold text,
  -- Place in the queue, ascending.
  rank double precision not null,
  state text not null default 'open' check (state in ('open', 'adjudicate', 'done', 'withdrawn')),
  -- Independent answers wanted, and those there are.
  wanted int not null default 1 check (wanted between 1 and 9),
  answers int not null default 0,
  -- Counts changes; whoever answers an older version than the present one is told so.
  version int not null default 0,
  outcome text,
  created_at timestamptz not null default now(),
  reminded_at timestamptz,
  escalated_at timestamptz,
  closed_at timestamptz
);
-- A window is asked about once at a time.
create unique index task_once on task (project, recording, subject, from_sample, to_sample) where state in ('open', 'adjudicate');
create index task_queue on task (project, rank, id) where state = 'open';
create index task_by_state on task (project, state, created_at desc, id);

-- Who has a task in hand, until when; and who passed it on.
create table lease (
  task uuid not null references task (id),
  account text not null,
  taken_at timestamptz not null default now(),
  until timestamptz not null,
  primary key (task, account)
);
create index lease_by_end on lease (until);
create index lease_by_account on lease (account, until);
create table task_pass (
  task uuid not null references task (id),
  account text not null,
  why text not null default '',
  at timestamptz not null default now(),
  primary key (task, account)
);

-- One recording as the viewer reads it: samples and their extremes, made on demand.
create table signal (
  project text not null,
  snapshot text not null,
  subject text not null,
  recording text not null,
  object text not null references object (key),
  samples bigint not null,
  rate_hz double precision not null,
  start_us bigint not null,
  detail jsonb not null,
  created_at timestamptz not null default now(),
  primary key (project, subject, recording, snapshot)
);

-- The feature store. A row holds all values of a set for one subject at one moment.
create table feature_set (
  project text not null,
  name text not null,
  version int not null,
  -- Names of the values, in their order.
  names text[] not null,
  definition jsonb not null,
  created_at timestamptz not null default now(),
  primary key (project, name, version)
);
create table feature_row (
  project text not null,
  feature_set text not null,
  version int not null,
  subject text not null,
  -- When it was so, and when it became known here; whole milliseconds.
  event_at timestamptz not null,
  created_at timestamptz not null,
  -- An element is null where nothing was measured.
  "values" double precision[] not null,
  source text not null,
  -- A read asks one version for the newest row of a subject.
  primary key (project, feature_set, version, subject, event_at, created_at)
);

-- Projection of the journal: when a project's nights are.
create table schedule (
  project text primary key,
  cron text not null,
  timezone text not null,
  overlap text not null check (overlap in ('skip', 'buffer')),
  catchup_minutes int not null,
  jitter_seconds int not null,
  paused boolean not null,
  why text not null,
  set_by text not null,
  set_at timestamptz not null,
  journal_id bigint not null
);
-- What Temporal was told last; a schedule whose newest decision is not here yet is brought there by any worker.
create table schedule_told (project text primary key, journal_id bigint not null, told_at timestamptz not null default now());

-- One retraining, or the reason why there was none.
create table night (
  id text primary key,
  project text not null,
  cause text not null check (cause in ('clock', 'labels', 'request', 'backfill')),
  due_at timestamptz not null,
  asked_by text not null,
  state text not null check (state in ('asked', 'running', 'skipped', 'done', 'failed', 'cancelled')),
  -- One sentence for people.
  reason text,
  run text,
  -- Files taken in before it, labels since the last one, promoted or not.
  detail jsonb not null default '{}',
  -- What the last labels bought, beside equally many taken at random.
  gain jsonb,
  asked_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz
);
create index night_by_project on night (project, due_at desc, id);
create index night_asked on night (asked_at) where state = 'asked';
-- Never two at once in a project, and so never two trainings of one slot.
create unique index night_alone on night (project) where state = 'running';

-- Labels that a snapshot was made with, as an object; null for none.
alter table snapshot add column labels text references object (key);
