/** What planning, scoring and finishing do to the store, one after the other. */
import { describe, expect, it } from 'vitest';
import { planKey, receiptKey } from '../../../lib/contract/bucket.ts';
import { ONE_GO_ROWS } from '../../../lib/contract/limits.ts';
import { CandidateFileError } from '../../../lib/scoring/errors.ts';
import { type FileVersion, fileVersion, refusalKey } from '../../../lib/scoring/protocol/keys.ts';
import { parseShardMessage } from '../../../lib/scoring/protocol/messages.ts';
import { planFile } from '../../../lib/scoring/protocol/plan.ts';
import type { CandidateFiles, CurrentModel } from '../../../lib/scoring/protocol/ports.ts';
import { checkShown, checkWhole, outcomeOf, planOf, see } from '../world/invariants.ts';
import {
  changesOfRepeating,
  directTools,
  drain,
  oneGoWork,
  planWork,
  runToPlan,
  runToReceipts,
  runWhole,
  shardWork,
} from '../world/steps.ts';
import {
  arrivalAt,
  FOLDER,
  fakeFiles,
  KEY,
  type MemoryStore,
  MODEL,
  memoryStore,
  putCandidate,
  SHARD,
  type Shards,
  scratch,
  TWO_SHARDS,
} from '../world/world.ts';

const ALL_REJECTED: Shards = [{ scored: 0, rejected: 10 }];
const DECIDED_AT = '2025-12-31T00:00:00.000Z';

describe('a file that succeeds', () => {
  it('has a manifest that names its parts and counts its rows', async () => {
    const { store, file } = await scored(TWO_SHARDS);
    checkWhole(store, file, TWO_SHARDS);
    const label = file.source.slice(0, 8);
    expect(see(store).manifest).toEqual({
      formatVersion: 2,
      source: file.source,
      key: KEY,
      versionId: 'v1',
      model: { name: 'hillstrom', version: 'm1' },
      parts: [
        { key: `${FOLDER}part-${label}-00000.parquet`, rows: 8, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        { key: `${FOLDER}part-${label}-00001.parquet`, rows: 10, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      ],
      rejects: [`rejects/day=1/today.parquet/part-${label}-00000.parquet`],
      rowsIn: 20,
      scored: 18,
      rejected: 2,
      rejectedByReason: { missing_key: 2 },
      features: { item: { rows: 18, missing: 0, values: 18, unknown: 0, usual: { missing: 0, unknown: 0.25 } } },
      repeatedKeys: 0,
      notes: [],
      seconds: 0,
      cpuModels: [expect.any(String)],
      plannedAt: DECIDED_AT,
      finishedAt: DECIDED_AT,
    });
  });

  it('may have no rows, and then ends with the planner', async () => {
    const { store, file } = await scored([]);
    checkWhole(store, file, []);
    expect(see(store).parts).toEqual([]);
  });

  it('may have only bad rows, where the declaration allows it', async () => {
    const shards = [{ scored: 0, rejected: 10 }];
    const { store, file } = await scored(shards, { ...MODEL, limits: { ...MODEL.limits, maxRejected: 1 } });
    checkWhole(store, file, shards);
  });

  it('is scored with the version of its plan, though another one was promoted half-way', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, TWO_SHARDS);
    await shardWork(file, 0, fakeFiles(TWO_SHARDS))(directTools(store));
    await planWork(file, fakeFiles(TWO_SHARDS), { ...MODEL, version: 'm2' })(directTools(store));
    await shardWork(file, 1, fakeFiles(TWO_SHARDS))(directTools(store));
    checkWhole(store, file, TWO_SHARDS);
    expect(see(store).manifest?.model.version).toBe('m1');
  });

  it('takes the place of an older version, all of whose parts go', async () => {
    const store = memoryStore();
    await runWhole(store, await putCandidate(store, 1), TWO_SHARDS);
    const newer = await putCandidate(store, 2);
    await runWhole(store, newer, SHARD);
    checkWhole(store, newer, SHARD);
  });

  it('keeps the scores of files in folders named after it', async () => {
    const store = memoryStore();
    const nested = await putCandidate(store, 1, `${KEY}/part-a.csv`);
    await runWhole(store, nested, SHARD);
    await runWhole(store, await putCandidate(store, 2), SHARD);
    await runWhole(store, await putCandidate(store, 3), SHARD);
    expect(store.keys()).toContain(`scores/day=1/today.parquet/part-a.csv/_SUCCESS`);
    expect(store.keys()).toContain(
      `scores/day=1/today.parquet/part-a.csv/part-${nested.source.slice(0, 8)}-00000.parquet`,
    );
  });

  it('can be scored again on purpose, into parts of other names', async () => {
    const { store, file } = await scored(TWO_SHARDS);
    const again = fileVersion({ ...file, attempt: 2 });
    await runWhole(store, again, TWO_SHARDS, { ...MODEL, version: 'm2' });
    checkWhole(store, again, TWO_SHARDS);
    expect(see(store).manifest).toMatchObject({ source: `${file.source}-2`, model: { version: 'm2' } });
    expect(see(store).parts).toContain(`${FOLDER}part-${file.source.slice(0, 8)}-2-00001.parquet`);
  });

  it('is not touched when its arrival comes again after its work has expired', async () => {
    const { store, file } = await scored(SHARD);
    for (const key of store.keys().filter((name) => name.startsWith('_work/'))) await store.delete(key);
    const later = arrivalAt(KEY, file.versionId, 99);
    const before = store.keys();
    const result = await planWork(fileVersion(later), fakeFiles(SHARD))(directTools(store));
    expect(result).toEqual({ status: 'superseded', key: KEY, source: file.source });
    expect(store.keys()).toEqual(before);
  });
});

describe('a file whose scores somebody deleted in part', () => {
  it('is made whole where its message comes again', async () => {
    const { store, file } = await scored(TWO_SHARDS);
    await store.delete(see(store).parts[1] ?? '');
    await shardWork(file, 0, fakeFiles(TWO_SHARDS))(directTools(store));
    checkWhole(store, file, TWO_SHARDS);
  });
});

describe('an older version', () => {
  it('whose event comes after the newer one has ended is not planned', async () => {
    const store = memoryStore();
    const older = await putCandidate(store, 1);
    const newer = await putCandidate(store, 2);
    await runWhole(store, newer, SHARD);
    expect(await changesOfRepeating(store, older, fakeFiles(SHARD))).toEqual([]);
    expect(planOf(store, older)).toBeNull();
  });

  it('that ends after the newer one leaves no trace under scores/', async () => {
    const store = memoryStore();
    const older = await putCandidate(store, 1);
    await runToReceipts(store, older, SHARD);
    const newer = await putCandidate(store, 2);
    await runWhole(store, newer, TWO_SHARDS);
    await shardWork(older, 0, fakeFiles(SHARD))(directTools(store));
    expect(outcomeOf(store, older.source)?.status).toBe('succeeded');
    checkWhole(store, newer, TWO_SHARDS);
  });

  /** The same store, in which something happens once, right before that record is put. */
  const beforePut = (store: MemoryStore, record: string, happen: () => Promise<unknown>): MemoryStore => {
    let hasHappened = false;
    return {
      ...store,
      async put(key, body, options) {
        if (key.endsWith(record) && !hasHappened) {
          hasHappened = true;
          await happen();
        }
        return store.put(key, body, options);
      },
    };
  };
  const sourcesIn = (store: MemoryStore, record: string) =>
    store.versions(`${FOLDER}${record}`).map(({ body }) => /[0-9a-f]{16}/.exec(new TextDecoder().decode(body))?.[0]);

  it('writes no _SUCCESS once a newer one holds the pointer', async () => {
    const store = memoryStore();
    const older = await putCandidate(store, 1);
    await runToReceipts(store, older, SHARD);
    const newer = await putCandidate(store, 2);
    await runToReceipts(store, newer, SHARD);
    const killed: MemoryStore = { ...store, copy: () => Promise.reject(new Error('killed')) };
    const overtaken = beforePut(store, '_manifest.json', () =>
      expect(shardWork(newer, 0, fakeFiles(SHARD))(directTools(killed))).rejects.toThrow('killed'),
    );
    await shardWork(older, 0, fakeFiles(SHARD))(directTools(overtaken));
    expect(sourcesIn(store, '_SUCCESS')).toEqual([newer.source]);
    checkWhole(store, newer, SHARD);
  });

  it.each([
    { record: '_SUCCESS', shards: SHARD },
    { record: '_FAILED.json', shards: ALL_REJECTED },
  ])('does not write its $record over that of a newer one', async ({ record, shards }) => {
    const store = memoryStore();
    const older = await putCandidate(store, 1);
    await runToReceipts(store, older, shards);
    const newer = await putCandidate(store, 2);
    const overtaken = beforePut(store, record, () => runWhole(store, newer, shards));
    await shardWork(older, 0, fakeFiles(shards))(directTools(overtaken));
    expect(sourcesIn(store, record)).toEqual([newer.source]);
    checkShown(store, newer.source, record === '_SUCCESS' ? 'succeeded' : 'failed');
  });
});

describe('a file that fails', () => {
  it('has more bad rows than the declaration allows', async () => {
    const { store, file } = await scored([...SHARD, { scored: 0, rejected: 20 }]);
    checkShown(store, file.source, 'failed');
    expect(see(store)).toMatchObject({ manifest: null, parts: [] });
    expect(see(store).failure).toEqual({
      formatVersion: 2,
      reason: 'too_many_rejects',
      message: `${KEY}: 22 of 30 rows rejected (73.3%), at most 50% allowed; most often missing_key (22 rows), expected a value`,
      source: file.source,
      key: KEY,
      versionId: 'v1',
      failedAt: DECIDED_AT,
      details: { rowsIn: 30, rejected: 22, maxRejected: 0.5, rejectedByReason: { missing_key: 22 } },
    });
  });

  it('does not fail at exactly the share that is allowed', async () => {
    const { store, file } = await scored([{ scored: 5, rejected: 5 }]);
    checkShown(store, file.source, 'succeeded');
  });

  it('cannot be planned, and is not planned again', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    let plans = 0;
    const bad: Pick<CandidateFiles, 'plan'> = {
      async plan() {
        plans += 1;
        throw new CandidateFileError('cut_off', `${KEY} is cut off`, { bytes: 3 });
      },
    };
    const dependencies = { ...directTools(store), files: bad, models: { current: async () => MODEL }, inOneGo: null };
    const failed = { status: 'failed', key: KEY, source: file.source, reason: 'cut_off', message: `${KEY} is cut off` };
    expect(await planFile(dependencies, file)).toEqual(failed);
    expect(await planFile(dependencies, file)).toEqual(failed);
    expect(plans).toBe(1);
    checkShown(store, file.source, 'failed');
    expect(see(store).failure).toMatchObject({ reason: 'cut_off', details: { bytes: 3 } });
  });

  it('cannot be scored: the other shards are not scored in vain', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, TWO_SHARDS);
    const gone: CandidateFiles = {
      ...fakeFiles(TWO_SHARDS),
      scoreShard: () => Promise.reject(new CandidateFileError('source_version_gone', `version v1 of ${KEY} is gone`)),
    };
    await shardWork(file, 0, gone)(directTools(store));
    const second = await shardWork(file, 1, fakeFiles(TWO_SHARDS))(directTools(store));
    expect(second).toMatchObject({ status: 'failed', reason: 'source_version_gone', receipt: null });
    checkShown(store, file.source, 'failed');
  });

  it('has other rows than were planned', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, SHARD);
    await shardWork(file, 0, fakeFiles([{ scored: 7, rejected: 2 }]))(directTools(store));
    expect(see(store).failure).toMatchObject({
      reason: 'row_counts',
      message: `${KEY}: shard 0 has 9 rows in, 7 scored and 2 rejected, expected 10 in all`,
    });
  });

  it('withdraws the _SUCCESS of an older version, and keeps its scores for people', async () => {
    const store = memoryStore();
    const older = await putCandidate(store, 1);
    await runWhole(store, older, SHARD);
    const newer = await putCandidate(store, 2);
    await runWhole(store, newer, [{ scored: 0, rejected: 1 }]);
    const { manifest, parts } = checkShown(store, newer.source, 'failed');
    expect(manifest?.source).toBe(older.source);
    expect(parts).toEqual(manifest?.parts.map(({ key }) => key));
  });

  it('gives way to a newer version that succeeds', async () => {
    const { store } = await scored([{ scored: 0, rejected: 1 }]);
    const newer = await putCandidate(store, 2);
    await runWhole(store, newer, SHARD);
    checkWhole(store, newer, SHARD);
  });

  it('is tried again by the queue where the error may pass', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, SHARD);
    const busy = { ...fakeFiles(SHARD), scoreShard: () => Promise.reject(new Error('out of memory')) };
    await expect(shardWork(file, 0, busy)(directTools(store))).rejects.toThrow('out of memory');
    expect(outcomeOf(store, file.source)).toBeNull();
    await shardWork(file, 0, fakeFiles(SHARD))(directTools(store));
    checkWhole(store, file, SHARD);
  });
});

describe('a key', () => {
  it.each([
    [
      'key_extension',
      'candidates/today.json',
      'candidate key ends in .json, expected .parquet, .csv or .csv.gz (candidates/today.json)',
    ],
    [
      'key_extension',
      'candidates/today',
      'candidate key ends in no extension, expected .parquet, .csv or .csv.gz (candidates/today)',
    ],
    ['key_segments', 'candidates//today.csv', 'candidate key has an empty, . or .. segment (candidates//today.csv)'],
    [
      'key_too_long',
      `candidates/${'é'.repeat(443)}.csv`,
      `candidate key has 901 bytes, expected at most 900 (candidates/${'é'.repeat(443)}.csv)`,
    ],
  ])('is refused under failed/, once: %s', async (reason, key, message) => {
    const store = memoryStore();
    for (const _ of [1, 2])
      expect(await planWork(fileVersion(arrivalAt(key, 'v1', 1)), fakeFiles(SHARD))(directTools(store))).toEqual({
        status: 'refused',
        key,
        message,
      });
    expect(store.keys()).toEqual([refusalKey(key)]);
    expect(store.versions(refusalKey(key))).toHaveLength(1);
    const text = new TextDecoder().decode(store.versions(refusalKey(key))[0]?.body);
    expect(JSON.parse(text)).toEqual({ formatVersion: 2, reason, message, key, versionId: 'v1', failedAt: DECIDED_AT });
  });

  it.each([
    'scores/day=1/today.parquet/part-00000000-00000.parquet',
    'candidates/day=1/_SUCCESS',
    'candidates/day=1/.part.parquet.crc',
    'candidates/day=1/',
  ])('is ignored: %s', async (key) => {
    const store = memoryStore();
    const result = await planWork(fileVersion(arrivalAt(key, 'v1', 1)), fakeFiles(SHARD))(directTools(store));
    expect(result).toMatchObject({ status: 'ignored', key });
    expect(store.keys()).toEqual([]);
  });
});

describe('planning', () => {
  it('fails, to be tried again, where no model is current', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const models = { current: () => Promise.reject(new Error('model hillstrom has no current version')) };
    const dependencies = { ...directTools(store), files: fakeFiles(SHARD), models, inOneGo: null };
    await expect(planFile(dependencies, file)).rejects.toThrow('model hillstrom has no current version');
    expect(store.keys()).toEqual([KEY]);
  });

  it('sends the shards again where the plan was written and no message sent', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const deaf = { send: () => Promise.reject(new Error('503')) };
    const dependencies = { files: fakeFiles(TWO_SHARDS), models: { current: async () => MODEL }, inOneGo: null };
    await expect(planFile({ ...directTools(store), ...dependencies, shards: deaf }, file)).rejects.toThrow('503');
    const tools = directTools(store);
    const result = await planFile({ ...tools, ...dependencies }, file);
    expect(result).toEqual({ status: 'planned', key: KEY, source: file.source, rows: 20, shards: 2, sent: 2 });
    await drain(store, tools.shards.bodies, fakeFiles(TWO_SHARDS));
    checkWhole(store, file, TWO_SHARDS);
  });

  it('sends the shards, too, where another was quicker: both may have had one message, and the other may be dead', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const files = fakeFiles(TWO_SHARDS);
    const whileQuickerIsPlanning: CandidateFiles = {
      ...files,
      async plan(version, model) {
        await runToPlan(store, file, TWO_SHARDS);
        return files.plan(version, model);
      },
    };
    const tools = directTools(store);
    const result = await planWork(file, whileQuickerIsPlanning, { ...MODEL, version: 'm2' })(tools);
    expect(result).toMatchObject({ status: 'planned', shards: 2, sent: 2 });
    expect(tools.shards.bodies.map((body) => parseShardMessage(body).shard)).toEqual([0, 1]);
    await drain(store, tools.shards.bodies, files);
    checkWhole(store, file, TWO_SHARDS);
    expect(see(store).manifest?.model.version).toBe('m1');
  });

  it('obeys the plan of another that was quicker, too, where it scores in one go', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const files = fakeFiles(SHARD);
    const whileQuickerIsPlanning: CandidateFiles = {
      ...files,
      async plan(version, model) {
        await runToPlan(store, file, SHARD);
        return files.plan(version, model);
      },
    };
    const tools = directTools(store);
    await oneGoWork(file, whileQuickerIsPlanning, { ...MODEL, version: 'm2' })(tools);
    await drain(store, tools.shards.bodies, files);
    checkWhole(store, file, SHARD);
    expect(see(store).manifest?.model.version).toBe('m1');
  });

  it('sends only shards without a receipt', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, TWO_SHARDS);
    await shardWork(file, 0, fakeFiles(TWO_SHARDS))(directTools(store));
    const tools = directTools(store);
    await planWork(file, fakeFiles(TWO_SHARDS))(tools);
    expect(tools.shards.bodies.map(parseShardMessage)).toEqual([{ source: file.source, shard: 1 }]);
  });

  it('passes over a file of 0 bytes, which its writer will replace, unless a person named it', async () => {
    const store = memoryStore();
    const { versionId } = await store.put(KEY, '');
    const arrival = arrivalAt(KEY, versionId, 1);
    const files = {
      plan: () => Promise.reject(new CandidateFileError('empty_file', `${KEY} is empty: 0 bytes`)),
    };
    const dependencies = { ...directTools(store), files, models: { current: async () => MODEL }, inOneGo: null };
    expect(await planFile(dependencies, arrival)).toEqual({ status: 'ignored', key: KEY, reason: 'empty' });
    expect(store.keys()).toEqual([KEY]);
    expect(await planFile({ ...dependencies, isNamed: true }, arrival)).toMatchObject({
      status: 'failed',
      reason: 'empty_file',
    });
    const newer = await putCandidate(store, 2);
    await runWhole(store, newer, SHARD);
    checkWhole(store, newer, SHARD);
  });

  it('refuses a plan of another release', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await store.put(planKey(file.source), '{"formatVersion": 99}');
    const work = planWork(file, fakeFiles(SHARD))(directTools(store));
    const message = `format of ${planKey(file.source)} is 99, expected 2: another release wrote it (in memory:)`;
    await expect(work).rejects.toThrow(message);
  });
});

describe('planning a small file in one go', () => {
  const go = (file: FileVersion, shards: Shards, { files = fakeFiles(shards), hasTime = true } = {}) => {
    const inOneGo = { files, scratch, hasTime: () => hasTime };
    return async (tools: ReturnType<typeof directTools>) => {
      const models = { current: async () => MODEL };
      const { status } = await planFile({ ...tools, files, models, inOneGo }, file);
      return { status, sent: tools.shards.bodies.map(parseShardMessage) };
    };
  };

  it.each([
    { name: 'up to 100,000 rows', rows: ONE_GO_ROWS, hasTime: true, status: 'succeeded', shards: [] },
    { name: 'not more rows', rows: ONE_GO_ROWS + 1, hasTime: true, status: 'planned', shards: [0] },
    { name: 'not without time', rows: 10, hasTime: false, status: 'planned', shards: [0] },
  ])('scores $name', async ({ rows, hasTime, status, shards }) => {
    expect(ONE_GO_ROWS).toBe(100_000);
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const result = await go(file, [{ scored: rows, rejected: 0 }], { hasTime })(directTools(store));
    expect(result).toEqual({ status, sent: shards.map((shard) => ({ source: file.source, shard })) });
  });

  it('leaves several shards to messages, and ends a file without rows', async () => {
    for (const [shards, result] of [
      [TWO_SHARDS, { status: 'planned', sent: [0, 1] }],
      [[], { status: 'succeeded', sent: [] }],
    ] as const) {
      const store = memoryStore();
      const { status, sent } = await go(await putCandidate(store, 1), shards)(directTools(store));
      expect({ status, sent: sent.map(({ shard }) => shard) }).toEqual(result);
    }
  });

  it('is done once: where it fails, and the message comes back, the shard is sent with the plan that stands', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const busy = { ...fakeFiles(SHARD), scoreShard: () => Promise.reject(new Error('out of memory')) };
    await expect(go(file, SHARD, { files: busy })(directTools(store))).rejects.toThrow('out of memory');
    expect(planOf(store, file)?.model.version).toBe('m1');
    expect(outcomeOf(store, file.source)).toBeNull();
    const tools = directTools(store);
    const sent = [{ source: file.source, shard: 0 }];
    expect(await go(file, SHARD)(tools)).toEqual({ status: 'planned', sent });
    await drain(store, tools.shards.bodies, fakeFiles(SHARD));
    checkWhole(store, file, SHARD);
  });
});

describe('scoring a shard', () => {
  it('refuses a source without a plan, and a shard that the plan does not have', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const work = shardWork(file, 1, fakeFiles(SHARD));
    await expect(work(directTools(store))).rejects.toThrow(`source ${file.source} has no plan (in memory:)`);
    await runToPlan(store, file, SHARD);
    await expect(work(directTools(store))).rejects.toThrow(`shard 1 of ${KEY} does not exist, the plan has 1`);
  });

  it('writes no second part where the first was killed before its receipt', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToReceipts(store, file, SHARD);
    await store.delete(receiptKey(file.source, 0));
    const neverAgain = { ...fakeFiles(SHARD), scoreShard: () => Promise.reject(new Error('scored twice')) };
    await shardWork(file, 0, neverAgain)(directTools(store));
    checkWhole(store, file, SHARD);
  });

  it.each([
    { name: 'the only shard', shards: SHARD },
    { name: 'one of two', shards: TWO_SHARDS },
  ])('obeys the part of a quicker scorer that was killed, whose last bits differ: $name', async ({ shards }) => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await runToPlan(store, file, shards);
    // It writes the part, and no record after it.
    const killed: MemoryStore = { ...store, put: () => Promise.reject(new Error('killed')) };
    const slower = fakeFiles(shards, ' on another processor');
    const whileQuickerScores: CandidateFiles = {
      ...slower,
      async scoreShard(request) {
        const quicker = shardWork(file, request.shard, fakeFiles(shards));
        await expect(quicker(directTools(killed))).rejects.toThrow('killed');
        return slower.scoreShard(request);
      },
    };
    for (const shard of shards.keys()) await shardWork(file, shard, whileQuickerScores)(directTools(store));
    checkWhole(store, file, shards);
  });
});

async function scored(shards: Shards, model?: CurrentModel): Promise<{ store: MemoryStore; file: FileVersion }> {
  const store = memoryStore();
  const file = await putCandidate(store, 1);
  await runWhole(store, file, shards, model);
  expect(await changesOfRepeating(store, file, fakeFiles(shards))).toEqual([]);
  return { store, file };
}
