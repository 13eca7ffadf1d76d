/** The function that encodes the rows of an export, from its zip, as the emulator runs it for the messages of its queue. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openInbox, openQueue } from '../../../lib/queue/open-queue.ts';
import { openStore } from '../../../lib/store/open-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { startTraining } from '../../process/training-task/process.ts';
import { DECLARATION_KEY, putPartitions, shopDeclaration } from '../../training/shop.ts';
import { type Emulator, startEmulator } from '../emulator/emulator.ts';

const run = promisify(execFile);
/** Rows of two ranges, each of which has some to train on. */
const ROWS = 800_000;

let folder: string;
let emulator: Emulator;
let outputs: { readonly Bucket: string; readonly Ranges: string; readonly Dead: string };
let bucket: Store;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'range-encoders-'));
  emulator = await startEmulator();
  for (const [name, value] of Object.entries(emulator.env)) vi.stubEnv(name, value);
  const asset = join(folder, 'lambda');
  await command(process.execPath, [resolve('dist/entirespace.js'), 'build-lambda', '--out', asset]);
  await cdk('bootstrap', 'aws://000000000000/us-east-1');
  await cdk('deploy', '--require-approval', 'never', '--outputs-file', join(folder, 'outputs.json'));
  outputs = JSON.parse(await readFile(join(folder, 'outputs.json'), 'utf8')).encoders;
  bucket = openStore(outputs.Bucket);
  await bucket.put(DECLARATION_KEY, shopDeclaration({ epochs: 1 }));
  await putPartitions(bucket, { seed: 1, rows: ROWS, start: new Date('2026-01-01T00:00:00.000Z'), days: 2 });
}, 600_000);

afterAll(async () => {
  await emulator?.stop();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function command(file: string, args: readonly string[]): Promise<void> {
  await run(file, args, { env: { ...process.env, TMPDIR: folder }, maxBuffer: 2 ** 26 });
}

function cdk(...args: readonly string[]): Promise<void> {
  const app = `npx tsx ${resolve('test/aws/training/range-encoders-app.ts')}`;
  const place = ['--app', app, '-c', `asset=${join(folder, 'lambda')}`, '--output', join(folder, 'cdk.out')];
  return command('npx', ['cdk', ...args, ...place, '--no-notices']);
}

/** Exports a bundle in a process of its own, and returns the text of its description. */
async function exported(runId: string, changes: Readonly<Record<string, string>>): Promise<string> {
  const { ended } = startTraining({
    BUCKET: outputs.Bucket,
    MODEL_NAME: 'shop',
    RUN_ID: runId,
    STEP: 'export',
    WINDOW_DAYS: '2',
    PARTITIONS_UNTIL: '2026-01-02',
    SCRATCH: await mkdtemp(join(folder, 'scratch-')),
    ...changes,
  });
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
  const { body } = await bucket.get(`_bundles/shop/${runId}/bundle/bundle.json`);
  return new TextDecoder().decode(body);
}

it('encodes the ranges of an export, once each, to the bytes of the task itself', { timeout: 300_000 }, async () => {
  // What is no range, or of no export, is none of its business.
  await openQueue(outputs.Ranges).send(['no message']);
  const byFunctions = await exported('functions', { RANGES_URL: outputs.Ranges, RANGES_DEAD_URL: outputs.Dead });
  expect(byFunctions).toBe(await exported('task', {}));
  const { train, files } = JSON.parse(byFunctions) as { train: { files: object[] }; files: Record<string, string> };
  expect(train.files).toHaveLength(2);
  for (const path of Object.keys(files))
    expect(await bucket.head(`_bundles/shop/functions/bundle/${path}`), path).not.toBeNull();
  const receipts: string[] = [];
  for await (const { key } of bucket.list('_bundles/shop/functions/encoding/'))
    if (key.includes('/receipts/')) receipts.push(key.slice(-'00000.json'.length));
  expect(receipts).toEqual(['00000.json', '00001.json']);
  expect(await openInbox(outputs.Dead).read()).toEqual([]);
});
