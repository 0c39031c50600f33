import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { answersObjects } from "./probes.ts";
import type { ServicePlan } from "./service.ts";

export interface ObjectServerOptions {
  readonly program: string;
  readonly folder: string;
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A folder for what is known about objects, where the file system keeps no extended attributes. */
  readonly metadata?: string;
}

export const OBJECT_REGION = "us-east-1";

export async function prepareObjectServer({ folder }: ObjectServerOptions): Promise<void> {
  await mkdir(join(folder, "data"), { recursive: true, mode: 0o700 });
}

export function objectServerPlan({ program, folder, port, accessKeyId, secretAccessKey, metadata }: ObjectServerOptions): ServicePlan {
  const endpoint = `127.0.0.1:${port}`;
  const listen = ["--port", endpoint, "--region", OBJECT_REGION, "--keep-alive", "--quiet"];
  return {
    name: "objects",
    command: {
      file: program,
      args: [...listen, "posix", ...(metadata === undefined ? [] : ["--sidecar", metadata]), join(folder, "data")],
      env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
    },
    answers: () => answersObjects(`http://${endpoint}/`),
    readyWithinMs: 20_000,
    stopSignal: "SIGTERM",
    stopWithinMs: 5_000,
  };
}
