/** Rows after which it is known whether something repeats: the first ones of a file are all new. */
const ROWS_SEEN = 16_384;
/** Share of the rows that must repeat for it to be worth its cost. */
const WORTHWHILE_SHARE = 0.1;
const FEWEST_SKIPPED = 8;
const MOST_SKIPPED = 64;

/**
 * Decides from what was found so far whether to go on with looking for repeated rows: where hardly any repeats, it is
 * tried again only now and then. It decides over time alone, not over results.
 */
export class Repetition {
  #rows = 0;
  #repeated = 0;
  #skipped = FEWEST_SKIPPED;
  #toSkip = 0;

  /** Whether the next piece of rows is worth a look; to be asked once for each piece. */
  isWorthwhile(): boolean {
    if (this.#toSkip === 0) return true;
    this.#toSkip -= 1;
    return false;
  }

  /** Notes how many of some rows that were looked at repeated others. */
  saw(rows: number, repeated: number): void {
    this.#rows += rows;
    this.#repeated += repeated;
    if (this.#rows < ROWS_SEEN) return;
    if (this.#repeated < WORTHWHILE_SHARE * this.#rows) {
      this.#toSkip = this.#skipped;
      this.#skipped = Math.min(2 * this.#skipped, MOST_SKIPPED);
    } else this.#skipped = FEWEST_SKIPPED;
    [this.#rows, this.#repeated] = [0, 0];
  }
}
