import type { ModelSummary } from "../../../lib/domain/api/models.ts";

const ORIGINS: Readonly<Record<ModelSummary["origin"], string>> = {
  spec: "from the spec",
  memory: "known from earlier runs",
  mutant: "mutant",
  refit: "trained again on all",
  ensemble: "mean of the best",
  import: "imported",
};

/** Where a genome came from, in words. */
export function originText({ origin, generation }: Pick<ModelSummary, "origin" | "generation">): string {
  return generation === 0 ? ORIGINS[origin] : `${ORIGINS[origin]}, generation ${generation}`;
}
