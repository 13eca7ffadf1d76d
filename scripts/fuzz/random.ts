import { type RandomStream, randomStream } from '../../lib/numbers/random.ts';

/** Draws one after the other, the same for the same seed and name. */
export class Random {
  readonly #stream: RandomStream;
  #drawn = 0;

  constructor(seed: number, name: string) {
    this.#stream = randomStream(seed, name);
  }

  /** Returns a whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.#stream.uniform(this.#drawn++) * limit);
  }

  /** Returns a whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Returns true with that probability. */
  chance(probability: number): boolean {
    return this.#stream.uniform(this.#drawn++) < probability;
  }

  /** Returns one of the items, all of which are equally likely. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** Returns the items in random order. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    return items
      .map((item) => ({ item, place: this.#stream.uniform(this.#drawn++) }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  }
}
