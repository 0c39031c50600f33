import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Folders whose files start services, browsers and trainings of their own, and wait for them. */
const LONG = /\/test\/(faults|stack|workflows|cli|ui)\//;

/**
 * Files that take long come first: one that is begun last is waited for by all. Vitest remembers how long each took, but
 * a fresh clone has no memory, and size says little.
 */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
