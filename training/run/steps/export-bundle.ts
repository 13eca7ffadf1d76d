/** The first step of a run whose training is PyTorch's: its data as a training bundle in the bucket. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { encodeByFleet, type Fleet } from '../../../lib/bundle/fleet/encode-by-fleet.ts';
import type { Bundle } from '../../../lib/bundle/format.ts';
import { BUNDLE, isThere, sendFolder } from '../../../lib/bundle/remote-folder.ts';
import { writeBundle } from '../../../lib/bundle/write-bundle.ts';
import { foresee } from '../../../lib/gate/foresee.ts';
import { runBundlePrefix } from '../../../lib/registry/keys.ts';
import type { RunSettings } from '../environment.ts';
import { logEpoch, logSummary } from '../events.ts';
import { withRunLog } from '../open-run-log.ts';
import { readRemoteDeclaration } from '../remote-declaration.ts';
import { endedRun } from '../run.ts';
import type { RunTools } from '../tools.ts';
import { underLease } from '../under-lease.ts';
import { openWindow } from '../window.ts';

/**
 * Checks and encodes the window, and sends the bundle. A run that is started again does it once.
 * @throws {Error} where the data or the declaration cannot be used.
 */
export async function exportBundle(settings: RunSettings, tools: RunTools): Promise<void> {
  const { store, log } = tools;
  const { modelName, runId } = settings;
  if ((await endedRun(settings, tools)) !== null) return;
  const remote = await readRemoteDeclaration(store, settings);
  const place = { store, prefix: runBundlePrefix(modelName, runId, 'bundle/') };
  await underLease(settings, tools, async (held, { scratch }) => {
    if (await isThere(BUNDLE, place)) {
      log.info('exported before', { prefix: place.prefix });
      return;
    }
    await openWindow(settings, held, scratch);
    await withRunLog(settings, held, { ...remote, scratch }, async (opened, given) => {
      const folder = join(scratch, 'bundle');
      const fleet = fleetOf(settings, tools);
      const bundle = await writeBundle(opened, {
        ...given,
        ...(fleet && { encode: (log, options) => encodeByFleet(fleet, log, options) }),
        declarationText: remote.text,
        modelFile: remote.modelFile,
        memoryLimitMiB: settings.memoryMiB,
        folder,
        onSummary: (summary, counts) => logSummary(tools, summary, foresee(remote.declaration, summary, counts.test)),
        onNote: (note) => log.info('note', { note }),
        onEpoch: (epoch, rows, network) => logEpoch(tools, epoch, rows / epoch.seconds, network),
      });
      const sent = new Set(fleet === null ? [] : encodedFiles(bundle));
      await sendFolder(BUNDLE, folder, place, { description: bundle, sent, signal: held.signal });
      log.info('exported', { prefix: place.prefix, train: bundle.train.rows, validation: bundle.validation.rows });
    });
  });
}

/** Returns the functions that encode the rows; `null` where processes of this machine do. */
function fleetOf({ modelName, runId }: RunSettings, { store, ranges = null }: RunTools): Fleet | null {
  return ranges && { store, newWriterId: randomUUID, model: modelName, run: runId, ranges };
}

/** The files that functions have put into the bundle. */
function encodedFiles({ train, validation }: Bundle): string[] {
  return [train, validation].flatMap(({ files }) => files.map(({ path }) => path));
}
