import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { windowKey } from '../../lib/registry/keys.ts';
import { putConditionally } from '../../lib/store/conditional-put.ts';
import { readRecord, recordText } from '../../lib/store/records.ts';
import { ObjectNotFoundError, type Store } from '../../lib/store/store.ts';
import type { RunSettings } from './environment.ts';
import { type DataWindow, dayBefore, fetchWindow, findWindow } from './partitions.ts';
import { RUN_RECORD_KINDS } from './records.ts';
import type { RunTools } from './tools.ts';

/** Fetches the window's files to the scratch disk. A run that is started again has the days that it began with. */
export async function openWindow(
  settings: RunSettings,
  { store, log, signal }: RunTools,
  scratch: string,
): Promise<DataWindow> {
  const { dataPrefix, windowDays, maxMissingDays } = settings;
  const until = settings.partitionsUntil ?? (await lastDayOf(store, settings));
  const window = await findWindow(store, { prefix: dataPrefix, days: windowDays, until, maxMissingDays });
  const { objects, bytes, from, missingDays } = window;
  log.info('data window', { from, until, files: objects.length, bytes, missingDays });
  const started = performance.now();
  let done = 0;
  let told = started;
  await fetchWindow(store, window, join(scratch, 'data'), {
    signal,
    onFile: ({ size }) => {
      done += size;
      const now = performance.now();
      if (now - told < 10_000) return;
      told = now;
      log.info('fetching', { bytes: done, total: bytes, secondsLeft: ((now - started) / 1000) * (bytes / done - 1) });
    },
  });
  log.info('fetched', { bytes, seconds: (performance.now() - started) / 1000 });
  return window;
}

async function lastDayOf(store: Store, { modelName, runId }: RunSettings): Promise<string> {
  const key = windowKey(modelName, runId);
  const until = dayBefore(await store.now());
  const content = recordText({ until });
  if (await putConditionally({ store, newWriterId: randomUUID }, { key, content, expected: null })) return until;
  const begun = await readRecord(store, RUN_RECORD_KINDS.window, { key });
  if (begun === null) throw new ObjectNotFoundError(key, store.url);
  return begun.value.until;
}
