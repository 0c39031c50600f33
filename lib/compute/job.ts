/** What a job reports while it works; goes to the heartbeat and to the run's page. */
export interface JobProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface JobControl {
  /** Cheap; the pool throttles. */
  progress(progress: JobProgress): void;
  /** An empty folder of the job's own. Its owner in the parent moves results out and removes it. */
  readonly folder: string;
}

/** One piece of computation that runs in a child process: plain JSON in, plain JSON out, bulk data through files. */
export type Job<Input, Output> = (input: Input, control: JobControl) => Promise<Output>;

/** The jobs a child can run, by name. A job's module exports `run`. */
export const JOBS = {
  "stage-upload": () => import("../ingest/stage-job.ts"),
  "clean-files": () => import("../ingest/clean-job.ts"),
  "list-recordings": () => import("../store/recordings-job.ts"),
  "window-shard": () => import("../store/window-job.ts"),
  "cluster-subjects": () => import("../store/cluster-job.ts"),
  "describe-snapshot": () => import("../store/describe-job.ts"),
  "synthesise-recordings": () => import("../ml/synthesise-job.ts"),
  "train-model": () => import("../ml/train-job.ts"),
  "combine-models": () => import("../ml/combine-job.ts"),
  "label-gain": () => import("../ml/gain-job.ts"),
  "find-recording": () => import("../store/find-recording-job.ts"),
  signal: () => import("../store/signal-job.ts"),
  "sum-up-windows": () => import("../store/feature-job.ts"),
  "choose-tasks": () => import("../ml/choose-tasks-job.ts"),
  "score-model": () => import("../ml/score-job.ts"),
} as const;
export type JobName = keyof typeof JOBS;
export type JobModule<Name extends JobName> = Awaited<ReturnType<(typeof JOBS)[Name]>>;
export type JobInput<Name extends JobName> = Parameters<JobModule<Name>["run"]>[0];
export type JobOutput<Name extends JobName> = Awaited<ReturnType<JobModule<Name>["run"]>>;
