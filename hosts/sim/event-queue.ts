/**
 * Events in virtual time: a binary min-heap over (time, order of scheduling), so that equal times run first come, first served and a run is
 * repeatable. There is no cancellation: whoever schedules keeps a generation number and ignores an event that has been overtaken.
 */
import type { Micros } from '../../firmware/core/base/index.js';

interface Entry<T> {
  readonly at: Micros;
  readonly order: number;
  readonly item: T;
}

export class EventQueue<T> {
  readonly #heap: Entry<T>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Time of the next event, or undefined if there is none. */
  next(): Micros | undefined {
    return this.#heap[0]?.at;
  }

  push(at: Micros, item: T): void {
    const heap = this.#heap;
    const entry = { at, order: this.#order, item };
    this.#order += 1;
    let hole = heap.length;
    heap.push(entry);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = entry;
  }

  pop(): T | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) return undefined;
    if (heap.length > 0) {
      let hole = 0;
      for (;;) {
        let child = 2 * hole + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
        if (!before(heap[child]!, last)) break;
        heap[hole] = heap[child]!;
        hole = child;
      }
      heap[hole] = last;
    }
    return top.item;
  }
}

function before(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
