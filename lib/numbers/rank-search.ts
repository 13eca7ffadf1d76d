/** The first pass tells values apart by the upper half of their bits, the others by a quarter each. */
const ROOT_BITS = 16;
const ROOTS = 1 << ROOT_BITS;
const BRANCHES = 1 << 8;

/** Where a rank was found so far: a counter, and the rank among the values that it has counted. */
interface Place {
  readonly counter: number;
  readonly rank: number;
}

/**
 * Finds the values at given ranks of a column that is read three times, in memory that does not grow with its length:
 * a radix search, which counts the values by their upper bits, and then looks into the counters that have a rank.
 */
export class RankSearch {
  #counts = new Uint32Array(ROOTS);
  #count = 0;
  #places: readonly Place[] = [];
  /** The bits of each place so far. */
  #bits: Uint32Array = new Uint32Array();
  /** By counter of an earlier pass, the position of its branches among those of the next; -1 where no rank is. */
  readonly #branches: Int32Array[] = [];

  /** Number of values that are not NaN, once all have been added. */
  get count(): number {
    return this.#count;
  }

  /** Adds values of which NaN are left out. Each pass must add the same values, in any order. */
  add(values: Float32Array): void {
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    const [first, second] = this.#branches;
    const counts = this.#counts;
    let count = 0;
    for (let i = 0; i < bits.length; i++) {
      if (Number.isNaN(values[i])) continue;
      const key = orderedBits(bits[i] as number);
      let counter = key >>> ROOT_BITS;
      if (first === undefined) {
        count++;
      } else {
        const branch = first[counter] as number;
        if (branch < 0) continue;
        counter = branch * BRANCHES + ((key >>> 8) & 0xff);
        if (second !== undefined) {
          const leaf = second[counter] as number;
          if (leaf < 0) continue;
          counter = leaf * BRANCHES + (key & 0xff);
        }
      }
      counts[counter] = (counts[counter] as number) + 1;
    }
    this.#count += count;
  }

  /** Ends the first pass. Ranks count from 0 and are below `count`; they may be in any order. */
  seek(ranks: readonly number[]): void {
    this.#bits = new Uint32Array(ranks.length);
    this.#places = ranks.map((rank) => ({ counter: 0, rank }));
    this.#descend(ROOTS);
    this.#branch();
  }

  /** Ends the second pass. */
  narrow(): void {
    this.#descend(BRANCHES);
    this.#branch();
  }

  /** Ends the third pass and returns the value at each rank. */
  values(): Float32Array {
    this.#descend(BRANCHES);
    const values = new Float32Array(this.#places.length);
    new Int32Array(values.buffer).set(Int32Array.from(this.#bits, valueBits));
    return values;
  }

  /** Finds the counter of each place among the `width` counters that belong to it. */
  #descend(width: number): void {
    const upTo = this.#counts;
    for (let i = 1; i < upTo.length; i++) upTo[i] = (upTo[i] as number) + (upTo[i - 1] as number);
    const below = (counter: number) => (counter === 0 ? 0 : (upTo[counter - 1] as number));
    const branches = this.#branches.at(-1);
    this.#places = this.#places.map(({ counter, rank }, index) => {
      const start = branches === undefined ? 0 : (branches[counter] as number) * width;
      const place = below(start) + rank;
      const found = firstAbove(upTo, place, start, start + width - 1);
      this.#bits[index] = (this.#bits[index] as number) * width + (found - start);
      return { counter: found, rank: place - below(found) };
    });
  }

  /** Begins a pass that looks into the counters of all places. */
  #branch(): void {
    const branches = new Int32Array(this.#counts.length).fill(-1);
    let used = 0;
    for (const { counter } of this.#places) if (branches[counter] === -1) branches[counter] = used++;
    this.#branches.push(branches);
    this.#counts = new Uint32Array(used * BRANCHES);
  }
}

/** Returns the first position from `low` to `high` whose number is above another. Those numbers ascend; the last is. */
function firstAbove(numbers: Uint32Array, limit: number, low: number, high: number): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((numbers[middle] as number) > limit) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** Returns the bits of a float32 as an unsigned integer that has the order of the numbers; -0 is 0. */
export function orderedBits(bits: number): number {
  return (bits < 0 && bits !== -0x80000000 ? ~bits : bits | 0x80000000) >>> 0;
}

/** Returns the bits of the float32 whose `orderedBits` these are. */
function valueBits(ordered: number): number {
  return ordered >= 0x80000000 ? ordered & 0x7fffffff : ~ordered;
}
