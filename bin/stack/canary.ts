/** A test of a deployed stack by one row: put in its bucket as a candidate file, waited for, and removed again. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { failureKey, scoresFolder, scoresManifestKey, successKey } from '../../lib/contract/bucket.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { secondsText } from '../../lib/numbers/text.ts';
import { fetchModel } from '../../lib/predictor/open-model.ts';
import { type Failure, RECORDS, readRecord, type ScoresManifest } from '../../lib/scoring/protocol/records.ts';
import { getIfPresent } from '../../lib/store/records.ts';
import type { Store } from '../../lib/store/store.ts';
import { CANARY_KEY, writeCanary } from '../../lib/table/candidates/canary.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { readRows } from '../../lib/table/source/read-rows.ts';
import { requireCurrent } from '../chosen-model.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';
import type { Checked } from './finding.ts';

/** Largest relative difference of pctcvr from pctr x pcvr, all of them float32. */
const PRODUCT_TOLERANCE = 1e-5;
const LOOK_AGAIN_MS = 500;

/** Puts a file of one row, waits up to `wait` seconds for its scores, and takes both away again. */
export async function checkCanary(
  store: Store,
  name: string,
  { wait }: { readonly wait: number },
  { io, signal }: Session,
): Promise<Checked<null>> {
  return withScratch(io, async (scratch) => {
    const key = `candidates/entirespace-doctor/${new Date().toISOString().replaceAll(/[:.]/g, '-')}.parquet`;
    const database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch });
    try {
      const version = await requireCurrent(store, name);
      const { declaration } = await fetchModel(store, { name, version }, scratch);
      const path = join(scratch, 'canary.parquet');
      await writeCanary(database, declaration, path);
      const started = performance.now();
      await store.putFile(key, path);
      const ending = await endOf(store, key, wait, signal);
      const seconds = (performance.now() - started) / 1000;
      if (ending === null) return canary(false, silence(key, wait));
      if ('reason' in ending) return canary(false, `${key} failed: ${ending.message}`);
      const [part] = ending.parts;
      if (part === undefined) return canary(false, `${key} was scored without parts, expected one row`);
      const { columns, rows } = await readRows(database, await store.toFile(part.key, scratch), 1);
      const values = Object.fromEntries(columns.map((column, i) => [column, rows[0]?.[i] ?? null]));
      const outputs = stageGraph(declaration).outputs.map((output) => output.name);
      const problem = wrongScores(values, { keys: declaration.log.keys, outputs });
      return problem === null
        ? canary(true, `one row scored in ${secondsText(seconds)} by ${ending.model.name} ${ending.model.version}`)
        : canary(false, problem);
    } finally {
      await database.close();
      await removeAll(store, key);
    }
  });
}

/** The manifest or the failure of a file, once it is there; `null` where it takes too long. */
async function endOf(
  store: Store,
  key: string,
  seconds: number,
  signal: AbortSignal,
): Promise<ScoresManifest | Failure | null> {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end; ) {
    signal.throwIfAborted();
    const failure = await readRecord(store, RECORDS.failure, failureKey(key));
    if (failure !== null) return failure.value;
    if ((await getIfPresent(store, successKey(key))) !== null)
      return (await readRecord(store, RECORDS.manifest, scoresManifestKey(key)))?.value ?? null;
    await setTimeout(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

function silence(key: string, seconds: number): string {
  return `${key} had no scores after ${seconds} s, expected them: look at the logs of plan-shards (does S3 tell the arrivals queue? may it read models/?)`;
}

/**
 * Returns what is wrong with the canary's row of scores, `null` for nothing. Its other columns, those that are copied
 * from the candidates or computed, may hold anything.
 */
export function wrongScores(
  values: Readonly<Record<string, string | null>>,
  { keys, outputs }: { readonly keys: readonly string[]; readonly outputs: readonly string[] },
): string | null {
  const wrongKey = keys.find((key) => values[key] !== CANARY_KEY);
  if (wrongKey !== undefined) return `score has ${wrongKey} ${values[wrongKey]}, expected ${CANARY_KEY}`;
  const wild = outputs.find((output) => {
    const value = values[output] ?? null;
    return value === null || !(Number(value) >= 0 && Number(value) <= 1);
  });
  if (wild !== undefined) return `score ${wild} is ${values[wild] ?? 'missing'}, expected a probability`;
  const { pctr, pcvr, pctcvr } = values;
  if (pctr == null || pcvr == null || pctcvr == null) return null;
  const product = Number(pctr) * Number(pcvr);
  // A pcvr that is a quotient, as that of model type division, is clipped to 1 where pctcvr is above pctr.
  if (Number(pcvr) === 1 && Number(pctcvr) > product) return null;
  return Math.abs(Number(pctcvr) - product) <= PRODUCT_TOLERANCE * product
    ? null
    : `score pctcvr is ${pctcvr}, expected pctr x pcvr = ${product}`;
}

async function removeAll(store: Store, key: string): Promise<void> {
  await store.delete(key);
  for await (const object of store.list(scoresFolder(key))) await store.delete(object.key);
}

function canary(isOk: boolean, detail: string): Checked<null> {
  return { findings: [{ check: 'canary', isOk, detail }], value: null };
}
