import { continueAsNew, proxyActivities, workflowInfo } from "@temporalio/workflow";
import type { Activities } from "../activities/index.ts";
import type { Cut, SearchContext } from "../lib/domain/stages.ts";
import { makeWindows } from "./make-windows.ts";
import { record, training } from "./presets.ts";

const runs = proxyActivities<Activities["runs"]>(record);
const models = proxyActivities<Activities["models"]>(training);

export interface Search extends SearchContext {
  /** The generation to go on with. */
  readonly generation: number;
  /** When the search began, in milliseconds since 1970; null = now. */
  readonly since: number | null;
}

/** Events after which a search goes on in a history of its own (a run may have 2,000). */
const HISTORY = 1_500;

/**
 * Finds the best model of a slot: generation after generation of genomes, each trained by whichever worker is free; then
 * the best is fitted once more on training and validation together, alone or as the mean of several. What a generation
 * holds follows from the rows of the trials before it, so a search that was killed anywhere goes on to the same one.
 */
export async function evolutionWorkflow(search: Search): Promise<{ candidate: string; windowSet: string }> {
  const { since: begun, generation: first, ...slot } = search;
  const since = begun ?? Date.now();
  for (let generation = first; ; generation++) {
    const plan = await runs.planGeneration({ ...slot, generation, minutes: (Date.now() - since) / 60_000 });
    if (plan.over !== null) break;
    const windowSets: { cut: Cut; windowSet: string }[] = [];
    for (const cut of plan.cuts) windowSets.push({ cut, windowSet: await makeWindows(slot, slot.snapshot, "train", cut) });
    const { trials } = await runs.openTrials({ ...slot, generation, windowSets });
    // A trial that cannot be trained says so in its row and fails nobody else.
    await Promise.all(trials.map((model) => models.trainModel({ ...slot, model })));
    if (workflowInfo().historyLength > HISTORY)
      await continueAsNew<typeof evolutionWorkflow>({ ...slot, generation: generation + 1, since });
  }

  const { best, members } = await runs.chooseBest(slot);
  const mean = members.length > 1 && (await models.combineModels({ ...slot, members, fittedOn: "train", generation: 0 })).better;
  const refits = await runs.openRefits({ ...slot, trials: mean ? members : [best] });
  await Promise.all(refits.flatMap(({ model, fresh }) => (fresh ? [models.trainModel({ ...slot, model })] : [])));
  const ids = refits.map(({ model }) => model);
  const candidate = mean
    ? (await models.combineModels({ ...slot, members: ids, fittedOn: "train+validation", generation: 0 })).model
    : ids[0]!;
  const { windowSet } = await runs.closeSearch({ ...slot, model: candidate });
  return { candidate, windowSet };
}
