import { signLabel, withdrawLabel } from "../../../lib/app/answers.ts";
import { importLabels } from "../../../lib/app/label-import.ts";
import * as labels from "../../../lib/app/labels.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names = "addLabel" | "withdrawLabel" | "listLabels" | "importLabels" | "exportLabels" | "showAgreement";

export function labelHandlers({ platform }: Services): Handlers<Names> {
  return {
    addLabel: ({ params, body, actor }) => signLabel(platform, params.project, body, actor),
    withdrawLabel: ({ params, body, actor }) => withdrawLabel(platform, params.project, params.label, body.id, actor),
    listLabels: ({ params, query, actor }) => labels.listLabels(platform, params.project, query, actor.account),
    importLabels: ({ params, body, actor }) => importLabels(platform, params.project, body, actor.account),
    exportLabels: ({ params, query, actor }) => labels.exportLabels(platform, params.project, { ...query, reader: actor.account }),
    showAgreement: ({ params }) => labels.showAgreement(platform, params.project),
  };
}
