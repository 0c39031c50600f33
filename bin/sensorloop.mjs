#!/usr/bin/env node
import { keepCompiledCode, prepare } from "./prepare.mjs";

await prepare({ development: false });
keepCompiledCode();
await import("../cli/main.ts");
