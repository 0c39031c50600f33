-- What is known of a person beside their signals; every field may be missing.
create table profile (
  project text not null,
  biometric_id text not null,
  age int check (age between 0 and 130),
  sex text check (sex in ('female', 'male', 'other')),
  level text check (level in ('beginner', 'intermediate', 'enthusiast', 'athlete')),
  weight_kg real,
  height_cm real,
  -- Field to the time at which it was said, by a file or by hand: the newest word counts, in whichever order they come.
  stated jsonb not null default '{}',
  updated_at timestamptz not null default now(),
  primary key (project, biometric_id)
);

-- Cohorts of a snapshot's subjects. `model` is what assigns a new subject without clustering again.
create table clustering (
  id text primary key,
  project text not null,
  snapshot text not null references snapshot (id),
  input_sha256 text not null,
  model jsonb not null,
  detail jsonb not null default '{}',
  created_at timestamptz not null default now(),
  unique (project, snapshot, input_sha256)
);
create table cohort_member (
  clustering text not null references clustering (id),
  subject text not null,
  cohort text not null,
  primary key (clustering, subject)
);

-- Statistics of a snapshot's training rows: the document is an object; `detail` is what lists show.
create table description (
  project text not null,
  snapshot text not null references snapshot (id),
  input_sha256 text not null,
  object text not null references object (key),
  detail jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (project, snapshot, input_sha256)
);

-- Made-up recordings of a description, with the reports on how like and how private they are.
create table synthesis (
  id text primary key,
  project text not null,
  snapshot text not null references snapshot (id),
  input_sha256 text not null,
  -- Window shard of synthetic windows; null where they were not asked to join a training.
  object text references object (key),
  report jsonb not null,
  decision jsonb not null,
  created_at timestamptz not null default now(),
  unique (project, snapshot, input_sha256)
);

-- One row a slot that a run works on: cohort x sensor set.
create table run_slot (
  run text not null,
  slot text not null,
  cohort text not null,
  sensors text[] not null,
  state text not null check (state in ('waiting', 'evolving', 'deciding', 'done', 'skipped', 'failed')),
  generation int not null default 0,
  candidate text,
  champion text,
  decision jsonb,
  reason text,
  primary key (run, slot)
);

-- Lineage. Origin says where a genome came from; parents are trials of the same slot.
alter table model
  add column origin text not null default 'spec' check (origin in ('spec', 'memory', 'mutant', 'refit', 'ensemble', 'import')),
  add column generation int not null default 0,
  add column parents text[] not null default '{}',
  add column mutation text,
  add column clustering text references clustering (id);
create index model_by_slot on model (slot, created_at desc);

-- The trials of a run's search in a slot. A trial that an earlier run trained is named here again instead of trained again.
create table run_trial (
  run text not null,
  slot text not null,
  model text not null references model (id),
  generation int not null,
  primary key (run, slot, model)
);
