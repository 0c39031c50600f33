import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/**
 * What TensorFlow says before its log is set up, on information and warnings, in spite of TF_CPP_MIN_LOG_LEVEL: the
 * announcement that it is not set up, and lines such as `I0000 00:00:1795278323.58 5616 pass.cc:401] ...`.
 */
const CHATTER = /^(WARNING: All log messages before absl::InitializeLog\(\) is called|[IW]\d{4} \d\d:\d\d:\d[\d.]* +\d+ \S+:\d+\] )/;

/** Passes on what a job writes to standard error, whole lines at a time, but for TensorFlow's small talk. */
export function passErrors(from: Readable, to: Writable): void {
  createInterface({ input: from, crlfDelay: Infinity }).on("line", (line) => {
    if (!CHATTER.test(line)) to.write(`${line}\n`);
  });
}
