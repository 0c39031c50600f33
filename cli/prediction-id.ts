import { predictionKeySchema, type PredictionKey } from "../lib/domain/api/predictions.ts";

/**
 * One prediction as one word: `model:from-to:subject:recording`. The recording comes last because it may hold any
 * character.
 */
export function predictionId({ model, from, to, subject, recording }: PredictionKey): string {
  return `${model}:${from}-${to}:${subject}:${recording}`;
}

/** Undefined where the text is no such id. */
export function parsePredictionId(text: string): PredictionKey | undefined {
  const found = /^([^:]+):(\d+)-(\d+):([^:]+):(.+)$/s.exec(text);
  if (!found) return undefined;
  const [, model, from, to, subject, recording] = found;
  return predictionKeySchema.safeParse({ model, from, to, subject, recording }).data;
}
