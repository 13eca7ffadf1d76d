import { beforeAll, describe, expect, inject, it } from 'vitest';
import { openQueue } from '../../../lib/queue/open-queue.ts';
import { fileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { openStore } from '../../../lib/store/open-store.ts';
import { workplace } from '../../bin/workplace.ts';
import { planWork, shardWork } from '../../scoring/world/steps.ts';
import { fakeFiles, rememberingQueue, SHARD } from '../../scoring/world/world.ts';
import { makeBucket, makeQueue } from '../emulator/resources.ts';

const endpoint = inject('endpoint');
const place = workplace();
let bucket = '';

const status = async (...args: string[]) => {
  const { stdout, ...outcome } = await place.run(
    'status',
    '--bucket',
    `s3://${bucket}`,
    '--endpoint',
    endpoint,
    ...args,
  );
  const plain = stdout.replaceAll(bucket, '<bucket>').replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '<minute>');
  return { ...outcome, stdout: plain };
};

beforeAll(async () => {
  bucket = await makeBucket();
  const store = openStore(`s3://${bucket}`, { endpoint });
  let writers = 0;
  const newWriterId = () => `writer ${writers++}`;
  const tools = { store, shards: rememberingQueue(), newWriterId, now: () => new Date() };
  for (const key of ['candidates/eu/done.parquet', 'candidates/us/waiting.parquet']) {
    const { versionId } = await store.put(key, key);
    if (key.includes('waiting')) continue;
    const file = fileVersion({ bucket, key, versionId, sequencer: '00', eventTime: '', attempt: 1 });
    await planWork(file, fakeFiles(SHARD))(tools);
    await shardWork(file, 0, fakeFiles(SHARD))(tools);
  }
});

describe('status of a bucket of S3', () => {
  const states = (waiting: string, done: number) => `waiting    ${waiting}
planned    0
in flight  0
done       ${done}
failed     0
`;

  it('is had without a stack, and tells that no dead letters were looked at', async () => {
    expect(await status()).toEqual({
      code: 0,
      stdout: `s3://<bucket>/candidates/: 2 candidate files, as of <minute>
${states('1  not planned yet, the first since <minute>', 1)}dead letters: not looked at (--arrivals is needed (output ArrivalsQueue of the stack): queues that S3 notifies of candidates/: found 0, expected 1)
(8 objects listed)
`,
      stderr: '',
    });
    const today = new Date().toISOString().slice(0, 10);
    expect((await status('--prefix', 'eu/', '--day', today)).stdout).toContain(states('0', 1));
  });

  it('counts the dead letters of the queues, and ends with 4 where there are some', async () => {
    const [arrivals, shards] = [await makeQueue(), await makeQueue()];
    const queues = ['--arrivals', arrivals.queueUrl, '--shards', shards.queueUrl];
    expect(await status(...queues)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('\ndead letters: none\n'),
    });
    await openQueue(shards.deadUrl, { endpoint }).send(['a', 'b']);
    expect(await status(...queues)).toMatchObject({
      code: 4,
      stdout: expect.stringContaining(
        '\ndead letters: 0 arrivals, 2 shards (mend the cause, then entirespace redrive)\n',
      ),
    });
  });
});
