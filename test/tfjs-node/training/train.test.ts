/** Whole trainings by both engines: the same losses and AUC, and who trained is recorded. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineName } from '../../../lib/config/engines.ts';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { parseManifest } from '../../../lib/registry/manifest.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import { type TrainedModel, train } from '../../../lib/training/train.ts';
import { publishTrained } from '../../../training/publish-trained.ts';
import { shopDeclaration } from '../../training/shop.ts';
import { syntheticLog } from '../../training/synthetic-log.ts';

const SEEDS = [1, 2, 3];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engines-'));
  const start = new Date('2026-01-01T00:00:00.000Z');
  await writeFile(join(folder, 'log.csv'), syntheticLog({ seed: 1, rows: 6000, start, days: 10 }));
});
afterAll(() => rm(folder, { recursive: true }));

const declarationOf = (engine: EngineName, seed: number) =>
  shopDeclaration({ training: `seed: ${seed}, engine: ${engine}, calibration: platt, dropout: 0.1` });

async function trainBy(engine: EngineName, seed: number): Promise<TrainedModel> {
  const scratch = await mkdtemp(join(folder, 'scratch-'));
  const declarationText = declarationOf(engine, seed);
  return train({
    declaration: parseDeclaration(declarationText, 'shop.yaml'),
    declarationText,
    dataPath: join(folder, 'log.csv'),
    scratch,
    threads: 2,
    memoryLimitMiB: 512,
  });
}

describe('a training by tfjs-node', () => {
  it('has the AUC of one by onnxruntime, but for less than the seeds make of a difference', async () => {
    const aucs = { onnxruntime: [] as number[], 'tfjs-node': [] as number[] };
    for (const engine of ['onnxruntime', 'tfjs-node'] as const)
      for (const seed of SEEDS)
        aucs[engine].push((await trainBy(engine, seed)).metrics.tasks[0]?.auc.value ?? Number.NaN);
    const { onnxruntime, 'tfjs-node': tfjsNode } = aucs;
    const differences = tfjsNode.map((auc, i) => Math.abs(auc - (onnxruntime[i] as number)));
    expect(Math.max(...differences)).toBeLessThan((Math.max(...onnxruntime) - Math.min(...onnxruntime)) / 10);
  });

  it('gives the same model each time, and a manifest that says what trained it', async () => {
    const [first, second] = [await trainBy('tfjs-node', 1), await trainBy('tfjs-node', 1)];
    const model = await readFile(join(first.folder, 'model.onnx'));
    expect(model.equals(await readFile(join(second.folder, 'model.onnx')))).toBe(true);
    const store = memoryStore();
    const declaration = parseDeclaration(declarationOf('tfjs-node', 1), 'shop.yaml');
    const version = await publishTrained(store, declaration, first, { threads: 2, at: new Date() });
    const { body } = await store.get(`models/shop/${version}/manifest.json`);
    const manifest = parseManifest(new TextDecoder().decode(body), 'shop', version, 'memory:');
    expect(manifest.training.engine).toBe('tfjs-node');
    expect(manifest.libraries).toMatchObject({ '@tensorflow/tfjs-node': '4.22.0', libtensorflow: '2.15.1' });
  });
});
