import { showCohorts } from "../../../lib/app/cohorts.ts";
import * as data from "../../../lib/app/data.ts";
import { showDistributions } from "../../../lib/app/distributions.ts";
import { eraseSubject } from "../../../lib/app/erasure.ts";
import { takeIn } from "../../../lib/app/intake.ts";
import * as quarantine from "../../../lib/app/quarantine.ts";
import { showSynthesis } from "../../../lib/app/synthesis-report.ts";
import type { TakenIn } from "../../../lib/domain/api/data.ts";
import { SensorloopError } from "../../../lib/domain/errors.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names =
  | "addUploads"
  | "listUploads"
  | "countData"
  | "listFiles"
  | "listSnapshots"
  | "listQuarantine"
  | "listQuarantineRows"
  | "replayQuarantine"
  | "showReplay"
  | "showCohorts"
  | "showDistributions"
  | "showSynthesis"
  | "eraseSubject";

/** Of one request; more files come in more requests, each answered when its files are safe. */
const FILES = 1_000;
const FILE_BYTES = 64 * 2 ** 30;

export function dataHandlers({ platform }: Services): Handlers<Names> {
  return {
    async addUploads({ params, actor, request }) {
      if (!request.isMultipart()) throw new SensorloopError("REQUEST_INVALID", "files are sent as multipart/form-data, one part a file");
      const items: TakenIn[] = [];
      const limits = { files: FILES, fileSize: FILE_BYTES, fields: 20, fieldSize: 10_000, headerPairs: 20 };
      for await (const part of request.files({ preservePath: true, limits })) {
        items.push(
          await takeIn(platform, params.project, { name: part.filename, stream: part.file }, actor.account, { maxBytes: FILE_BYTES }),
        );
      }
      if (items.length === 0) throw new SensorloopError("NO_FILES", "the request held no file");
      return { items };
    },

    listUploads: ({ params, query }) => data.listUploads(platform, params.project, query),
    countData: ({ params }) => data.countData(platform, params.project),
    listFiles: ({ params, query }) => data.listFiles(platform, params.project, query),
    listSnapshots: ({ params, query }) => data.listSnapshots(platform, params.project, query),
    listQuarantine: async ({ params }) => ({ items: await quarantine.listQuarantine(platform, params.project) }),
    listQuarantineRows: ({ params, query }) => quarantine.showQuarantine(platform, params.project, query),
    replayQuarantine: ({ params, actor }) => quarantine.replayQuarantine(platform, params.project, actor.account),
    showReplay: ({ params }) => quarantine.showReplay(platform, params.project),
    showCohorts: ({ params }) => showCohorts(platform, params.project),
    showDistributions: ({ params, query }) => showDistributions(platform, params.project, query),
    showSynthesis: ({ params }) => showSynthesis(platform, params.project),
    eraseSubject: ({ params, body, actor }) => eraseSubject(platform, params.project, params.subject, body.why, actor.account),
  };
}
