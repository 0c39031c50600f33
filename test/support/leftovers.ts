import { afterAll, afterEach } from "vitest";

const removals: (() => Promise<unknown>)[] = [];
const closings: (() => PromiseLike<unknown>)[] = [];

/** Runs after the file's last test, the newest first, whether or not a test failed. */
export function closeAfterwards(close: () => PromiseLike<unknown>): void {
  closings.unshift(close);
}

/** As `closeAfterwards`, but what a failed file leaves behind is kept to be looked at. */
export function removeAfterwards(remove: () => Promise<unknown>): void {
  removals.unshift(remove);
}

// Registered while the test file is loaded, so that what is asked for within a hook or a test is looked after, too.
let failed = false;
afterEach(({ task }) => {
  failed ||= task.result?.state === "fail";
});
afterAll(async () => {
  for (const close of closings.splice(0)) await close();
  if (!failed) for (const remove of removals.splice(0)) await remove();
});
