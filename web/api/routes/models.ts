import { compareModels } from "../../../lib/app/comparison.ts";
import * as models from "../../../lib/app/models.ts";
import { listPredictions, tracePrediction } from "../../../lib/app/predictions.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names =
  | "listModels"
  | "listSlots"
  | "showLineage"
  | "compareModels"
  | "showModel"
  | "promoteModel"
  | "rollbackModel"
  | "listChampions"
  | "listReigns"
  | "listPredictions"
  | "tracePrediction"
  | "predict";

export function modelHandlers({ platform, serving }: Services): Handlers<Names> {
  return {
    listModels: ({ params, query }) => models.listModels(platform, params.project, query),
    listSlots: async ({ params }) => ({ items: await models.listSlots(platform, params.project) }),
    showLineage: ({ params, query }) => models.showLineage(platform, params.project, query),
    compareModels: ({ query }) => compareModels(platform, query.a, query.b),
    showModel: ({ params }) => models.showModel(platform, params.model),
    promoteModel: ({ params, body, actor }) => models.promoteModel(platform, params.model, body, actor.account),
    rollbackModel: ({ params, body, actor }) => models.rollbackModel(platform, params.project, body, actor.account),
    listChampions: async ({ params, query }) => ({ items: await models.listChampions(platform, params.project, query) }),
    listReigns: async ({ params, query }) => ({ items: await models.listReigns(platform, params.project, query) }),
    listPredictions: ({ params, query }) => listPredictions(platform, params.project, query),
    tracePrediction: ({ params, query }) => tracePrediction(platform, params.project, query),
    predict: ({ params, query, body }) => serving.predict(params.project, { ...body, slot: body.slot ?? query.slot }),
  };
}
