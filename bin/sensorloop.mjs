#!/usr/bin/env node
import { prepare } from "./prepare.mjs";

await prepare({ development: false });
await import("../cli/main.ts");
