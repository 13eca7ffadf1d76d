import type { Declaration } from '../config/declaration.ts';
import type { ScoreStatistics } from '../table/candidates/score-statistics.ts';
import type { MeasuredOutput } from '../table/monitor/sum-queries.ts';
import type { History } from './history.ts';
import type { Judged } from './judge.ts';
import type { Verdict } from './verdict.ts';

/** What a run found. */
export interface Monitored {
  readonly model: string;
  readonly at: Date;
  readonly history: History;
  readonly judged: readonly Judged[];
  readonly verdict: Verdict;
  /** Findings that were not reported before, or have become worse since. */
  readonly news: readonly Judged[];
  readonly notes: readonly string[];
  readonly tasks: readonly MeasuredOutput[];
  readonly declaration: Declaration;
  /** Scores of the held-out rows at training, by version. */
  readonly training: Readonly<Record<string, ScoreStatistics>>;
  readonly usdPerSecond: number | null;
}
