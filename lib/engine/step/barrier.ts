/**
 * Checks of the memory before a thread sleeps, some tens of microseconds: threads that have equal work arrive at nearly
 * the same time, and waking one takes about as long.
 */
const SPINS = 5_000;
const [ARRIVED, ROUND, BROKEN] = [0, 1, 2];
/** Int32 that a barrier takes. */
export const BARRIER_WORDS = 3;

/** A place in shared memory where threads wait until all of them have arrived. */
export class Barrier {
  readonly #state: Int32Array;
  readonly #members: number;

  /** @param state `BARRIER_WORDS` of shared memory, all 0 at the beginning. */
  constructor(state: Int32Array, members: number) {
    this.#state = state;
    this.#members = members;
  }

  /** Makes every member that waits, and every later one, throw: a member that has failed will not arrive. */
  break(): void {
    Atomics.store(this.#state, BROKEN, 1);
    Atomics.add(this.#state, ROUND, 1);
    Atomics.notify(this.#state, ROUND);
  }

  /**
   * Blocks this thread until every member has called it. What they wrote before is visible after it.
   * @throws {Error} if the barrier is broken.
   */
  wait(): void {
    this.#arrive();
    if (Atomics.load(this.#state, BROKEN) === 1) throw new Error('another thread of the step has failed');
  }

  #arrive(): void {
    const round = Atomics.load(this.#state, ROUND);
    if (Atomics.add(this.#state, ARRIVED, 1) === this.#members - 1) {
      Atomics.store(this.#state, ARRIVED, 0);
      Atomics.add(this.#state, ROUND, 1);
      Atomics.notify(this.#state, ROUND);
      return;
    }
    if (Atomics.load(this.#state, BROKEN) === 1) return;
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(this.#state, ROUND) !== round) return;
    while (Atomics.load(this.#state, ROUND) === round) Atomics.wait(this.#state, ROUND, round);
  }
}
