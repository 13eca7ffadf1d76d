import { openBucket } from '../bucket.ts';
import type { ExitCode } from '../exit.ts';
import { type LocalOptions, withScoring } from '../local-scoring.ts';
import { placeCandidates } from '../place-candidates.ts';
import { printResults } from '../scoring-results.ts';

export interface ScoreOptions extends LocalOptions {
  readonly json: boolean;
}

/** Scores files and prints what became of each. */
export async function score(files: readonly string[], options: ScoreOptions, signal: AbortSignal): Promise<ExitCode> {
  const store = await openBucket(options.bucket, 'write', options);
  return withScoring(store, options, { signal, isSilent: options.json }, async (scoreFiles) => {
    const results = await scoreFiles(await placeCandidates(store, files));
    return printResults(results, options, signal);
  });
}
