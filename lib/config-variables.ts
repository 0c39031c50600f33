import { z } from "zod";

/** What the reader of a complaint needs to know about a variable. */
export interface VariableHint {
  readonly rule: string;
  readonly example: string;
}

function variable<Schema extends z.ZodType>(schema: Schema, rule: string, example: string) {
  return schema.optional().meta({ rule, example } satisfies VariableHint);
}

/** Values that stand in guides and compose files everywhere: whoever runs with one has no secret. */
const SAMPLES = new Set(["changeme", "change-me", "example", "minio", "minioadmin", "password", "postgres", "root", "secret", "test"]);
const notASample = (text: string) => !SAMPLES.has(text.toLowerCase());

const folder = z.string();
const address = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/);
const webUrl = z.url({ protocol: /^https?$/ });
const smtpUrl = z.url({ protocol: /^smtps?$/ });
const postgresUrl = z.string().refine((text) => {
  const url = URL.parse(text);
  return url !== null && /^postgres(ql)?:$/.test(url.protocol) && notASample(url.password);
});
const hexKey = z.string().regex(/^[0-9a-f]{64}$/i);
const count = (from: number, to: number) => z.coerce.number().int().min(from).max(to);

/** Every variable that configures Sensorloop. Blank counts as unset; what a variable means is said by its rule. */
export const variablesSchema = z.object({
  SENSORLOOP_DATA_DIR: variable(folder, "the folder of this installation's data, ports and keys", "/srv/sensorloop"),
  SENSORLOOP_CACHE_DIR: variable(folder, "the folder of downloaded and built programs, shared by installations", "~/.cache/sensorloop"),
  SENSORLOOP_SCRATCH_DIR: variable(folder, "a folder for temporary files and cached objects", "/var/tmp/sensorloop"),
  PG_BIN: variable(folder, "the folder of Postgres' programs, for the stack of one machine", "/usr/lib/postgresql/17/bin"),
  SENSORLOOP_DATABASE_URL: variable(
    postgresUrl,
    "a Postgres URL with a password of its own",
    "postgres://app:s0me-l0ng-0ne@db.internal:5432/sensorloop",
  ),
  SENSORLOOP_S3_ENDPOINT: variable(webUrl, "an http or https URL", "https://s3.internal:9000"),
  SENSORLOOP_S3_REGION: variable(z.string(), "the region the bucket is in", "eu-central-1"),
  SENSORLOOP_S3_ACCESS_KEY_ID: variable(z.string().refine(notASample), "an access key that is no sample", "AKIA2X..."),
  SENSORLOOP_S3_SECRET_ACCESS_KEY: variable(z.string().refine(notASample), "a secret key that is no sample", "wJalrXUt..."),
  SENSORLOOP_S3_BUCKET: variable(z.string().regex(/^[a-z0-9][a-z0-9.-]{2,62}$/), "3 to 63 of a-z, 0-9, '.' and '-'", "sensorloop"),
  SENSORLOOP_S3_FORCE_PATH_STYLE: variable(z.stringbool(), "true or false; true for most servers that are not Amazon's", "true"),
  SENSORLOOP_TEMPORAL_ADDRESS: variable(address, "HOST:PORT", "temporal.internal:7233"),
  SENSORLOOP_TEMPORAL_NAMESPACE: variable(z.string(), "a namespace that exists", "default"),
  SENSORLOOP_TEMPORAL_API_KEY: variable(z.string().refine(notASample), "an API key of Temporal", "eyJhbGci..."),
  SENSORLOOP_TEMPORAL_TLS: variable(z.stringbool(), "true or false", "true"),
  SENSORLOOP_TEMPORAL_UI_URL: variable(webUrl, "an http or https URL", "http://temporal.internal:8233"),
  SENSORLOOP_WEB_HOST: variable(z.string(), "the address the web server listens on", "127.0.0.1"),
  SENSORLOOP_WEB_PORT: variable(count(1, 65535), "a port from 1 to 65535", "8080"),
  SENSORLOOP_PUBLIC_URL: variable(webUrl, "the http or https URL people open", "https://sensorloop.example.org"),
  SENSORLOOP_UI_DIR: variable(folder, "the folder of the built pages", "/app/ui"),
  SENSORLOOP_PEPPER: variable(hexKey, "64 hexadecimal digits (32 random bytes) that never change", "openssl rand -hex 32"),
  SENSORLOOP_SESSION_SECRET: variable(hexKey, "64 hexadecimal digits (32 random bytes)", "openssl rand -hex 32"),
  SENSORLOOP_JOB_PROCESSES: variable(count(1, 256), "a number of processes from 1 to 256", "4"),
  SENSORLOOP_JOB_MEMORY_MB: variable(count(128, 1_048_576), "MiB one job may use, at least 128", "1024"),
  SENSORLOOP_CHECKPOINT_SECONDS: variable(count(1, 3_600), "seconds of training a lost worker may cost, from 1 to 3600", "10"),
  SENSORLOOP_TF_BACKEND: variable(z.enum(["native", "wasm", "cpu"]), "native, wasm or cpu", "wasm"),
  SENSORLOOP_METRICS_TOKEN: variable(z.string().min(16).refine(notASample), "a secret of at least 16 characters", "openssl rand -hex 32"),
  SENSORLOOP_NIGHT_MIN_SECONDS: variable(count(1, 86_400), "seconds from 1 to 86400 that lie between two nights at least", "600"),
  SENSORLOOP_WATCH_DIRS: variable(folder, "folders in which nights may look for new files, separated by ':'", "/srv/incoming:/srv/share"),
  SENSORLOOP_WEBHOOK_SECRET: variable(
    z.string().min(16).refine(notASample),
    "a secret of 16 characters or more that signs what webhooks are sent",
    "openssl rand -hex 32",
  ),
  SENSORLOOP_SMTP_URL: variable(smtpUrl, "an smtp or smtps URL", "smtps://robot:s0me-l0ng-0ne@mail.internal"),
  SENSORLOOP_MAIL_FROM: variable(z.email(), "the address that mail comes from", "sensorloop@example.org"),
  SENSORLOOP_LOG_LEVEL: variable(
    z.enum(["trace", "debug", "info", "warn", "error", "silent"]),
    "trace, debug, info, warn, error or silent",
    "info",
  ),
});

export type Variables = z.infer<typeof variablesSchema>;
export type VariableName = keyof Variables;

export function hintOf(name: VariableName): VariableHint {
  return variablesSchema.shape[name].meta() as unknown as VariableHint;
}
