import { fork, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { SensorloopError } from "../domain/errors.ts";
import type { FromChild, ToChild } from "./child.ts";
import { passErrors } from "./error-lines.ts";
import type { JobInput, JobName, JobOutput, JobProgress } from "./job.ts";

export interface ComputePoolOptions {
  /** Most jobs at once; the number of cores, since a job uses one. */
  readonly size: number;
  /** Resident memory above which a job is ended as OUT_OF_MEMORY. */
  readonly memoryMb: number;
  /** Folders of jobs are made here and removed by `dispose` of their result. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface JobResult<Output> extends AsyncDisposable {
  readonly output: Output;
  /** The job's folder, with the files its output names; gone after disposal. */
  readonly folder: string;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: JobProgress) => void;
}

/** A child that has worked this often is replaced: native libraries keep what they once allocated. */
const JOBS_PER_CHILD = 50;
const CHILD = join(import.meta.dirname, "child.ts");
/** Set before TensorFlow is loaded: one thread a child, as many children as cores (docs/decisions/training.md). */
const THREADS = {
  TF_NUM_INTEROP_THREADS: "1",
  TF_NUM_INTRAOP_THREADS: "1",
  OMP_NUM_THREADS: "1",
  TF_ENABLE_ONEDNN_OPTS: "1",
  TF_CPP_MIN_LOG_LEVEL: "2",
};

interface Worker {
  readonly child: ChildProcess;
  jobs: number;
  /** Megabytes it held when it was last looked at. */
  resident: number;
}

/** Runs jobs in child processes that can be cancelled, capped and recycled, so that computing never stalls the caller. */
export class ComputePool implements AsyncDisposable {
  readonly #options: ComputePoolOptions;
  readonly #idle: Worker[] = [];
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #closed = false;

  constructor(options: ComputePoolOptions) {
    this.#options = options;
  }

  /**
   * Runs one job; waits for a free place. The result's folder belongs to the caller (`await using`).
   * @throws SensorloopError the job's own; CANCELLED, OUT_OF_MEMORY, JOB_CRASHED
   */
  async run<Name extends JobName>(job: Name, input: JobInput<Name>, options: RunOptions = {}): Promise<JobResult<JobOutput<Name>>> {
    await this.#place(options.signal);
    const folder = join(this.#options.folder, `job-${randomUUID()}`);
    const remove = () => rm(folder, { recursive: true, force: true });
    try {
      await mkdir(folder, { recursive: true });
      const output = (await this.#execute({ job, input, folder }, options)) as JobOutput<Name>;
      return { output, folder, [Symbol.asyncDispose]: remove };
    } catch (error) {
      await remove();
      throw error;
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const { child } of this.#idle.splice(0)) child.kill("SIGKILL");
  }

  async #place(signal: AbortSignal | undefined): Promise<void> {
    while (this.#running >= this.#options.size) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
    if (signal?.aborted) {
      this.#running--;
      this.#waiting.shift()?.();
      throw cancelled();
    }
  }

  async #execute(message: ToChild, options: RunOptions): Promise<unknown> {
    const worker = this.#idle.pop() ?? this.#spawn();
    const { child } = worker;
    let error: SensorloopError | undefined;
    const kill = (reason: SensorloopError) => {
      error ??= reason;
      child.kill("SIGKILL");
    };
    const onAbort = () => kill(cancelled());
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const watch = setInterval(() => void this.#checkMemory(worker, kill), 500);
    let listeners: (() => void) | undefined;
    try {
      return await new Promise<unknown>((resolve, reject) => {
        const onMessage = (answer: FromChild) => {
          if (answer.kind === "progress") return options.onProgress?.(answer.progress);
          if (answer.kind === "done") return resolve(answer.output);
          const failure = SensorloopError.from(answer.error);
          failure.stack = answer.stack || failure.stack;
          reject(failure);
        };
        const onExit = (code: number | null, signal: string | null) => {
          reject(
            error ??
              new SensorloopError("JOB_CRASHED", `job '${message.job}' ended by itself (${signal ?? `exit ${code}`})`, {
                facts: { job: message.job, code, signal },
              }),
          );
        };
        child.on("message", onMessage);
        child.once("exit", onExit);
        listeners = () => child.off("message", onMessage).off("exit", onExit);
        child.send(message);
      });
    } finally {
      clearInterval(watch);
      options.signal?.removeEventListener("abort", onAbort);
      listeners?.();
      this.#release(worker);
    }
  }

  #spawn(): Worker {
    const child = fork(CHILD, {
      env: { ...process.env, ...THREADS, ...this.#options.env },
      stdio: ["ignore", "inherit", "pipe", "ipc"],
      serialization: "advanced",
    });
    passErrors(child.stderr!, process.stderr);
    return { child, jobs: 0, resident: 0 };
  }

  #release(worker: Worker): void {
    worker.jobs++;
    const { child } = worker;
    // What a large job leaves behind until it is collected would count against the next one.
    const full = worker.resident > this.#options.memoryMb / 2;
    if (child.exitCode !== null || child.signalCode !== null || !child.connected) return;
    if (this.#closed || full || worker.jobs >= JOBS_PER_CHILD) child.kill("SIGKILL");
    else this.#idle.push(worker);
  }

  /** Native memory is outside V8's limits, so the parent looks at what is resident. */
  async #checkMemory(worker: Worker, kill: (reason: SensorloopError) => void): Promise<void> {
    const status = await readFile(`/proc/${worker.child.pid}/status`, "utf8").catch(() => "");
    const resident = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
    worker.resident = resident;
    const { memoryMb } = this.#options;
    if (resident > memoryMb) {
      kill(
        new SensorloopError("OUT_OF_MEMORY", `a job held ${Math.round(resident)} MB, more than the ${memoryMb} MB allowed`, {
          facts: { memoryMb },
        }),
      );
    }
  }
}

function cancelled(): SensorloopError {
  return new SensorloopError("CANCELLED", "the job was cancelled");
}
