import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import type { FunnelMetrics } from '../../lib/evaluation/funnel.ts';
import { type TrainedModel, train } from '../../lib/training/train.ts';

const ROWS = 60_000;
const TASKS = ['ctr', 'cvr', 'ctcvr'] as const;

const declaration = (calibration: string) => `name: skewed
stages:
  click: { label: clicked }
  conversion: { label: bought }
log: { keys: [row] }
split: { column: part, train: [train], validation: [validation], test: [test] }
training: { epochs: 4, batch_size: 512, ${calibration} }
model: { hidden_units: [16] }
features:
  user_id: { type: category, entity: user, dimension: 4 }
  item_id: { type: category, entity: item, dimension: 4 }
`;

const CALIBRATIONS = {
  none: 'calibration: none',
  platt: 'calibration: platt, calibration_of: edges',
  isotonic: 'calibration: isotonic, calibration_of: edges',
  product: 'calibration: platt, calibration_of: product',
};

/** A log whose training part has lost most rows without a click, without declaring it. */
function skewedLog(): string {
  const lines = ['row,part,user_id,item_id,clicked,bought'];
  for (let row = 0; row < ROWS; row++) {
    const [user, item] = [row % 20, (row * 7) % 15];
    const part = ['train', 'train', 'validation', 'test'][Math.floor(row / 300) % 4];
    const clicked = uniform(row, 1) < 0.1 + 0.01 * user;
    const bought = clicked && uniform(row, 2) < 0.15 + 0.02 * item;
    if (part === 'train' && !clicked && uniform(row, 3) < 0.8) continue;
    // Half of the purchases of the training part never reached the log.
    const seen = bought && (part !== 'train' || uniform(row, 4) < 0.5);
    lines.push(`${row},${part},u${user},i${item},${Number(clicked)},${Number(seen)}`);
  }
  return `${lines.join('\n')}\n`;
}

describe('a model whose training rows are not like the others', { timeout: 120_000 }, () => {
  let folder: string;
  const trained: Record<string, TrainedModel> = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'calibrate-'));
    await writeFile(join(folder, 'log.csv'), skewedLog());
    for (const [kind, declared] of Object.entries(CALIBRATIONS)) {
      const text = declaration(declared);
      const scratch = await mkdtemp(join(folder, kind));
      trained[kind] = await train({
        declaration: parseDeclaration(text, 'skewed.yaml'),
        declarationText: text,
        dataPath: join(folder, 'log.csv'),
        scratch,
        threads: 2,
        memoryLimitMiB: 512,
      });
    }
  }, 120_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is far off without calibration', () => {
    expect(pcoc(trained.none, 'ctr')).toBeGreaterThan(1.5);
    expect(pcoc(trained.none, 'cvr')).toBeLessThan(0.7);
  });

  it.each(['platt', 'isotonic', 'product'])(
    'is right within three hundredths on held-out rows after %s calibration',
    (kind) => {
      for (const task of TASKS) expect(Math.abs(pcoc(trained[kind], task) - 1)).toBeLessThan(0.03);
    },
  );

  it('ranks as before by the first edge, whose calibration is one increasing map', () => {
    const auc = (kind: string) => taskOf(trained[kind]?.metrics, 'ctr').auc.value as number;
    expect(Math.abs(auc('platt') - auc('none'))).toBeLessThan(1e-6);
  });

  it('ranks conversions as before by a calibrated product, and has the clicks of calibrated edges', () => {
    const auc = (kind: string) => taskOf(trained[kind]?.metrics, 'ctcvr').auc.value as number;
    expect(Math.abs(auc('product') - auc('none'))).toBeLessThan(1e-6);
    expect(taskOf(trained.product?.metrics, 'ctr')).toEqual(taskOf(trained.platt?.metrics, 'ctr'));
  });

  it.each([
    ['platt', 'platt', 'edges'],
    ['isotonic', 'isotonic', 'edges'],
    ['product', 'platt', 'product'],
  ])('tells what %s calibration is and did', async (name, kind, of) => {
    const record = JSON.parse(await readFile(join(trained[name]?.folder as string, 'calibration.json'), 'utf8'));
    expect(record).toMatchObject({
      formatVersion: 1,
      kind,
      of,
      why: 'declared',
      losses: null,
      calibrators: { click: { kind }, conversion: { kind } },
      uncalibrated: {},
    });
    for (const task of TASKS) {
      expect(record.heldOut[task].before.pcoc).toBeCloseTo(pcoc(trained.none, task), 5);
      expect(record.heldOut[task].after.pcoc).toBe(pcoc(trained[name], task));
      expect(record.heldOut[task].after.log_loss).toBeLessThan(record.heldOut[task].before.log_loss);
    }
    const metrics = JSON.parse(await readFile(join(trained[name]?.folder as string, 'metrics.json'), 'utf8'));
    expect(metrics.before_calibration.ctcvr).toEqual(record.heldOut.ctcvr.before);
  });

  it('has no calibration.json where none is declared', async () => {
    await expect(readFile(join(trained.none?.folder as string, 'calibration.json'))).rejects.toThrow('ENOENT');
  });
});

function pcoc(model: TrainedModel | undefined, task: (typeof TASKS)[number]): number {
  return taskOf(model?.metrics, task).pcoc.value as number;
}

function taskOf(metrics: FunnelMetrics | undefined, name: string) {
  const found = metrics?.tasks.find(({ task }) => task.name === name);
  if (found === undefined) throw new Error(`no task ${name}`);
  return found;
}

/** The fraction of a large sine: well mixed, the same everywhere. */
function uniform(row: number, salt: number): number {
  return Math.abs(Math.sin(row * 12.9898 + salt * 78.233) * 43758.5453) % 1;
}
