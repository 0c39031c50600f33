import { SensorloopError, type ErrorReport } from "../domain/errors.ts";
import { JOBS, type Job, type JobName, type JobProgress } from "./job.ts";

/** The messages between a pool and its children. */
export type ToChild = { readonly job: JobName; readonly input: unknown; readonly folder: string };
export type FromChild =
  | { readonly kind: "progress"; readonly progress: JobProgress }
  | { readonly kind: "done"; readonly output: unknown }
  | { readonly kind: "failed"; readonly error: ErrorReport; readonly stack: string };

// A child never outlives its parent: a killed worker must not leave a training behind that nobody waits for.
process.on("disconnect", () => process.exit(0));
process.on("message", (message: ToChild) => void work(message));

const REPORT_MS = 200;

async function work({ job, input, folder }: ToChild): Promise<void> {
  const send = (message: FromChild) => process.send?.(message);
  let reported = 0;
  try {
    const module = (await JOBS[job]()) as { run: Job<unknown, unknown> };
    const output = await module.run(input, {
      folder,
      progress(progress) {
        const now = Date.now();
        // A saved checkpoint must not be missed; of everything else the next report says the same and more.
        if (now - reported < REPORT_MS && progress.detail?.["checkpoint"] === undefined) return;
        reported = now;
        send({ kind: "progress", progress });
      },
    });
    send({ kind: "done", output });
  } catch (error) {
    send({ kind: "failed", error: toReport(error), stack: error instanceof Error ? (error.stack ?? "") : "" });
  }
}

function toReport(error: unknown): ErrorReport {
  if (error instanceof SensorloopError) return error.report();
  if ((error as NodeJS.ErrnoException)?.code === "ENOSPC") {
    return new SensorloopError("STORAGE_FULL", "the scratch volume is full").report();
  }
  return new SensorloopError("INTERNAL", error instanceof Error ? error.message : String(error)).report();
}
