import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";
import { LongFirst } from "./test/support/long-first.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Temporal's native core misbehaves in worker threads.
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["default", new ClosingLine()],
    // Real services on a busy machine: a start of a worker alone takes seconds.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
