/** Whatever ends a training, no file of encoded rows stays open. */
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import type { Progress } from '../../lib/training/progress.ts';
import { type TrainOptions, train } from '../../lib/training/train.ts';
import { shopDeclaration } from './shop.ts';
import { syntheticLog } from './synthetic-log.ts';

let folder: string;
let made = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-closed-'));
  const start = new Date('2026-01-01T00:00:00.000Z');
  await writeFile(join(folder, 'log.csv'), syntheticLog({ seed: 1, rows: 4000, start, days: 10 }));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(declarationText: string, options: Partial<TrainOptions> = {}): Promise<unknown> {
  const scratch = join(folder, String(made++));
  await mkdir(scratch);
  return train({
    declaration: parseDeclaration(declarationText, 'shop.yaml'),
    declarationText,
    dataPath: join(folder, 'log.csv'),
    scratch,
    threads: 1,
    memoryLimitMiB: 512,
    ...options,
  });
}

/** Files of encoded rows that this process has open; none where the system does not tell. */
function openFiles(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const path = readlinkSync(join('/proc/self/fd', name));
      return path.endsWith('.rows') ? [basename(path)] : [];
    } catch {
      // The descriptor by which the folder was read.
      return [];
    }
  });
}

/** Aborts at the first report of a phase. */
function stopAt(phase: Progress['phase'], seen: string[]): Pick<TrainOptions, 'signal' | 'onProgress'> {
  const controller = new AbortController();
  const onProgress = (progress: Progress) => {
    if (progress.phase !== phase) return;
    seen.push(phase);
    controller.abort(new Error(`stopped at ${phase}`));
  };
  return { signal: controller.signal, onProgress };
}

describe('the files of encoded rows are closed', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('where the memory is too small for the engine', async () => {
    vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(2 ** 60);
    await expect(run(shopDeclaration())).rejects.toThrow(/^training needs .* of memory besides the .* in use/);
    expect(openFiles()).toEqual([]);
  });

  it('where the memory is too small for weights that were trained elsewhere', async () => {
    vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(2 ** 60);
    const facts = { engine: 'pytorch', device: 'cpu', processes: 1, precision: 'float32', seconds: 1 };
    const network = () => Promise.reject(new Error('the weights were read'));
    await expect(run(shopDeclaration(), { elsewhere: { facts, network } })).rejects.toThrow(
      /^evaluating trained weights needs .* of memory besides the .* in use/,
    );
    expect(openFiles()).toEqual([]);
  });

  it.each(['encode', 'draw', 'train', 'evaluate'] as const)(
    'where training is stopped in the phase %s',
    async (phase) => {
      const seen: string[] = [];
      // More values than are drawn at once.
      const declaration = shopDeclaration().replace(
        'dimension: 4',
        `dimension: 8${phase === 'draw' ? ', hash: 600000' : ''}`,
      );
      await expect(run(declaration, stopAt(phase, seen))).rejects.toThrow(`stopped at ${phase}`);
      expect(seen).not.toEqual([]);
      expect(openFiles()).toEqual([]);
    },
  );

  it('where all goes well, but while they are read', async () => {
    const during = new Set<string>();
    const onProgress = ({ phase }: Progress) => {
      for (const name of openFiles()) during.add(`${phase} ${name}`);
    };
    await run(shopDeclaration(), { onProgress });
    expect(openFiles()).toEqual([]);
    if (process.platform === 'linux')
      expect([...during].toSorted()).toEqual([
        'encode calibration.rows',
        'encode test.rows',
        'encode train.rows',
        'encode validation.rows',
        'evaluate test.rows',
        'train train.rows',
      ]);
  });
});
