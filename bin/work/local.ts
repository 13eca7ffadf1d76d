import { setTimeout } from 'node:timers/promises';
import { openBucket } from '../bucket.ts';
import { EXIT_CODES, type ExitCode } from '../exit.ts';
import { type LocalOptions, withScoring } from '../local-scoring.ts';
import { printResult, printResults } from '../scoring-results.ts';

export interface LocalCommandOptions extends LocalOptions {
  readonly watch: boolean;
  readonly json: boolean;
}

const WATCH_MILLISECONDS = 2000;

/** Scores what lies under `candidates/`, once or until the signal aborts. */
export async function local(options: LocalCommandOptions, signal: AbortSignal): Promise<ExitCode> {
  const store = await openBucket(options.bucket, 'write', options);
  return withScoring(store, options, { signal, isSilent: options.json }, async (score) => {
    if (!options.watch) return printResults(await score(), options, signal);
    const shown = new Set<string>();
    while (!signal.aborted) {
      for (const result of await score()) {
        const document = JSON.stringify(result);
        if (result.status === 'open' || shown.has(document)) continue;
        shown.add(document);
        if (options.json) process.stdout.write(`${document}\n`);
        else printResult(result, options.bucket);
      }
      await setTimeout(WATCH_MILLISECONDS, undefined, { signal }).catch(() => undefined);
    }
    return EXIT_CODES.success;
  });
}
