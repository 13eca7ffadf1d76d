import { setFlagsFromString } from 'node:v8';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import type { Store } from '../../lib/store/store.ts';
import { loadBinaries } from '../binaries.ts';
import type { DefineCommand } from '../define-command.ts';
import { v8Flags } from '../scoring/v8-flags.ts';
import type { ChosenModel, LocalOptions } from '../scoring/with-model.ts';
import type { Session } from '../terminal/exit.ts';
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
      act(options.json, (session) =>
        options.dryRun ? dryRun(files, options, session) : score(files, options, session),
      ),
    );
};

/** Scores files. What takes long to load is loaded while threads start, and then begin with the model. */
async function score(files: readonly string[], options: ScoreOptions, session: Session): Promise<ExitCode> {
  const { io } = session;
  const { startThreads } = await import('../scoring/start-threads.ts');
  const threads = await startThreads(io, files, options.threads);
  try {
    const { openBucket } = await import('../bucket.ts');
    const { beginCurrent } = await import('../scoring/begin-current.ts');
    const store = await openBucket(io, options.bucket, 'write', options);
    const started = threads && (await beginCurrent(store, options.model, threads));
    loadBinaries(BINARIES);
    const { withScratch } = await import('../scratch.ts');
    // While one is loaded, the folder is made and locked, and while the others are, DuckDB opens the model's encoder.
    const loading = import('../scoring/with-model.ts');
    return await withScratch(io, async (scratch) => {
      const { withModelIn } = await loading;
      const work = (model: ChosenModel) => scoreWith(model, { store, files, options, session });
      return withModelIn(scratch, store, { ...options, started }, work);
    });
  } finally {
    await threads?.release();
  }
}

interface Scoring {
  readonly store: Store;
  readonly files: readonly string[];
  readonly options: ScoreOptions;
  readonly session: Session;
}

/** Scores files with a model that is being opened. */
async function scoreWith(model: ChosenModel, { store, files, options, session }: Scoring): Promise<ExitCode> {
  const { fileScorer } = await import('../scoring/local-scoring.ts');
  const { placeCandidates } = await import('../scoring/place-candidates.ts');
  const { printResults } = await import('../terminal/file-results.ts');
  // With a damaged model the bucket stays as it is; the files are copied while that is found out.
  const verified = model.verifyCurrent();
  const [current, placed] = await Promise.allSettled([verified, placeCandidates(session.io, store, files, verified)]);
  if (current.status === 'rejected') throw current.reason;
  if (placed.status === 'rejected') throw placed.reason;
  // Not before modules are loaded and threads have started: with other flags V8 does not use what Node.js has compiled
  // of its own modules, and a thread takes twice as long to start.
  for (const flag of v8Flags(process.versions.node)) setFlagsFromString(flag);
  const results = await fileScorer(store, model, options, session)({ keys: placed.value });
  return printResults(session, results, options);
}

/** Prints what scoring the files would take. */
async function dryRun(files: readonly string[], options: ScoreOptions, session: Session): Promise<ExitCode> {
  loadBinaries(BINARIES);
  const { openBucket } = await import('../bucket.ts');
  const { foreseeScoring } = await import('../scoring/dry-run.ts');
  const { formatForeseen } = await import('../scoring/dry-run-text.ts');
  const store = await openBucket(session.io, options.bucket, 'read', options);
  const foreseen = await foreseeScoring(store, files, options, session);
  printResult(session.io, options.json, foreseen, formatForeseen(foreseen));
  return foreseen.files.every(({ problem }) => problem === null) ? EXIT_CODES.success : EXIT_CODES['bad data'];
}
