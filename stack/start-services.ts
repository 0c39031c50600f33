import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SensorloopError } from "../lib/domain/errors.ts";
import { obtain, type Obtained } from "./obtain/program.ts";
import { findPostgres } from "./obtain/postgres.ts";
import { temporalProgram } from "./obtain/temporal.ts";
import { versitygwProgram } from "./obtain/versitygw.ts";
import { OBJECT_REGION, objectServerPlan, prepareObjectServer, type ObjectServerOptions } from "./object-server.ts";
import { ordinaryUser, reachableFolder } from "./ordinary-user.ts";
import { choosePort } from "./ports.ts";
import { postgresMajorOf, postgresPlan, postgresUrl, prepareDatabase, preparePostgres } from "./postgres.ts";
import type { Report } from "./service.ts";
import { newSecret, type PortName, type StateFile } from "./state.ts";
import { supervise, type Supervised, type SuperviseOptions } from "./supervise.ts";
import { NAMESPACE, prepareTemporal, temporalPlan } from "./temporal.ts";
import { exists } from "./exists.ts";

export interface StartContext {
  readonly file: StateFile;
  readonly cacheDir: string;
  readonly report: Report;
  readonly onChange?: SuperviseOptions["onChange"];
  readonly signal?: AbortSignal;
  /** Postgres programs named by the user. */
  readonly postgresBin?: string;
  /** For tests: no fsync, no pages of Temporal. */
  readonly throwaway?: boolean;
}

/** Each of these obtains its program, prepares its data, starts it, and writes its address and keys into the state. */
export async function startPostgres(context: StartContext): Promise<Supervised> {
  const { file, throwaway = false } = context;
  const owner = ordinaryUser();
  const reachable = await reachableFolder(file.dataDir, file.state.settings["SENSORLOOP_PEPPER"] ?? "", owner);
  const folder = join(reachable, "postgres");
  const programs = await findPostgres({ configured: context.postgresBin, major: await postgresMajorOf(folder), owner, reachable });
  const before = file.state.settings["SENSORLOOP_DATABASE_URL"];
  const password = before ? new URL(before).password : newSecret(24);
  const port = await portOf(file, "postgres");
  const options = { programs: programs.folder, folder, port, password, owner, durable: !throwaway };
  // Before the data exist: whoever finds data must find their password.
  await file.update({ settings: { SENSORLOOP_DATABASE_URL: postgresUrl(options) } });
  context.report(`starting Postgres ${programs.version}`);
  await preparePostgres(options);
  const service = await supervise(postgresPlan(options), { folder: file.dataDir, onChange: context.onChange, signal: context.signal });
  await prepareDatabase(options);
  await remember(file, "postgres", { program: programs.folder, version: programs.version, origin: programs.origin, folder });
  return service;
}

export async function startObjectServer(context: StartContext): Promise<Supervised> {
  const { file } = context;
  const program = await obtain(versitygwProgram(), context);
  const folder = join(file.dataDir, "objects");
  const options: ObjectServerOptions = {
    program: program.path,
    folder,
    port: await portOf(file, "objects"),
    accessKeyId: file.state.settings["SENSORLOOP_S3_ACCESS_KEY_ID"] ?? newSecret(10),
    secretAccessKey: file.state.settings["SENSORLOOP_S3_SECRET_ACCESS_KEY"] ?? newSecret(),
  };
  await file.update({
    settings: {
      SENSORLOOP_S3_ENDPOINT: `http://127.0.0.1:${options.port}`,
      SENSORLOOP_S3_REGION: OBJECT_REGION,
      SENSORLOOP_S3_ACCESS_KEY_ID: options.accessKeyId,
      SENSORLOOP_S3_SECRET_ACCESS_KEY: options.secretAccessKey,
      SENSORLOOP_S3_FORCE_PATH_STYLE: "true",
    },
  });
  context.report(`starting the object store, versitygw ${program.version}`);
  const service = await superviseObjectServer(options, { folder: file.dataDir, onChange: context.onChange, signal: context.signal });
  await rememberProgram(file, "objects", program, folder);
  return service;
}

export async function startTemporal(context: StartContext): Promise<Supervised> {
  const { file, throwaway = false } = context;
  const program = await obtain(temporalProgram(), context);
  const folder = join(file.dataDir, "temporal");
  const port = await portOf(file, "temporal");
  const httpPort = await portOf(file, "temporalHttp");
  const uiPort = throwaway ? undefined : await portOf(file, "temporalUi");
  await file.update({
    settings: {
      SENSORLOOP_TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
      SENSORLOOP_TEMPORAL_NAMESPACE: NAMESPACE,
      ...(uiPort === undefined ? {} : { SENSORLOOP_TEMPORAL_UI_URL: `http://127.0.0.1:${uiPort}` }),
    },
  });
  context.report(`starting Temporal ${program.version}`);
  const options = { program: program.path, file: join(folder, "temporal.db"), port, httpPort, uiPort };
  await prepareTemporal(options);
  const service = await supervise(temporalPlan(options), { folder: file.dataDir, onChange: context.onChange, signal: context.signal });
  await rememberProgram(file, "temporal", program, folder);
  return service;
}

/**
 * Metadata go into extended attributes, a third faster than beside the data (2.5 against 3.8 ms a put of 5 KB); where
 * the file system keeps none, beside them, from the first start on.
 */
async function superviseObjectServer(options: ObjectServerOptions, how: SuperviseOptions): Promise<Supervised> {
  const metadata = join(options.folder, "metadata");
  const first = !(await exists(join(options.folder, "data")));
  await prepareObjectServer(options);
  const beside = await exists(metadata);
  try {
    return await supervise(objectServerPlan({ ...options, ...(beside ? { metadata } : {}) }), how);
  } catch (error) {
    if (!first || !(error instanceof SensorloopError) || !error.message.includes("xattrs are not supported")) throw error;
    await mkdir(metadata, { mode: 0o700 });
    return supervise(objectServerPlan({ ...options, metadata }), how);
  }
}

async function portOf(file: StateFile, name: PortName): Promise<number> {
  const port = await choosePort(file.state.ports[name]);
  await file.update({ ports: { ...file.state.ports, [name]: port } });
  return port;
}

function rememberProgram(file: StateFile, name: string, { path, version, origin }: Obtained, folder: string): Promise<void> {
  return remember(file, name, { program: path, version, origin, folder });
}

function remember(file: StateFile, name: string, service: StateFile["state"]["services"][string]): Promise<void> {
  return file.update({ services: { ...file.state.services, [name]: service } });
}
