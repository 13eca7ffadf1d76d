/** What a file costs in requests: each is paid for, and none is made without need. */
import { describe, expect, it } from 'vitest';
import { ONE_GO_ROWS } from '../../../lib/contract/limits.ts';
import { AROUND, REQUESTS } from '../../../lib/stack/prices.ts';
import { type Gate, gated, type Operation } from '../world/gated-store.ts';
import { directTools, oneGoWork, planWork, shardWork } from '../world/steps.ts';
import { fakeFiles, type MemoryStore, memoryStore, putCandidate, type Shards, TWO_SHARDS } from '../world/world.ts';

const GOOD: Shards = [{ scored: 10, rejected: 0 }];

/** The calls of some work, in their order, as people know the keys. */
async function callsOf(
  store: MemoryStore,
  work: (tools: ReturnType<typeof directTools>) => Promise<unknown>,
): Promise<string[]> {
  const calls: string[] = [];
  const direct = directTools(store);
  const gate: Gate = ({ name, key }: Operation, act) => {
    calls.push(`${name} ${name === 'send' ? 'message' : nameOf(key)}`);
    return act({ store, queue: direct.shards });
  };
  const { store: watched, queue } = gated(gate);
  await work({ ...direct, store: watched, shards: Object.assign(queue, { bodies: direct.shards.bodies }) });
  return calls;
}

function nameOf(key: string): string {
  if (key.startsWith('_state/')) return 'pointer';
  if (key.endsWith('/receipts/')) return 'receipts';
  if (key.startsWith('_work/')) return key.slice(key.indexOf('/', 6) + 1);
  return key.includes('/part-') ? 'scores part' : key.slice(key.lastIndexOf('/') + 1) || 'scores folder';
}

const isWrite = (call: string) => /^(put|putFile|copy|list) /.test(call);
const isRead = (call: string) => /^(head|get) /.test(call);
const isDelete = (call: string) => call.startsWith('delete ');

/** How often S3 is asked, in its classes of price, and SQS. */
function countsOf(calls: readonly string[]) {
  const count = (is: (call: string) => boolean) => calls.filter(is).length;
  return {
    writes: count(isWrite),
    reads: count(isRead),
    deletes: count(isDelete),
    messages: count((call) => call === 'send message'),
  };
}

describe('a new file of one shard', () => {
  const callsOfNew = async (shards: Shards) => {
    const store = memoryStore();
    return callsOf(store, oneGoWork(await putCandidate(store, 1), fakeFiles(shards)));
  };

  it('is planned, scored and finished with these requests and no message', async () => {
    expect(await callsOfNew(GOOD)).toEqual([
      // Is there a plan already? A message may come twice.
      'get plan.json',
      // Did this version end, or a newer one? And what the pointer is to be swapped for, at the end.
      'get pointer',
      // Fixes the model version. After a crash, the next process follows this plan.
      'put plan.json',
      // Must exist before the decision, but not in the scores folder before the pointer, so it is copied there later.
      'putFile parts/00000.parquet',
      // The one decision, which all processes follow. The condition fails if there is one already.
      'put outcome.json',
      // The newest version of the path. Being the first one says that the folder is empty: it is not looked at.
      'put pointer',
      'copy scores part',
      'put _manifest.json',
      // Has a newer version come meanwhile? Then its scores are not to be covered by this _SUCCESS.
      'get pointer',
      'put _SUCCESS',
      // Has one come between the two? Then this _SUCCESS is to be taken back.
      'get pointer',
    ]);
  });

  it('is paid for as the cost table says', async () => {
    const { smallFile } = REQUESTS;
    const { writes, reads, ...others } = countsOf(await callsOfNew(GOOD));
    expect({ ...others, writes, reads: reads + AROUND.model + AROUND.smallSource }).toEqual({
      writes: smallFile.write,
      reads: smallFile.read,
      deletes: 0,
      messages: 0,
    });
  });

  it('is one of as many rows as the cost table has it', () => {
    expect(ONE_GO_ROWS).toBe(100_000);
  });

  it('costs one write more where rows are rejected', async () => {
    const calls = await callsOfNew([{ scored: 8, rejected: 2 }]);
    expect(calls.filter(isWrite)).toHaveLength(REQUESTS.smallFile.write + 1);
  });

  it('is left alone when its message comes again', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await oneGoWork(file, fakeFiles(GOOD))(directTools(store));
    expect(await callsOf(store, oneGoWork(file, fakeFiles(GOOD)))).toEqual([
      'get plan.json',
      'get pointer',
      'get outcome.json',
      // The process that decided it may have been killed before the folder was complete.
      'list scores folder',
      'get _manifest.json',
      'get _SUCCESS',
      'get pointer',
      'get outcome.json',
    ]);
  });
});

describe('a newer version of a file of one shard', () => {
  it('also looks into the folder, and takes away what the older one left there', async () => {
    const store = memoryStore();
    await oneGoWork(await putCandidate(store, 1), fakeFiles(GOOD))(directTools(store));
    const newer = await putCandidate(store, 2);
    expect(await callsOf(store, oneGoWork(newer, fakeFiles(GOOD)))).toEqual([
      'get plan.json',
      'get pointer',
      // There is a pointer, so that there may be an outcome.
      'get outcome.json',
      'put plan.json',
      'putFile parts/00000.parquet',
      'put outcome.json',
      'put pointer',
      // What lies in the folder, read before the pointer is found at this version: so all else is older.
      'list scores folder',
      'get _manifest.json',
      'get _SUCCESS',
      'get pointer',
      'get outcome.json',
      'delete _SUCCESS',
      'copy scores part',
      'put _manifest.json',
      'delete scores part',
      'get pointer',
      'put _SUCCESS',
      'get pointer',
    ]);
  });
});

describe('a new file of several shards', () => {
  it('is planned, scored and finished with these requests', async () => {
    const { planned, first, last } = await callsOfShards(TWO_SHARDS);
    // Who writes the plan knows that nothing is scored: no receipts are looked for.
    expect(planned).toEqual(['get plan.json', 'get pointer', 'put plan.json', 'send message']);
    expect(first).toEqual([
      'get plan.json',
      // Did another shard fail? Then this one is not scored in vain.
      'get outcome.json',
      // Was it scored by one who was killed before the receipt?
      'head parts/00000.parquet',
      'putFile scores part',
      'putFile parts/00000.parquet',
      'put receipts/00000.json',
      // Is it the last one?
      'list receipts',
    ]);
    expect(last).toEqual([
      'get plan.json',
      'get outcome.json',
      'head parts/00001.parquet',
      'putFile parts/00001.parquet',
      'put receipts/00001.json',
      'list receipts',
      'get receipts/00000.json',
      'get receipts/00001.json',
      'put outcome.json',
      'get pointer',
      'put pointer',
      'copy scores part',
      'copy scores part',
      'put _manifest.json',
      'get pointer',
      'put _SUCCESS',
      'get pointer',
    ]);
  });

  it('is paid for by file and by shard as the cost table says', async () => {
    const { file, shard } = REQUESTS;
    const rejecting = [1, 2].map(() => ({ scored: 8, rejected: 2 }));
    const { planned, first, last } = await callsOfShards(rejecting);
    const { writes, reads, messages } = countsOf([...planned, ...first, ...last]);
    expect(messages).toBe(1);
    expect(writes).toBe(file.write + 2 * shard.write);
    expect(reads + AROUND.model + AROUND.planSource + 2 * AROUND.shardSource).toBe(file.read + 2 * shard.read);
  });

  async function callsOfShards(shards: Shards) {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const files = fakeFiles(shards);
    const planned = await callsOf(store, planWork(file, files));
    const first = await callsOf(store, shardWork(file, 0, files));
    return { planned, first, last: await callsOf(store, shardWork(file, 1, files)) };
  }
});

describe('a file of one shard that is too large for one go', () => {
  it('is finished without writing or reading a receipt', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await planWork(file, fakeFiles(GOOD))(directTools(store));
    const calls = await callsOf(store, shardWork(file, 0, fakeFiles(GOOD)));
    expect(calls.slice(0, 5)).toEqual([
      'get plan.json',
      'get outcome.json',
      'head parts/00000.parquet',
      'putFile parts/00000.parquet',
      'put outcome.json',
    ]);
    expect(calls.join()).not.toContain('receipts');
  });
});

describe('a finisher that was cut off between its copies', () => {
  it('is followed by one that makes only those that are missing', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const files = fakeFiles(TWO_SHARDS);
    await planWork(file, files)(directTools(store));
    await shardWork(file, 0, files)(directTools(store));
    const isSecond = (key: string) => key.endsWith('-00001.parquet');
    const cut: MemoryStore = {
      ...store,
      copy: (from, to) => (isSecond(to) ? Promise.reject(new Error('cut off')) : store.copy(from, to)),
    };
    await expect(shardWork(file, 1, files)(directTools(cut))).rejects.toThrow('cut off');
    const calls = await callsOf(store, shardWork(file, 1, files));
    expect(calls.filter((call) => call.startsWith('copy '))).toEqual(['copy scores part']);
  });
});
