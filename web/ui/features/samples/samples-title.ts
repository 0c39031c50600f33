/** What a choice of samples is called. */
export function samplesTitle(actual: string | undefined, predicted: string | undefined): string {
  if (actual !== undefined && predicted !== undefined)
    return actual === predicted ? `${actual}, recognised` : `${actual} taken for ${predicted}`;
  if (actual !== undefined) return `All that is ${actual}`;
  return predicted === undefined ? "All samples" : `All that is called ${predicted}`;
}

/** What became of a request for tasks. */
export function madeText({ made, known }: { readonly made: number; readonly known: number }): string {
  const tasks = made === 1 ? "1 task made" : `${made} tasks made`;
  if (known === 0) return `${tasks}.`;
  return `${tasks}; ${known === 1 ? "1 is" : `${known} are`} asked about or labelled already.`;
}
