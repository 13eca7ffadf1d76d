/**
 * Speeds of the functions, from which costs and times are computed. `docs/benchmarks.md` has the command, the machine
 * and the date of what was measured. After a change: `npx tsx scripts/write-costs.ts`.
 */
export const RATES = {
  /**
   * Rows that a function of 3,008 MiB, which has 1.7 cores, scores in a second: half of what the handlers score from
   * emulated S3 on two cores of a recent server (393,000), because a function's cores are slower.
   */
  rowsPerSecond: 200_000,
  /** What a file takes beyond its rows: its requests of S3, one after another, at some 20 ms each. */
  secondsPerFile: 0.5,
} as const;
