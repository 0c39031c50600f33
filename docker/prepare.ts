import { loadConfig } from "../lib/config.ts";
import { migrate } from "../lib/store/migrate.ts";
import { ObjectStore } from "../lib/store/objects.ts";

/** Brings the database to this version's tables and makes the bucket: the job that runs before api and worker. */
const config = loadConfig();
const applied = await migrate(config.database.url);
console.error(applied.length === 0 ? "tables are up to date" : `migrations applied: ${applied.join(", ")}`);
await using objects = new ObjectStore({ ...config.s3, scratchDir: config.scratchDir });
await objects.prepare();
console.error(`bucket ${config.s3.bucket} is there`);
