import { mkdir, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { fileVersion } from '../../lib/scoring/protocol/keys.ts';
import { fileStore } from '../../lib/store/folder/file-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { planWork, shardWork } from '../scoring/world/steps.ts';
import { fakeFiles, rememberingQueue, SHARD, type Shards } from '../scoring/world/world.ts';
import { failure, type Outcome, workplace } from './workplace.ts';

const place = workplace();
const PLANNED_AT = new Date('2026-05-08T09:30:00.000Z');
let store: Store;
let writers = 0;

/** Puts a candidate file, plans it, and scores that many of its shards. */
async function score(key: string, shards: Shards, scored: number): Promise<void> {
  const { versionId } = await store.put(key, key);
  const file = fileVersion({ bucket: 'local', key, versionId, sequencer: '00', eventTime: '', attempt: 1 });
  const tools = { store, shards: rememberingQueue(), newWriterId: () => `writer ${writers++}`, now: () => PLANNED_AT };
  await planWork(file, fakeFiles(shards))(tools);
  for (let shard = 0; shard < scored; shard += 1) await shardWork(file, shard, fakeFiles(shards))(tools);
}

beforeAll(async () => {
  await mkdir(place.at('bucket/candidates'), { recursive: true });
  store = fileStore(place.at('bucket'));
});

/** Without times and the speed of this machine. */
async function run(...args: string[]): Promise<Outcome> {
  const { stdout, ...outcome } = await place.run('status', ...args);
  const plain = stdout
    .replaceAll(/(as of|since) \d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '$1 <minute>')
    .replaceAll(/[\d.e+]+ shards\/min, \d+ s left/g, '<rate>');
  return { stdout: plain, ...outcome };
}

describe('status', () => {
  it('tells that there are no files', async () => {
    expect(await run()).toEqual({
      code: 0,
      stdout: `file://<folder>/bucket/candidates/: 0 candidate files, as of <minute>
waiting    0
planned    0
in flight  0
done       0
failed     0
(0 objects listed)
`,
      stderr: '',
    });
  });

  it('tells how many files are in each state, and names those that need a look', async () => {
    await score('candidates/eu/done.parquet', SHARD, 1);
    await score('candidates/eu/big.parquet', [...SHARD, ...SHARD, ...SHARD], 2);
    await score('candidates/us/planned.parquet', SHARD, 0);
    await score('candidates/us/bad.parquet', [{ scored: 1, rejected: 9 }], 1);
    await writeFile(place.at('bucket/candidates/late.csv'), 'user\n1\n');
    await writeFile(place.at('bucket/candidates/notes.txt'), 'none');
    await writeFile(place.at('bucket/candidates/rest.csv.part'), 'user\n');
    expect(await run()).toEqual({
      code: 4,
      stdout: `file://<folder>/bucket/candidates/: 6 candidate files, as of <minute>
waiting    1  not planned yet, the first since <minute>
planned    1  no shard scored yet
in flight  1
done       1
failed     2  key_extension 1, too_many_rejects 1
shards: 2 of 4 scored, <rate>
  candidates/eu/big.parquet: 2 of 3 shards scored, planned 2026-05-08 09:30 UTC, by m1
  candidates/us/planned.parquet: 0 of 1 shard scored, planned 2026-05-08 09:30 UTC, by m1
  failed, key_extension: candidate key ends in .txt, expected .parquet, .csv or .csv.gz (candidates/notes.txt)
  failed, too_many_rejects: candidates/us/bad.parquet: 9 of 10 rows rejected (90%), at most 50% allowed; most often missing_key (9 rows), expected a value
left out: 1 file (not complete by the name)
(23 objects listed)
`,
      stderr: '',
    });
  });

  it('counts the files of a prefix, or of a day', async () => {
    const inEurope = await run('--prefix', 'eu/');
    expect(inEurope).toMatchObject({ code: 0, stderr: '' });
    expect(inEurope.stdout).toContain('/bucket/candidates/eu/: 2 candidate files, as of <minute>\n');
    expect(inEurope.stdout).toContain('in flight  1\ndone       1\nfailed     0\n');
    expect(await run('--prefix', 'candidates/eu/')).toEqual(inEurope);
    const { code, stdout } = await run('--day', '2020-02-29');
    expect({ code, line: stdout.split('\n')[0] }).toEqual({
      code: 0,
      line: 'file://<folder>/bucket/candidates/: 0 candidate files that came on 2020-02-29, as of <minute>',
    });
  });

  it('prints one JSON document', async () => {
    const { code, stdout, stderr } = await place.run('status', '--prefix', 'us/', '--json');
    expect({ code, stderr }).toEqual({ code: 4, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      prefix: 'candidates/us/',
      day: null,
      files: { waiting: 0, planned: 1, 'in flight': 0, done: 0, failed: 1, expired: 0 },
      open: { shards: 1, shardsDone: 0 },
      failed: { all: 1, byReason: { too_many_rejects: 1 } },
      deadLetters: null,
    });
  });

  it('changes nothing in the bucket', async () => {
    const before = await place.listing('bucket');
    await run();
    expect(await place.listing('bucket')).toEqual(before);
  });

  it('refuses what cannot be', async () => {
    expect(await run('--prefix', '../models/')).toEqual(
      failure(2, '--prefix: key must stay inside the store, got candidates/../models/'),
    );
    expect(await run('--arrivals', 'https://sqs.eu-west-1.amazonaws.com/1/a')).toEqual(
      failure(2, '--arrivals, --shards: expected s3://bucket as --bucket, got bucket'),
    );
    expect(await run('--bucket', 'none')).toEqual(
      failure(2, '--bucket: no such folder: none (entirespace train makes it)'),
    );
  });
});
