/**
 * One training run, from the data in the bucket to the gate's decision. It holds the model's lease, so that no other
 * run trains the model meanwhile, and continues from the last checkpoint if that was made with the same data and
 * settings.
 *
 * A run is identified by its run id. If it is started again, it skips what its records in the bucket say was done: with
 * a `result` it is over, and with a `conclusion` the version is published and only the promotion may be missing.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchFolder, TRAINED } from '../../lib/bundle/remote-folder.ts';
import { trainedElsewhere } from '../../lib/bundle/trained-networks.ts';
import { requireEngine } from '../../lib/engine/create-engine.ts';
import { foresee } from '../../lib/gate/foresee.ts';
import { settle } from '../../lib/gate/settle.ts';
import { promotes } from '../../lib/gate/verdict.ts';
import { currentVersion } from '../../lib/registry/current.ts';
import { ModelCorruptedError, VersionNotFoundError } from '../../lib/registry/errors.ts';
import { fetchVersion } from '../../lib/registry/fetch-version.ts';
import { conclusionKey, resultKey, runBundlePrefix } from '../../lib/registry/keys.ts';
import type { Logger } from '../../lib/scoring/protocol/ports.ts';
import { InvalidRecordError, readRecord, recordText } from '../../lib/store/records.ts';
import type { Store } from '../../lib/store/store.ts';
import { firstLine } from '../../lib/table/errors.ts';
import { Checkpoints, clearCheckpoints } from '../../lib/training/checkpoints.ts';
import { type TrainedModel, trainOn } from '../../lib/training/train.ts';
import type { Elsewhere } from '../../lib/training/training-options.ts';
import type { ChampionFiles } from '../../lib/training/weights/warm-start.ts';
import { judgeAndPublish } from '../judge-and-publish.ts';
import type { RunSettings } from './environment.ts';
import { logCheckpoint, logEpoch, logSummary } from './events.ts';
import { withRunLog } from './open-run-log.ts';
import type { DataWindow } from './partitions.ts';
import { type Conclusion, RUN_RECORD_KINDS, type RunResult } from './records.ts';
import { type RemoteDeclaration, readRemoteDeclaration } from './remote-declaration.ts';
import type { RunTools } from './tools.ts';
import { type Held, underLease } from './under-lease.ts';
import { openWindow } from './window.ts';

/**
 * Runs a training run, or its last step, and returns its result.
 * @throws {Error} if the run ends without a decision. Nothing is promoted then, and the run can be started again.
 */
export async function runTraining(settings: RunSettings, tools: RunTools): Promise<RunResult> {
  const ended = await endedRun(settings, tools);
  if (ended !== null) return ended;
  const remote = await readRemoteDeclaration(tools.store, settings);
  requireEngine(remote.declaration.training.engine, settings);
  return underLease(settings, tools, (held, given) => runUnderLease(settings, held, { ...remote, ...given }));
}

/** Returns the result of a run that is over; `null` of one that is not. */
export async function endedRun({ modelName, runId }: RunSettings, { store, log }: RunTools): Promise<RunResult | null> {
  const ended = (await readRecord(store, RUN_RECORD_KINDS.result, { key: resultKey(modelName, runId) }))?.value;
  if (ended === undefined) return null;
  log.info('run is over already', { ...ended });
  return ended;
}

/** Everything that a run reads or takes before it trains. */
interface Prepared extends RemoteDeclaration, Held {}

/** Trains and publishes, unless this run has before, then promotes or refuses the version and records the result. */
async function runUnderLease(settings: RunSettings, tools: RunTools, prepared: Prepared): Promise<RunResult> {
  const { store, log, count } = tools;
  const { modelName, runId } = settings;
  const { lease } = prepared;
  const started = performance.now();
  const earlier = (await readRecord(store, RUN_RECORD_KINDS.conclusion, { key: conclusionKey(modelName, runId) }))
    ?.value;
  if (earlier !== undefined) log.info('published before', { version: earlier.version });
  const { version, at, rows, decision } = earlier ?? (await trainAndPublish(settings, tools, prepared));
  // A run that has lost the lease fails here. If it loses the lease later, the promotion's compare-and-swap fails.
  await lease.renew();
  const settled = await settle(
    store,
    { name: modelName, version, at: new Date(at), trainingEpoch: lease.epoch },
    decision,
  );
  const result: RunResult = {
    formatVersion: RUN_RECORD_KINDS.result.formatVersion,
    runId,
    model: modelName,
    status: settled.verdict,
    version,
    champion: settled.champion,
    reasons: settled.reasons,
    seconds: (performance.now() - started) / 1000,
  };
  await store.put(resultKey(modelName, runId), recordText(result));
  await clearCheckpoints(store, modelName);
  if (settings.step === 'publish') await clearBundle(settings, store);
  await store.delete(conclusionKey(modelName, runId));
  count({ RunRows: rows, RunSeconds: result.seconds, Promoted: promotes(settled) ? 1 : 0 });
  log.info('decided', { ...result });
  return result;
}

/** Trains a version, compares it with the champion, publishes it, and records the gate's decision. */
async function trainAndPublish(settings: RunSettings, tools: RunTools, prepared: Prepared): Promise<Conclusion> {
  const { store, log } = tools;
  const { modelName, runId, hourlyUsd } = settings;
  const { declaration, scratch } = prepared;
  const began = performance.now();
  const elsewhere = settings.step === 'publish' ? await fetchTrained(settings, tools, scratch) : null;
  const window = await openWindow(settings, tools, scratch);
  const champion = settings.warmStart ? await fetchChampion(store, log, modelName, scratch) : null;
  const learnt =
    elsewhere === null
      ? { checkpoints: await openCheckpoints(settings, tools, prepared, { window, champion }) }
      : { elsewhere };
  return withRunLog(settings, tools, prepared, async (opened, work) => {
    const run = await trainOn(opened, {
      ...work,
      declarationText: prepared.text,
      modelFile: prepared.modelFile,
      ...learnt,
      ...(champion && { champion, onWarmStart: (report) => log.info('warm start', { ...report }) }),
      onSummary: (summary, counts) => logSummary(tools, summary, foresee(declaration, summary, counts.test)),
      onNote: (note) => log.info('note', { note }),
      onEpoch: (epoch, rows, network) => logEpoch(tools, epoch, rows / epoch.seconds, network),
    });
    // The files were read from the scratch folder; the manifest names the place in the bucket that they came from.
    const source = `${store.url}/${settings.dataPrefix}dt=${window.from}/ to dt=${window.until}/`;
    const trained: TrainedModel = { ...run.trained, summary: { ...run.trained.summary, source } };
    const { version, decision, at } = await judgeAndPublish({
      ...work,
      ...run,
      store,
      opened,
      trained,
      began,
      // What its other steps cost is not known to the last one.
      hourlyUsd: elsewhere === null ? hourlyUsd : null,
      onReportProblem: (error) => log.error('report could not be made', { error }),
    });
    log.info('published', { version, ...outcomeOf(trained) });
    const conclusion: Conclusion = { version, at: at.toISOString(), rows: trained.summary.rows, decision };
    await store.put(conclusionKey(modelName, runId), recordText(conclusion));
    return conclusion;
  });
}

/** Fetches the weights that the run's training elsewhere has sent. */
async function fetchTrained(settings: RunSettings, { store, signal }: RunTools, scratch: string): Promise<Elsewhere> {
  const folder = join(scratch, 'trained');
  const prefix = runBundlePrefix(settings.modelName, settings.runId, 'trained/');
  await fetchFolder(TRAINED, { store, prefix }, folder, signal);
  return trainedElsewhere(folder);
}

/** Removes what a run handed from step to step. */
async function clearBundle({ modelName, runId }: RunSettings, store: Store): Promise<void> {
  for await (const { key } of store.list(runBundlePrefix(modelName, runId, ''))) await store.delete(key);
}

/**
 * Fetches the current version, with whose weights training begins. Returns `null`, and logs why, if there is none or
 * its files are gone or damaged.
 */
async function fetchChampion(store: Store, log: Logger, name: string, scratch: string): Promise<ChampionFiles | null> {
  const current = await currentVersion(store, name);
  if (current === null) {
    log.info('no warm start', { why: 'no version is in use' });
    return null;
  }
  const { version } = current;
  try {
    return { version, folder: await fetchVersion(store, name, version, join(scratch, 'champion')) };
  } catch (error) {
    if (!UNFIT_CHAMPION.some((type) => error instanceof type)) throw error;
    log.error('no warm start', { version, why: firstLine(error) });
    return null;
  }
}

/**
 * Errors which say that the champion's files are gone or changed: training then begins with initial weights. All
 * others, such as a bucket that cannot be reached, end the run, since without the champion it would train another
 * model.
 */
const UNFIT_CHAMPION = [VersionNotFoundError, ModelCorruptedError, InvalidRecordError];

/**
 * Opens the checkpoints of this training. It continues only from one with the same identity: the same declaration,
 * model file, data, champion, seed and training engine.
 */
async function openCheckpoints(
  { modelName, checkpointMinutes, threads }: RunSettings,
  tools: RunTools,
  { declaration, text, modelFile, lease, scratch }: Prepared,
  { window, champion }: { readonly window: DataWindow; readonly champion: ChampionFiles | null },
): Promise<Checkpoints> {
  const folder = join(scratch, 'checkpoint');
  await mkdir(folder);
  return new Checkpoints({
    store: tools.store,
    name: modelName,
    identity: {
      declarationSha256: createHash('sha256').update(text).digest('hex'),
      modelFileSha256: modelFile?.bundle.sha256 ?? null,
      dataSha256: window.sha256,
      warmStart: champion?.version ?? null,
      seed: declaration.training.seed,
      engine: declaration.training.engine,
    },
    epoch: lease.epoch,
    everyMs: checkpointMinutes * 60_000,
    threads,
    scratch: folder,
    onEvent: (event) => logCheckpoint(tools, event),
  });
}

function outcomeOf({ networks, seconds, resumed }: TrainedModel) {
  const epochs = networks.map(({ name, epochs: { length }, bestEpoch, stopped }) => {
    return { ...(name !== null && { network: name }), epochs: length, bestEpoch, stopped };
  });
  return { ...(epochs.length === 1 ? epochs[0] : { networks: epochs }), seconds, resumed };
}
