/** Indices by score, the highest first; of equal ones the lower index. An index stands in it once at most. */
export interface Heap {
  push(index: number, score: number): void;
  /** Takes the first out; undefined when it is empty. */
  pop(): number | undefined;
}

/** A binary heap of 0 ... n-1 with these scores. */
export function createHeap(scores: Float64Array): Heap {
  const score = scores.slice();
  const heap = Int32Array.from(score, (_, index) => index);
  let size = heap.length;
  const before = (a: number, b: number) => score[a]! > score[b]! || (score[a] === score[b] && a < b);

  function sink(from: number): void {
    const index = heap[from]!;
    let at = from;
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, index)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = index;
  }

  for (let at = (size >> 1) - 1; at >= 0; at -= 1) sink(at);
  return {
    push(index, value) {
      score[index] = value;
      let at = size;
      size += 1;
      for (let parent = (at - 1) >> 1; at > 0 && before(index, heap[parent]!); parent = (at - 1) >> 1) {
        heap[at] = heap[parent]!;
        at = parent;
      }
      heap[at] = index;
    },
    pop() {
      if (size === 0) return undefined;
      const first = heap[0]!;
      size -= 1;
      if (size > 0) {
        heap[0] = heap[size]!;
        sink(0);
      }
      return first;
    },
  };
}
