/** A small run of what `npm run soak` does at length. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { chosenSeed } from '../emulator/random.ts';
import { soak } from '../site/soak.ts';
import { trainedSmall } from '../site/trained.ts';
import { buildWorker, type WorkerProgram } from '../site/worker-process.ts';

const FILES = 40;

let folder: string;
let program: WorkerProgram;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soak-'));
  program = await buildWorker();
});
afterAll(async () => {
  await program.remove();
  await rm(folder, { recursive: true });
});

describe('a soak', () => {
  it('of forty files loses nothing', { timeout: 300_000 }, async () => {
    const seed = chosenSeed();
    console.log(`seed of the soak: ${seed} (SEED=${seed} repeats it)`);
    const { audit, kills, faults, versions } = await soak({
      endpoint: inject('endpoint'),
      seed,
      files: FILES,
      kills: 4,
      faultShare: 0.03,
      visibilitySeconds: 8,
      withinMs: 240_000,
      program,
      trained: { one: await trainedSmall(1), two: await trainedSmall(2) },
      scratch: folder,
    });
    expect(audit.succeeded + audit.failed).toBe(FILES);
    expect(audit.rowsIn).toBe(audit.scored + audit.rejected);
    expect(versions).toBeGreaterThanOrEqual(FILES);
    expect(kills).toBeGreaterThan(0);
    expect(Object.values(faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  });
});
