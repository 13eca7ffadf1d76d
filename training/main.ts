/**
 * The training container's entry: everything comes from the environment (`run/environment.ts`) and the bucket. Ends
 * with an exit code of `exit-codes.ts`; at SIGTERM with 143, the state of the training kept in the bucket, from which
 * the next start continues.
 */
import { join } from 'node:path';
import { openRanges } from '../lib/bundle/fleet/ranges-queue.ts';
import { EnvironmentError } from '../lib/config/environment.ts';
import { RUN_EXIT_CODES } from '../lib/contract/exit-codes.ts';
import { promotes } from '../lib/gate/verdict.ts';
import { LeaseHeldError, LeaseLostError } from '../lib/registry/errors.ts';
import { openTelemetry, runCounter } from '../lib/scoring/handlers/telemetry.ts';
import { openStore } from '../lib/store/open-store.ts';
import { firstLine } from '../lib/table/errors.ts';
import { failureCode } from './failure-code.ts';
import { type RunSettings, runSettings } from './run/environment.ts';
import { checkHealth } from './run/health.ts';
import { runStep } from './run/steps/run-step.ts';
import { SpotNoticeError } from './run/steps/spot-notice.ts';
import { awaitTermination, TerminatedError } from './termination.ts';

/** A bucket that is away for a minute costs no training; this is the time, too, that a container has to end. */
const PATIENCE_MS = 120_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const { log, metrics } = openTelemetry();
  const termination = awaitTermination(log, 'what was learnt is kept, the same run id goes on from it');
  let settings: RunSettings | null = null;
  try {
    settings = runSettings();
    log.appendKeys({ model: settings.modelName, runId: settings.runId });
    log.info('started', { ...(await checkHealth(settings)) });
    const store = openStore(settings.bucket, { patienceMs: PATIENCE_MS });
    const count = runCounter(metrics, settings.modelName);
    const ranges = settings.ranges && openRanges(settings.ranges);
    const result = await runStep(settings, { store, log, count, ranges, signal: termination.signal });
    return result === null || promotes({ verdict: result.status })
      ? RUN_EXIT_CODES.success
      : RUN_EXIT_CODES['not promoted'];
  } catch (error) {
    log.error(explain(error, settings), { error: error as Error });
    return exitCodeOf(error);
  } finally {
    termination.ignore();
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof TerminatedError || error instanceof SpotNoticeError) return RUN_EXIT_CODES.terminated;
  if (error instanceof LeaseHeldError || error instanceof LeaseLostError) return RUN_EXIT_CODES['another run'];
  return error instanceof EnvironmentError ? RUN_EXIT_CODES.usage : failureCode(error);
}

/** One line, with the setting that helps where one does; files by their place in the bucket. */
function explain(error: unknown, settings: RunSettings | null): string {
  const message = firstLine(error);
  if (settings === null) return message;
  const { scratch, memoryMiB, modelName, bucket, dataPrefix } = settings;
  // An error of writing to the bucket names its key, and has another cause.
  if (/no space left|file too large/i.test(message) && !message.startsWith('cannot '))
    return `no room for scratch files in ${scratch}: give SCRATCH a larger disk (${message})`;
  if (/Out of Memory Error/i.test(message))
    return `the log does not fit in ${memoryMiB} MiB: raise MEMORY_MIB, or lower THREADS (${message})`;
  const local = join(scratch, `entirespace-${modelName}`, 'data');
  const place = bucket.replace(/\/$/, '');
  return message.replaceAll(`${local}/`, `${place}/`).replaceAll(local, `${place}/${dataPrefix}`.replace(/\/$/, ''));
}
