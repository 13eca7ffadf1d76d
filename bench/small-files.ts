/** Many small files through the planner's handler, which plans, scores and finishes each in one go. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { count } from '../lib/numbers/text.ts';
import { planShardsHandler } from '../lib/scoring/handlers/plan-shards.ts';
import { arrivalBody } from '../lib/scoring/protocol/events.ts';
import type { CandidateFiles } from '../lib/scoring/protocol/ports.ts';
import { candidateFiles } from '../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../lib/scoring/rows/models.ts';
import { registryModels } from '../lib/scoring/rows/registry-models.ts';
import { sqsRecord } from '../test/functions/batch.ts';
import { type AwsSite, MODEL_IDS } from './aws.ts';
import { writeSynthetic } from './synthetic.ts';
import { timedStore } from './timed-store.ts';

const FILES = 1_000;
const ROWS = 1_000;
// As Lambda does.
const BATCH = 10;

/** Scores the files, and says where the time of a file goes. */
export async function benchSmallFiles(site: AwsSite): Promise<string> {
  const path = join(site.scratch, 'small.parquet');
  await writeSynthetic(site.database, path, ROWS, MODEL_IDS);
  const bodies: string[] = [];
  const eventTime = new Date().toISOString();
  for (let file = 0; file < FILES; file++) {
    const key = `candidates/small/${file}.parquet`;
    const { versionId } = await site.store.putFile(key, path);
    bodies.push(arrivalBody({ bucket: 'bench', key, versionId, sequencer: '01', eventTime, attempt: 1 }));
  }
  const timed = timedStore(site.store);
  const started = performance.now();
  const scoring = await handleArrivals({ ...site, store: timed.store }, bodies, timed.milliseconds);
  const total = performance.now() - started;
  const perFile = (milliseconds: number) => `${(milliseconds / FILES).toFixed(1)} ms`;
  const rest = total - scoring - timed.milliseconds();
  return `${count(FILES)} files of ${count(ROWS)} rows: ${perFile(total)} a file, of which scoring ${perFile(scoring)}, ${(timed.calls() / FILES).toFixed(1)} calls of the store ${perFile(timed.milliseconds())}, the rest ${perFile(rest)}`;
}

/** Passes arrivals to the handler, and returns the milliseconds of scoring, without those of the store. */
async function handleArrivals(
  { store, model, scratch: parent, threads }: AwsSite,
  bodies: readonly string[],
  storeMilliseconds: () => number,
): Promise<number> {
  const scratch = join(parent, 'models');
  await mkdir(scratch, { recursive: true });
  const loader = new ModelLoader(store, { scratch, threads, memoryLimitMiB: 2048 });
  const files = candidateFiles({ store, models: loader, scratch });
  let milliseconds = 0;
  const timedFiles: CandidateFiles = {
    ...files,
    async scoreShard(request) {
      const before = performance.now() - storeMilliseconds();
      const scored = await files.scoreShard(request);
      milliseconds += performance.now() - storeMilliseconds() - before;
      return scored;
    },
  };
  const handler = planShardsHandler({
    store,
    newWriterId: randomUUID,
    now: () => new Date(),
    models: registryModels(store, model),
    files: timedFiles,
    shards: { send: () => Promise.reject(new Error('a small file needs no message')) },
    inOneGo: { files: timedFiles, scratch, hasTime: () => true },
    log: { info: () => undefined, error: (_, { error }) => console.error(error) },
  });
  try {
    for (let first = 0; first < bodies.length; first += BATCH) {
      const Records = bodies.slice(first, first + BATCH).map((body, i) => sqsRecord(String(i), { body }));
      const { batchItemFailures } = await handler({ Records });
      if (batchItemFailures.length > 0) throw new Error("benchmark's small files were not scored");
    }
    return milliseconds;
  } finally {
    await loader.release();
  }
}
