/** What a file costs in requests: each is paid for, and none is made without need. */
import { describe, expect, it } from 'vitest';
import { REQUESTS } from '../../lib/stack/prices.ts';
import { type Gate, gated, type Operation } from './proof/gated-store.ts';
import { directTools, oneGoWork, planWork, shardWork } from './proof/steps.ts';
import { fakeFiles, type MemoryStore, memoryStore, putCandidate, type Shards, TWO_SHARDS } from './proof/world.ts';

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
  if (key.startsWith('_work/')) return key.slice(key.indexOf('/', 6) + 1);
  return key.includes('/part-') ? 'scores part' : key.slice(key.lastIndexOf('/') + 1) || 'scores folder';
}

const isWrite = (call: string) => /^(put|putFile|copy|list) /.test(call);
const isRead = (call: string) => /^(head|get) /.test(call);

describe('a new file of one shard', () => {
  const calls = async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    return callsOf(store, oneGoWork(file, fakeFiles(GOOD)));
  };

  it('is planned, scored and finished with these requests and no message', async () => {
    expect(await calls()).toEqual([
      // Did this version end before? A message may come twice.
      'get outcome.json',
      // Is there a plan to obey?
      'get plan.json',
      // Did it end so long ago that its work has expired?
      'get pointer',
      // Pins the model; whoever goes on after a crash obeys it.
      'put plan.json',
      // Did somebody score it, who was killed then or is at work beside this?
      'head parts/00000.parquet',
      'putFile parts/00000.parquet',
      // The one decision, which everybody obeys.
      'put outcome.json',
      // The newest version of the path, by compare-and-swap.
      'get pointer',
      'put pointer',
      // What lies in the folder, read before the pointer is found at this version.
      'list scores folder',
      'get pointer',
      'get outcome.json',
      'copy scores part',
      'put _manifest.json',
      // Has a newer version come meanwhile?
      'get pointer',
      'put _SUCCESS',
      // Whoever changed anything looks again: nobody can lock a folder.
      'list scores folder',
      'get _manifest.json',
      'get _SUCCESS',
      'get pointer',
      'get outcome.json',
    ]);
  });

  it('is paid for as the cost table says; the file, the model pointer and the part come on top of the protocol', async () => {
    const made = await calls();
    expect(made.filter(isWrite)).toHaveLength(REQUESTS.smallFile.write);
    // The current version, and the candidate file itself for the plan and for the scores.
    expect(made.filter(isRead).length + 3).toBe(REQUESTS.smallFile.read);
  });

  it('is left alone when its message comes again', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    await oneGoWork(file, fakeFiles(GOOD))(directTools(store));
    expect(await callsOf(store, oneGoWork(file, fakeFiles(GOOD)))).toEqual([
      'get outcome.json',
      'get pointer',
      'list scores folder',
      'get _manifest.json',
      'get _SUCCESS',
      'get pointer',
      'get outcome.json',
    ]);
  });
});

describe('a new file of several shards', () => {
  it('is paid for by file and by shard as the cost table says', async () => {
    const store = memoryStore();
    const file = await putCandidate(store, 1);
    const files = fakeFiles(TWO_SHARDS);
    const planned = await callsOf(store, planWork(file, files));
    const first = await callsOf(store, shardWork(file, 0, files));
    const last = await callsOf(store, shardWork(file, 1, files));
    const all = [...planned, ...first, ...last];
    expect(planned.filter((call) => call === 'send message')).toHaveLength(1);
    // One of the two shards has rejects.
    expect(all.filter(isWrite)).toHaveLength(REQUESTS.file.write + 2 * REQUESTS.shard.write - 1);
    // On top: the current version, the file's first and last bytes; each shard's column chunks.
    expect(all.filter(isRead).length + 3 + 2 * REQUESTS.shardSource).toBe(REQUESTS.file.read + 2 * REQUESTS.shard.read);
  });
});
