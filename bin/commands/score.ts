import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import type { ScoringThreads } from '../../lib/engine/scoring/scoring-threads.ts';
import { loadBinaries } from '../binaries.ts';
import { openBucket } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import type { LocalOptions } from '../scoring/local-scoring.ts';
import type { Session } from '../terminal/exit.ts';
import { printResults } from '../terminal/file-results.ts';
import { printResult } from '../terminal/io.ts';
import {
  bucketOption,
  choiceOption,
  dryRunOption,
  endpointOption,
  jsonOption,
  memoryOption,
  modelOption,
  threadsOption,
} from '../terminal/options.ts';

interface ScoreOptions extends LocalOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Files of more bytes have so many rows that the scoring threads are worth their start. */
const MANY_BYTES = 4 * 2 ** 20;

/** What the command needs. */
const BINARIES = ['DuckDB', 'onnxruntime'] as const;

/** `entirespace score`: scores candidate files through the same handlers as in the cloud. */
export const defineScore: DefineCommand = (command, act) => {
  command
    .argument('<files...>', 'Parquet or CSV')
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(modelOption())
    .addOption(
      choiceOption(
        '--again <which>',
        'files that have an outcome already: try the failed again, or score all once more',
        ['none', 'failed', 'all'],
      ).default('none'),
    )
    .addOption(dryRunOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples(
      ['entirespace score candidates.parquet', 'entirespace score bucket/candidates/today/*.parquet --again failed'],
      'Scores go to scores/<file>/ in the bucket; _SUCCESS is written last.',
    )
    .action((files: readonly string[], options: ScoreOptions) =>
      act(options.json, async (session) => {
        if (options.dryRun) return dryRun(files, options, session);
        const { bytesOf, placeCandidates } = await import('../scoring/place-candidates.ts');
        const hasManyRows = (await bytesOf(session.io, files)) >= MANY_BYTES;
        const started = hasManyRows ? await startThreads(options.threads) : null;
        try {
          // While they start: it takes as long.
          loadBinaries(BINARIES);
          const { withScoring } = await import('../scoring/local-scoring.ts');
          const store = await openBucket(session.io, options.bucket, 'write', options);
          return await withScoring(store, { ...options, started }, session, async (scoreFiles, verifyCurrent) => {
            // With a damaged model the bucket stays as it is.
            await verifyCurrent();
            const results = await scoreFiles({ keys: await placeCandidates(session.io, store, files) });
            return printResults(session, results, options);
          });
        } finally {
          await started?.release();
        }
      }),
    );
};

/** Starts scoring threads; one thread scores in the process's own. */
async function startThreads(threads: number): Promise<ScoringThreads | null> {
  const { ScoringThreads } = await import('../../lib/engine/scoring/scoring-threads.ts');
  return threads > 1 ? new ScoringThreads(threads) : null;
}

/** Prints what scoring the files would take. */
async function dryRun(files: readonly string[], options: ScoreOptions, session: Session): Promise<ExitCode> {
  loadBinaries(BINARIES);
  const { foreseeScoring } = await import('../scoring/dry-run.ts');
  const { formatForeseen } = await import('../scoring/dry-run-text.ts');
  const store = await openBucket(session.io, options.bucket, 'read', options);
  const foreseen = await foreseeScoring(store, files, options, session);
  printResult(session.io, options.json, foreseen, formatForeseen(foreseen));
  return foreseen.files.every(({ problem }) => problem === null) ? EXIT_CODES.success : EXIT_CODES['bad data'];
}
