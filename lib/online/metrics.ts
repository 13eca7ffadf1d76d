/** Counts of a server, in the text format of Prometheus. */

/** Upper bounds of the buckets of latency, in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1] as const;

/** A request that has been answered. */
export interface AnsweredRequest {
  readonly path: string;
  readonly status: number;
  readonly seconds: number;
}

export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #buckets = new Array<number>(BOUNDS.length).fill(0);
  #seconds = 0;
  #answered = 0;
  #rows = { scored: 0, rejected: 0 };
  #refreshErrors = 0;

  answered({ path, status, seconds }: AnsweredRequest): void {
    const labels = `path="${path}",status="${status}"`;
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1);
    this.#answered += 1;
    this.#seconds += seconds;
    for (const [index, bound] of BOUNDS.entries())
      if (seconds <= bound) this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
  }

  rows(scored: number, rejected: number): void {
    this.#rows = { scored: this.#rows.scored + scored, rejected: this.#rows.rejected + rejected };
  }

  refreshFailed(): void {
    this.#refreshErrors += 1;
  }

  /** Returns the text of all counts. */
  text({
    model,
    version,
    inFlight,
  }: {
    readonly model: string;
    readonly version: string;
    readonly inFlight: number;
  }): string {
    const name = (suffix: string) => `entirespace_${suffix}`;
    return `${[
      `# TYPE ${name('requests_total')} counter`,
      ...[...this.#requests].map(([labels, count]) => `${name('requests_total')}{${labels}} ${count}`),
      `# TYPE ${name('request_seconds')} histogram`,
      ...BOUNDS.map((bound, index) => `${name('request_seconds_bucket')}{le="${bound}"} ${this.#buckets[index]}`),
      `${name('request_seconds_bucket')}{le="+Inf"} ${this.#answered}`,
      `${name('request_seconds_sum')} ${this.#seconds}`,
      `${name('request_seconds_count')} ${this.#answered}`,
      `# TYPE ${name('rows_total')} counter`,
      `${name('rows_total')}{result="scored"} ${this.#rows.scored}`,
      `${name('rows_total')}{result="rejected"} ${this.#rows.rejected}`,
      `# TYPE ${name('refresh_errors_total')} counter`,
      `${name('refresh_errors_total')} ${this.#refreshErrors}`,
      `# TYPE ${name('requests_in_flight')} gauge`,
      `${name('requests_in_flight')} ${inFlight}`,
      `# TYPE ${name('version_info')} gauge`,
      `${name('version_info')}{model="${model}",version="${version}"} 1`,
    ].join('\n')}\n`;
  }
}
