/** Shares the memory of the process among runs that are under way at once. */

/** Runs work as soon as its memory fits beside that of the work under way, in the order in which it is asked for. */
export class MemoryBudget {
  readonly #total: number;
  readonly #onWait: (bytes: number, left: number) => void;
  readonly #waiting: { readonly bytes: number; readonly begin: () => void }[] = [];
  #held = 0;
  #underWay = 0;

  /**
   * @param total bytes for all work together
   * @param onWait called where work must wait, with the bytes that it needs and those that are left
   */
  constructor(total: number, onWait: (bytes: number, left: number) => void = () => undefined) {
    this.#total = total;
    this.#onWait = onWait;
  }

  /** Runs work that needs so many bytes. Work that needs more than all there is runs by itself. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) this.#hold(bytes);
    else {
      this.#onWait(bytes, this.#total - this.#held);
      await new Promise<void>((begin) => this.#waiting.push({ bytes, begin }));
    }
    try {
      return await work();
    } finally {
      this.#held -= bytes;
      this.#underWay -= 1;
      this.#beginNext();
    }
  }

  #fits(bytes: number): boolean {
    return this.#underWay === 0 || this.#held + bytes <= this.#total;
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    this.#underWay += 1;
  }

  #beginNext(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#hold(next.bytes);
      next.begin();
    }
  }
}
