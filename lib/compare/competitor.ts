/** What takes part in a comparison: anything that, trained with a seed, gives probabilities of the test rows. */
import type { Bench } from './runs/bench.ts';
import type { OnRunProgress, Run, RunScores, Settings } from './runs/run.ts';

/** A model that takes part. */
export interface Competitor {
  /** Name in tables: `esmm`, `esmm+mmoe`, `gbdt`. */
  readonly name: string;
  /** Whether it only shows how good another kind of model is: nothing can train, publish or score it. */
  readonly isForComparisonOnly: boolean;
  /**
   * The settings that are tried on the validation rows, as many as there are trials; the first ones are the declared
   * ones.
   */
  trials(trials: number, trainingRows: number): readonly Settings[];
  /**
   * Everything that the scores depend on besides the log, the seed and the share: scores of before are taken instead of
   * a run where this is the same.
   */
  identity(settings: Settings): string;
  /**
   * Trains once, and scores the validation and test rows. The scores must depend on nothing but the run and the log.
   * @throws {Error} what `isModelFailure` knows where the model cannot be trained: the comparison goes on without it.
   */
  run(run: Run, bench: Bench, onProgress: OnRunProgress): Promise<RunScores>;
}
