import { config } from "zod";

// zod compiles its parsers with `new Function` where it may; the content security policy forbids it, and even the probe
// is reported as a violation. Imported before anything that parses.
config({ jitless: true });
