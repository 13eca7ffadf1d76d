/** Rows after which it is known whether entities repeat: the first ones of a file are all new. */
const ROWS_SEEN = 16_384;
/** Share of rows of known entities from which on keeping them is worth its cost. */
const WORTHWHILE_SHARE = 0.1;
/** Most calls for which a look is not worthwhile, before the next one. */
const MOST_SKIPPED = 64;

/** Decides whether to look for rows of entities that were there before. It only decides over time, never over results. */
export class Repetition {
  #rows = 0;
  #known = 0;
  #skipped = 4;
  #toSkip = 0;

  /** Whether the next rows are worth a look. */
  isWorthwhile(): boolean {
    if (this.#toSkip === 0) return true;
    this.#toSkip -= 1;
    return false;
  }

  /** Notes how many of some rows were of entities that are new. */
  saw(rows: number, added: number): void {
    this.#rows += rows;
    this.#known += rows - added;
    if (this.#rows < ROWS_SEEN) return;
    if (this.#known < WORTHWHILE_SHARE * this.#rows) {
      this.#skipped = Math.min(2 * this.#skipped, MOST_SKIPPED);
      this.#toSkip = this.#skipped;
    } else this.#skipped = 4;
    [this.#rows, this.#known] = [0, 0];
  }
}
