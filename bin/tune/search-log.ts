/** Searches over the settings of a declaration on a log, with a display of the progress. */
import { createHash } from 'node:crypto';
import type { LogSummary } from '../../lib/table/fit/summary.ts';
import { withLog } from '../../lib/table/open-log.ts';
import type { Progress } from '../../lib/training/progress.ts';
import { encodeForTrials } from '../../lib/tune/encode-log.ts';
import { KNOBS } from '../../lib/tune/knobs.ts';
import { search } from '../../lib/tune/search.ts';
import { bestTrial, type Trial } from '../../lib/tune/trial.ts';
import { readTrials, TuneFileError, writeTrials } from '../../lib/tune/tune-file.ts';
import { withScratch } from '../scratch.ts';
import { type Session, UsageError } from '../terminal/exit.ts';
import { pathIn, printError } from '../terminal/io.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { trialLine } from '../terminal/tune-text.ts';
import type { Project } from '../training/read-project.ts';
import { showProgress } from '../training/show-progress.ts';

export interface SearchLogOptions {
  readonly project: Project;
  readonly data: readonly string[];
  /** Path of the file with the trials. */
  readonly out: string;
  readonly trials: number;
  readonly seed: number;
  readonly rejects: string;
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
}

/** Runs the trials that are left, and returns all. `onSummary` is called once the log is encoded. */
export async function searchLog(
  options: SearchLogOptions,
  { io, signal }: Session,
  onSummary: (summary: LogSummary) => void,
): Promise<readonly Trial[]> {
  const { declaration, text, modelFile } = options.project;
  const { data, trials, seed, rejects, threads, memory } = options;
  const out = pathIn(io, options.out);
  const bar = progressBar(io.stderr);
  const tell = (line: string) => {
    bar.stop();
    printError(io, line);
  };
  let number = 0;
  const onProgress = (progress: Progress) =>
    showProgress(bar, progress, number === 0 ? '' : `trial ${number}/${trials} `);
  return withScratch(io, (scratch) => {
    const log = { declaration, dataPath: data, cwd: io.cwd, rejectsPath: rejects, memoryLimitMiB: memory };
    const work = { scratch, threads, onProgress, signal };
    return withLog({ ...log, ...work }, async (opened) => {
      const encoded = await encodeForTrials(opened, { ...work, declarationText: text, modelFile });
      onSummary(encoded.summary);
      if (encoded.rows.validation.rows === 0)
        throw new UsageError(
          `no row is in the validation part, by which trials are compared (${encoded.summary.split})`,
        );
      const identity = {
        declarationSha256: createHash('sha256')
          .update(text)
          .update(modelFile?.bundle.sha256 ?? '')
          .digest('hex'),
        trainingDigest: encoded.summary.parts.train.digest,
        seed,
      };
      const before = await readTrials(out, options.out, identity).catch((error: unknown) => {
        throw error instanceof TuneFileError ? new UsageError(error.message) : error;
      });
      if (before.length > 0) tell(`going on from ${options.out}: ${before.length} of ${trials} trials are done`);
      let seconds = 0;
      return await search(encoded, {
        knobs: KNOBS,
        trials,
        seed,
        before,
        onStart: (next) => {
          number = next;
        },
        async onTrial(trial, all) {
          await writeTrials(out, { identity, best: bestTrial(all)?.number ?? null, trials: all });
          seconds += trial.seconds;
          const left = (seconds / (all.length - before.length)) * (trials - all.length);
          tell(trialLine(trial, all, trials, left));
        },
      });
    });
  }).finally(() => bar.stop());
}
