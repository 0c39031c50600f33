import type { Reporter, TestModule } from "vitest/node";

/** Ends the output with one plain line, `N passed, N failed, N skipped`, after everything that is torn down. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === "passed" || state === "failed" ? state : "skipped"] += 1;
      }
      // A file that can't be loaded has no tests to fail.
      if (module.errors().length > 0) counts.failed += 1;
    }
    process.once("exit", () => console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`));
  }
}
