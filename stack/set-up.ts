import { join } from "node:path";
import type { Places } from "../lib/config.ts";
import { findPostgres } from "./obtain/postgres.ts";
import { obtain } from "./obtain/program.ts";
import { temporalProgram } from "./obtain/temporal.ts";
import { versitygwProgram } from "./obtain/versitygw.ts";
import { ordinaryUser, reachableFolder } from "./ordinary-user.ts";
import { postgresMajorOf } from "./postgres.ts";
import type { Report } from "./service.ts";
import { openState } from "./state.ts";
import { chooseTensorflow, preparePages, type Step } from "./up.ts";

export interface SetUpOptions {
  readonly places: Places;
  readonly present: (steps: readonly Step[]) => Promise<void>;
}

/**
 * Obtains everything that `bringUp` needs and starts none of it: for images, and for before a journey. Answers what was
 * obtained and from where.
 */
export async function setUp({ places, present }: SetUpOptions): Promise<Readonly<Record<string, string>>> {
  const { dataDir, cacheDir, configured, postgresBin } = places;
  const file = await openState(dataDir);
  const result: Record<string, string> = {};
  const step = (title: string, work: (report: Report) => Promise<string>): Step => ({
    title,
    work: async (report) => (result[title] = await work(report)),
  });
  const program = async (isConfigured: boolean, wanted: ReturnType<typeof temporalProgram>, report: Report) => {
    if (isConfigured) return "as configured";
    const { version, origin, path } = await obtain(wanted, { cacheDir, report });
    return `${version} (${origin}: ${path})`;
  };
  await present([
    step("Postgres", async () => {
      if (configured.database) return "as configured";
      const owner = ordinaryUser();
      const reachable = await reachableFolder(dataDir, file.state.settings["SENSORLOOP_PEPPER"] ?? "", owner);
      const { version, origin, folder } = await findPostgres({
        configured: postgresBin,
        major: await postgresMajorOf(join(reachable, "postgres")),
        owner,
        reachable,
      });
      return `${version} (${origin}: ${folder})`;
    }),
    step("Object store", (report) => program(configured.s3, versitygwProgram(), report)),
    step("Temporal", (report) => program(configured.temporal, temporalProgram(), report)),
    step("TensorFlow", (report) => chooseTensorflow(file, cacheDir, report, true)),
    step("Pages", (report) => preparePages(file, places, report)),
  ]);
  return result;
}
