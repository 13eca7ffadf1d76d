/** Gives the scores of runs: those of a record, or of a run that is then recorded. */
import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Competitor } from '../competitor.ts';
import type { Bench } from './bench.ts';
import type { OnRunProgress, Run } from './run.ts';
import { type EndedRun, readRun, writeRun } from './run-file.ts';

/** What becomes of runs. */
export interface RunStoreOptions {
  /** Folder of the records. */
  readonly folder: string;
  /** Digest of the log and of how it is read, which the scores depend on. */
  readonly logDigest: string;
  /** Told of a record that cannot be used, and is run again. */
  readonly onDamage: (file: string, why: string) => void;
}

/** Records of runs in a folder. */
export class RunStore {
  readonly #bench: Bench;
  readonly #options: RunStoreOptions;

  constructor(bench: Bench, options: RunStoreOptions) {
    this.#bench = bench;
    this.#options = options;
  }

  /** Returns the scores of a run that was recorded; `null` where it must be run. A damaged record is told and removed. */
  async recorded(competitor: Competitor, run: Run): Promise<EndedRun | null> {
    const path = this.#path(competitor, run);
    const found = await readRun(path);
    if (found === null || !('damage' in found)) return found;
    this.#options.onDamage(path, found.damage);
    await rm(path);
    return null;
  }

  /** Runs a competitor, and records the scores. */
  async run(competitor: Competitor, run: Run, onProgress: OnRunProgress): Promise<EndedRun> {
    const began = performance.now();
    const scores = await competitor.run(run, this.#bench, onProgress);
    const ended = { ...scores, seconds: (performance.now() - began) / 1000 };
    await writeRun(this.#path(competitor, run), ended);
    return ended;
  }

  #path(competitor: Competitor, { settings, seed, share }: Run): string {
    const { folder, logDigest } = this.#options;
    const all = JSON.stringify([logDigest, competitor.identity(settings), seed, share]);
    const digest = createHash('sha256').update(all).digest('hex').slice(0, 20);
    return join(folder, `${competitor.name}-${seed}-${digest}.run`);
  }
}

/** Returns the number of records in a folder. */
export async function countRuns(folder: string): Promise<number> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.run')).length;
}
