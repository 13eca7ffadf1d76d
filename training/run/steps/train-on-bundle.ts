/** The second step of a run whose training is PyTorch's: weights from a bundle, with a checkpoint in the bucket. */
import { link, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { trainedSchema } from '../../../lib/bundle/format.ts';
import {
  BUNDLE,
  fetchFolder,
  isThere,
  type RemoteFolder,
  sendFolder,
  TRAINED,
} from '../../../lib/bundle/remote-folder.ts';
import { runBundlePrefix } from '../../../lib/registry/keys.ts';
import { copyToFile } from '../../../lib/store/copy-to-file.ts';
import { ifThere } from '../../../lib/store/errno.ts';
import type { RunSettings } from '../environment.ts';
import { endedRun } from '../run.ts';
import type { RunTools } from '../tools.ts';
import { underLease } from '../under-lease.ts';
import { untilSpotNotice } from './spot-notice.ts';
import { runTrainer } from './trainer-process.ts';

/** The trainer's state, which names the weights of the networks whose training has ended. */
const CHECKPOINT = 'checkpoint.pt';
const WEIGHTS = /^\d+\.safetensors$/;

/**
 * Trains on the run's bundle in another process, sends each checkpoint that this writes, and in the end the weights. A
 * run that is started again continues from the last checkpoint.
 * @throws {DataError} where the bundle is not there, or cannot be trained on.
 * @throws {Error} where the trainer fails.
 */
export async function trainOnBundle(settings: RunSettings, tools: RunTools): Promise<void> {
  const { store, log } = tools;
  const { modelName, runId } = settings;
  if ((await endedRun(settings, tools)) !== null) return;
  const placeOf = (folder: 'bundle/' | 'trained/') => ({ store, prefix: runBundlePrefix(modelName, runId, folder) });
  const place = placeOf('trained/');
  await underLease(settings, tools, async ({ signal }, { scratch }) => {
    if (await isThere(TRAINED, place)) {
      log.info('trained before', { prefix: place.prefix });
      return;
    }
    const [bundle, out] = [join(scratch, 'bundle'), join(scratch, 'trained')];
    await fetchFolder(BUNDLE, placeOf('bundle/'), bundle, signal);
    await mkdir(out);
    await fetchCheckpoint(place, out);
    const stopping = untilSpotNotice(settings, { log, signal });
    try {
      await runTrainer({ settings, bundle, out, log, signal: stopping.signal, onTick: sender(place, out, tools) });
    } finally {
      stopping.end();
    }
    const trained = trainedSchema.parse(JSON.parse(await readFile(join(out, TRAINED.file), 'utf8')));
    await sendFolder(TRAINED, out, place, { description: trained });
    const { engine, device, processes, precision, seconds } = trained;
    log.info('trained', { prefix: place.prefix, engine, device, processes, precision, seconds });
  });
}

/** Fetches the last checkpoint that was sent, and the weights that it names. */
async function fetchCheckpoint({ store, prefix }: RemoteFolder, folder: string): Promise<void> {
  for await (const { key } of store.list(prefix)) {
    const name = key.slice(prefix.length);
    if (name === CHECKPOINT || WEIGHTS.test(name)) await copyToFile(store, { key }, join(folder, name));
  }
}

/** Returns what sends the checkpoint where the trainer has written another one. */
function sender({ store, prefix }: RemoteFolder, folder: string, { log, count }: RunTools): () => Promise<void> {
  const sent = new Map<string, number>();
  const sendNew = async (name: string, path: string) => {
    const at = (await stat(path)).mtimeMs;
    if (sent.get(name) === at) return;
    await store.putFile(`${prefix}${name}`, path);
    sent.set(name, at);
  };
  return async () => {
    const path = join(folder, CHECKPOINT);
    const written = await ifThere(stat(path));
    if (written === null || written.mtimeMs === sent.get(CHECKPOINT)) return;
    const started = performance.now();
    // A name of its own: the trainer replaces its file while this one is sent.
    const kept = join(folder, 'checkpoint.sent');
    await rm(kept, { force: true });
    // The trainer removes it once the weights are written.
    if ((await ifThere(link(path, kept).then(() => true))) === null) return;
    // First what it names, so that no checkpoint in the bucket names weights that are not there.
    for (const name of (await readdir(folder)).filter((file) => WEIGHTS.test(file)))
      await sendNew(name, join(folder, name));
    await sendNew(CHECKPOINT, kept);
    const seconds = (performance.now() - started) / 1000;
    count({ CheckpointSeconds: seconds });
    log.info('checkpoint sent', { bytes: (await stat(kept)).size, seconds });
  };
}
