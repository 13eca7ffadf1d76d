import { foresee } from '../../lib/gate/foresee.ts';
import { type LogReport, validateLog } from '../../lib/table/fit/validate.ts';
import { withLog } from '../../lib/table/open-log.ts';
import type { estimateTraining } from '../../lib/training/estimate.ts';
import { isLoadable } from '../binaries.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import type { Project } from './read-project.ts';
import { progressOn } from './show-progress.ts';
import type { ExpectedTraining } from './training-text.ts';

interface InspectOptions {
  readonly threads: number;
  readonly memory: number;
  /** Whether training is estimated, by some steps of it. @default true */
  readonly isEstimated?: boolean;
  /** Where the bad rows go, if there are any. */
  readonly rejects?: string;
}

/** A report on a log, and what training on it will take. */
export interface InspectedLog extends LogReport {
  /** `null` where it is not estimated. */
  readonly training: ExpectedTraining | null;
}

/** Checks a log against a declaration, and estimates the training on it. */
export function inspectLog(
  { declaration, modelFile }: Pick<Project, 'declaration' | 'modelFile'>,
  path: readonly string[],
  { threads, memory, rejects, isEstimated = true }: InspectOptions,
  { io, signal }: Session,
): Promise<InspectedLog> {
  const bar = progressBar(io.stderr);
  const onProgress = progressOn(bar);
  return withScratch(io, (scratch) => {
    const limits = { scratch, threads, memoryLimitMiB: memory };
    const options = {
      declaration,
      dataPath: path,
      cwd: io.cwd,
      ...limits,
      ...(rejects && { rejectsPath: rejects }),
      signal,
      onProgress,
    };
    return withLog(options, async (opened) => {
      const { database, log, began } = opened;
      const openSeconds = (performance.now() - began) / 1000;
      const { encoder, measureSeconds, ...report } = await validateLog(database, log, onProgress);
      const readSeconds = openSeconds + measureSeconds;
      signal.throwIfAborted();
      const estimated = { opened, encoder, summary: report.summary };
      const canEstimate = isEstimated && isLoadable('onnxruntime');
      const estimate = canEstimate ? await estimateOf(estimated, { threads, scratch, modelFile, signal }) : null;
      const { refusals, notes } = foresee(declaration, report.summary, report.heldOut.test);
      const refused = refusals.map((refusal) => `the gate would refuse a version: ${refusal}`);
      const unknown = isEstimated && !canEstimate ? [NOT_ESTIMATED] : [];
      const told = [...report.summary.notes, ...notes, ...refused, ...unknown];
      return {
        ...report,
        summary: { ...report.summary, notes: told },
        training: estimate && { ...estimate, readSeconds },
      };
    });
  }).finally(() => bar.stop());
}

const NOT_ESTIMATED = 'time and memory of training are not estimated: onnxruntime cannot be loaded here';

/** A log can be checked where the library that trains is not there, so that is loaded last. */
async function estimateOf(...of: Parameters<typeof estimateTraining>): ReturnType<typeof estimateTraining> {
  const { estimateTraining: estimate } = await import('../../lib/training/estimate.ts');
  return estimate(...of);
}
