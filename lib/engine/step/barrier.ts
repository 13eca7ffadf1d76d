import type { Block, SparseMemory } from '../memory/memory-plan.ts';

/**
 * Checks of the memory before a thread sleeps, some tens of microseconds: threads that have equal work arrive at nearly
 * the same time, and waking one takes about as long.
 */
const SPINS = 5_000;
const [ARRIVED, ROUND] = [0, 1];

/** A place in shared memory, two int32, where threads wait until all of them have arrived. */
export class Barrier {
  readonly #state: Int32Array;
  readonly #members: number;

  constructor(memory: SparseMemory, block: Block, members: number) {
    this.#state = memory.ints(block);
    this.#members = members;
  }

  /** Blocks this thread until every member has called it. What they wrote before is visible after it. */
  wait(): void {
    const round = Atomics.load(this.#state, ROUND);
    if (Atomics.add(this.#state, ARRIVED, 1) === this.#members - 1) {
      Atomics.store(this.#state, ARRIVED, 0);
      Atomics.add(this.#state, ROUND, 1);
      Atomics.notify(this.#state, ROUND);
      return;
    }
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(this.#state, ROUND) !== round) return;
    while (Atomics.load(this.#state, ROUND) === round) Atomics.wait(this.#state, ROUND, round);
  }
}
