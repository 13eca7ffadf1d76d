/** Workers that are killed, at every step by which they change something and at random ones. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { chosenSeed, random } from '../emulator/random.ts';
import { assertNothingLost, type ExpectedVersion } from '../site/audit.ts';
import { type CleanScores, MODEL, openSite, type Queues, type Site, scoreCleanly, type Trained } from '../site/site.ts';
import { candidatesCsv } from '../site/small-model.ts';
import { trainedSmall } from '../site/trained.ts';
import type { Kill } from '../site/worker.ts';
import { buildWorker, type WorkerProcess, type WorkerProgram } from '../site/worker-process.ts';

const SHARD_ROWS = 60;
const AT_ONCE = 2;
// Well above the time of a batch on a busy machine.
const VISIBILITY_SECONDS = 8;
// A worker that does not reach its step is stopped, and the test fails with the name of the step.
const KILLED_WITHIN_MS = 30_000;
const FILES = 30;
const KILLS = 20;

let folder: string;
let program: WorkerProgram;
let trained: Trained;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kills-'));
  program = await buildWorker();
  trained = await trainedSmall(1);
}, 120_000);
afterAll(async () => {
  await program.remove();
  await rm(folder, { recursive: true });
});

interface World {
  readonly site: Site;
  start(queues: readonly Queues[], kill?: Kill | null): Promise<WorkerProcess>;
  /** The scores that are expected of a candidate file of that many rows. */
  expect(file: FileVersion, rows: number): Promise<ExpectedVersion>;
}

async function openWorld(): Promise<World> {
  const site = await openSite(inject('endpoint'));
  const version = await site.publish(trained);
  const clean = new Map<number, CleanScores>();
  return {
    site,
    start: (queues, kill = null) =>
      program.start({
        endpoint: site.endpoint,
        bucket: site.bucket,
        model: MODEL,
        queues: queues.map(({ arrivals, shards }) => ({ arrivals: arrivals.queueUrl, shards: shards.queueUrl })),
        shardRows: SHARD_ROWS,
        batchSize: 1,
        sendTwice: false,
        kill,
      }),
    async expect(file, rows) {
      const candidates = { key: file.key, body: candidatesCsv(rows), shardRows: SHARD_ROWS, scratch: folder };
      const scores = clean.get(rows) ?? (await scoreCleanly(trained, candidates));
      clean.set(rows, scores);
      return { file, scores: { [version]: scores } };
    },
  };
}

/** Runs a worker until the queues are empty, and returns its steps. */
async function workOff({ site, start }: World, queues: readonly Queues[]): Promise<readonly string[]> {
  const worker = await start(queues);
  await Promise.race([site.untilIdle(queues), worker.ended]);
  worker.stop();
  const { steps, signal, errors } = await worker.ended;
  expect({ signal, errors }).toEqual({ signal: null, errors: '' });
  return steps;
}

/** A kill before and a kill after each of the steps. */
function killsAt(steps: readonly string[]): Kill[] {
  const met = new Map<string, number>();
  return steps.flatMap((name) => {
    const nth = (met.get(name) ?? 0) + 1;
    met.set(name, nth);
    return (['before', 'after'] as const).map((when) => ({ when, name, nth }));
  });
}

async function inParallel<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const left = [...items.entries()];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/**
 * Scores one file undisturbed to learn its steps; then, for each of them, one more file with a worker that is killed
 * there, and in the end another worker that finishes them all. Each file has versions of that many rows.
 */
async function killEverywhere(rows: readonly number[]): Promise<Kill[]> {
  const world = await openWorld();
  const { site } = world;
  const [last = 0, ...earlier] = rows.toReversed();
  const files = new Map<string, ExpectedVersion[]>();
  const put = async (key: string, count: number) => {
    const file = await site.put(key, candidatesCsv(count));
    files.set(key, [...(files.get(key) ?? []), await world.expect(file, count)]);
    return file;
  };
  const calm = await site.makeQueues();
  const scoreEarlier = async (keys: readonly string[]) => {
    for (const count of earlier) {
      for (const key of keys) await site.announce(calm, [await put(key, count)]);
      await workOff(world, [calm]);
    }
  };

  const undisturbed = 'candidates/undisturbed.csv';
  await scoreEarlier([undisturbed]);
  await site.announce(calm, [await put(undisturbed, last)]);
  const kills = killsAt(await workOff(world, [calm]));

  const keyOf = ({ when, name, nth }: Kill) => `candidates/${when} ${name}, ${nth}.csv`;
  await scoreEarlier(kills.map(keyOf));
  const queues: Queues[] = [];
  await inParallel(kills, async (kill) => {
    const own = await site.makeQueues({ visibilitySeconds: VISIBILITY_SECONDS });
    queues.push(own);
    await site.announce(own, [await put(keyOf(kill), last)]);
    const worker = await world.start([own], kill);
    const idle = setTimeout(worker.stop, KILLED_WITHIN_MS);
    const { signal, errors } = await worker.ended;
    clearTimeout(idle);
    expect({ ...kill, signal, errors }).toEqual({ ...kill, signal: 'SIGKILL', errors: '' });
  });
  await workOff(world, queues);
  const audit = await assertNothingLost(site, {
    files: [...files.values()],
    queues: [calm, ...queues],
    scratch: folder,
  });
  expect(audit).toMatchObject({ succeeded: kills.length + 1, failed: 0, rowsIn: (kills.length + 1) * last });
  return kills;
}

describe('a worker that is killed before and after each of its steps, and another that goes on', () => {
  it('loses nothing of a file of one shard', { timeout: 300_000 }, async () => {
    const kills = await killEverywhere([40]);
    expect(kills.filter(({ when }) => when === 'before').map(({ name }) => name)).toEqual([
      'put plan.json',
      'put rejects 00000',
      'put part 00000',
      'put outcome.json',
      'put pointer',
      'copy scores 00000',
      'put _manifest.json',
      'put _SUCCESS',
      'delete from arrivals',
    ]);
  });

  it('loses nothing of a file of two shards that replaces another', { timeout: 300_000 }, async () => {
    const kills = await killEverywhere([70, 100]);
    expect(new Set(kills.map(({ name }) => name))).toEqual(
      new Set([
        'put plan.json',
        'send',
        'delete from arrivals',
        'put part 00000',
        'put receipt 00000',
        'put rejects 00001',
        'put part 00001',
        'put receipt 00001',
        'put outcome.json',
        'put pointer',
        'delete _SUCCESS',
        'copy scores 00000',
        'copy scores 00001',
        'put _manifest.json',
        'delete scores 00000',
        'delete scores 00001',
        'put _SUCCESS',
        'delete from shards',
      ]),
    );
  });
});

describe('workers that are killed at random', () => {
  it('lose nothing of thirty files', { timeout: 300_000 }, async () => {
    const seed = chosenSeed();
    console.log(`seed of the kills: ${seed} (SEED=${seed} repeats them)`);
    const chance = random(seed);
    const world = await openWorld();
    const { site } = world;
    // Kills while a message is handled count as its receives, and after the last one it becomes a dead letter.
    const queues = [await site.makeQueues({ visibilitySeconds: VISIBILITY_SECONDS, maxReceiveCount: 20 })];
    const files: ExpectedVersion[][] = [];
    for (let file = 0; file < FILES; file += 1) {
      const rows = 10 + chance.below(150);
      const version = await site.put(`candidates/${file}.csv`, candidatesCsv(rows));
      files.push([await world.expect(version, rows)]);
    }
    for (const queue of queues)
      await site.announce(
        queue,
        files.flat().map(({ file }) => file),
      );
    const kills = Array.from({ length: KILLS }, (): Kill => {
      return { when: chance.below(2) === 0 ? 'before' : 'after', name: null, nth: 1 + chance.below(14) };
    });
    await inParallel(kills, async (kill) => {
      const { signal, errors } = await (await world.start(queues, kill)).ended;
      expect({ ...kill, signal, errors }).toEqual({ ...kill, signal: 'SIGKILL', errors: '' });
    });
    await workOff(world, queues);
    const audit = await assertNothingLost(site, { files, queues, scratch: folder });
    expect(audit).toMatchObject({ succeeded: FILES, failed: 0 });
  });
});
