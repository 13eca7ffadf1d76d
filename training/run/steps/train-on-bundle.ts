/** The second step of a run whose training is PyTorch's: weights from a bundle, with a checkpoint in the bucket. */
import { fileURLToPath } from 'node:url';
import { isThere, type RemoteFolder, readDescription, TRAINED } from '../../../lib/bundle/remote-folder.ts';
import { runBundlePrefix } from '../../../lib/registry/keys.ts';
import type { RunSettings } from '../environment.ts';
import { endedRun } from '../run.ts';
import type { RunTools } from '../tools.ts';
import { underLease } from '../under-lease.ts';
import { untilSpotNotice } from './spot-notice.ts';
import { runTrainer } from './trainer-process.ts';

/** What the program says of each checkpoint. */
const CHECKPOINT_KEPT = /^checkpoint kept in ([\d.]+) s$/;

/**
 * Trains on the run's bundle in another process, which keeps its checkpoints in the bucket, and in the end the weights. A
 * run that is started again continues from the last checkpoint.
 * @throws {DataError} where the bundle is not there, or cannot be trained on.
 * @throws {Error} where the trainer fails.
 */
export async function trainOnBundle(settings: RunSettings, tools: RunTools): Promise<void> {
  const { store, log, count } = tools;
  const { modelName, runId } = settings;
  if ((await endedRun(settings, tools)) !== null) return;
  const placeOf = (folder: 'bundle/' | 'trained/') => ({ store, prefix: runBundlePrefix(modelName, runId, folder) });
  const place = placeOf('trained/');
  await underLease(settings, tools, async ({ signal }, { scratch }) => {
    if (await isThere(TRAINED, place)) {
      log.info('trained before', { prefix: place.prefix });
      return;
    }
    const stopping = untilSpotNotice(settings, { log, signal });
    const onLine = (line: string) => {
      const [, text] = CHECKPOINT_KEPT.exec(line) ?? [];
      if (text === undefined) return;
      const seconds = Number(text);
      count({ CheckpointSeconds: seconds });
      log.info('checkpoint kept', { seconds });
    };
    const [bundle, out] = [urlOf(placeOf('bundle/')), urlOf(place)];
    try {
      await runTrainer({ settings, bundle, out, scratch, log, signal: stopping.signal, onLine });
    } finally {
      stopping.end();
    }
    const { engine, device, processes, precision, seconds } = await readDescription(TRAINED, place);
    log.info('trained', { prefix: place.prefix, engine, device, processes, precision, seconds });
  });
}

/** Where the program finds a place: `s3://bucket/folder`, or the path of a folder. */
function urlOf({ store, prefix }: RemoteFolder): string {
  const url = `${store.url}/${prefix.replace(/\/$/, '')}`;
  return store.hasFiles ? fileURLToPath(url) : url;
}
