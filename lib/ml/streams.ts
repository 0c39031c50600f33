/** What random numbers are drawn for: the second key of `randomFor`, after the seed. A number, once used, keeps its meaning. */
export const STREAM = { init: 1, order: 2, mask: 3, boosting: 4, forest: 5 } as const;
