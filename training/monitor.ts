/**
 * The entry of a scheduled run of monitoring, in the training container: everything comes from the environment
 * (`monitor/environment.ts`) and the bucket. Ends with an exit code of `exit-codes.ts`. A run may be repeated.
 */
import { EnvironmentError } from '../lib/config/environment.ts';
import { RUN_EXIT_CODES } from '../lib/contract/exit-codes.ts';
import { openEventBus } from '../lib/queue/event-bridge.ts';
import { monitoringCounter, openTelemetry } from '../lib/scoring/handlers/telemetry.ts';
import { openStore } from '../lib/store/open-store.ts';
import { firstLine } from '../lib/table/errors.ts';
import { failureCode } from './failure-code.ts';
import { monitorSettings } from './monitor/environment.ts';
import { runMonitoring } from './monitor/run.ts';
import { awaitTermination, TerminatedError } from './termination.ts';

/** A bucket or an event bus that is away for a minute is waited for. */
const PATIENCE_MS = 120_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const { log, metrics } = openTelemetry();
  const termination = awaitTermination(log, 'the next run begins anew');
  try {
    const settings = monitorSettings();
    const { bucket, modelName, runId, eventBus } = settings;
    log.appendKeys({ model: modelName, ...(runId !== null && { runId }) });
    const store = openStore(bucket, { patienceMs: PATIENCE_MS });
    const bus = eventBus === null ? null : openEventBus(eventBus, { patienceMs: PATIENCE_MS });
    const count = monitoringCounter(metrics, modelName);
    await runMonitoring(settings, { store, log, count, bus, signal: termination.signal });
    return RUN_EXIT_CODES.success;
  } catch (error) {
    log.error(firstLine(error), { error: error as Error });
    if (error instanceof TerminatedError) return RUN_EXIT_CODES.terminated;
    return error instanceof EnvironmentError ? RUN_EXIT_CODES.usage : failureCode(error);
  } finally {
    termination.ignore();
  }
}
