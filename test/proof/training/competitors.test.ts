/** What the paper's competitors predict where it is known what they must: on cells that have thousands of rows each. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cell, type CellTraining, trainCells } from '../../training/cells.ts';

const CELLS: readonly Cell[] = [
  { rows: 4000, click: 0.5, conversion: 0.4 },
  { rows: 8000, click: 0.25, conversion: 0.2 },
  { rows: 16_000, click: 0.1, conversion: 0.25 },
];

let folder: string;
let made = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'competitors-'));
});
afterAll(() => rm(folder, { recursive: true }));

const trained = (model: string, options: Omit<CellTraining, 'model'> = {}, cells = CELLS) =>
  trainCells(join(folder, String(made++)), cells, { model, ...options });

/** Expects each cell's prediction within a share of what it must be. */
function expectWithin(share: number, got: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) {
    expect((got[i] as number) / value).toBeGreaterThan(1 - share);
    expect((got[i] as number) / value).toBeLessThan(1 + share);
  }
}

describe('base', () => {
  it('predicts the click rate, and the conversion rate of clicked rows', async () => {
    const { predictions, trained: model } = await trained('type: base');
    expectWithin(
      0.03,
      predictions.map(({ pctr }) => pctr),
      CELLS.map(({ click }) => click),
    );
    expectWithin(
      0.05,
      predictions.map(({ pcvr }) => pcvr),
      CELLS.map(({ conversion }) => conversion),
    );
    expect(model.isCalibrated).toBe(true);
    expect(model.networks.map(({ name }) => name)).toEqual(['click', 'conversion']);
  });
});

describe('aman', () => {
  it('predicts c v / (c + r (1 - c)) with a share r of the rows that were not clicked', async () => {
    const { predictions, trained: model } = await trained('type: aman, rate: 0.2');
    expectWithin(
      0.06,
      predictions.map(({ pcvr }) => pcvr),
      CELLS.map(({ click: c, conversion: v }) => (c * v) / (c + 0.2 * (1 - c))),
    );
    expect(model.isCalibrated).toBe(false);
  });

  it('underestimates by the click rate with all of them: it predicts pctcvr', async () => {
    const { predictions } = await trained('type: aman, rate: 1');
    expectWithin(
      0.06,
      predictions.map(({ pcvr }) => pcvr),
      CELLS.map(({ click, conversion }) => click * conversion),
    );
  });

  it('is repaired by calibration in its level, and then counts as calibrated', async () => {
    const { trained: model } = await trained('type: aman, rate: 1', { training: 'calibration: platt' });
    const cvr = model.metrics.tasks.find(({ task }) => task.name === 'cvr');
    expect(Math.abs((cvr?.pcoc.value as number) - 1)).toBeLessThan(0.1);
    expect(model.isCalibrated).toBe(true);
  });
});

describe('oversampling', () => {
  it.each([2, 10])('predicts k v / (k v + 1 - v) with a factor k of %s', async (k) => {
    const { predictions, trained: model } = await trained(`type: oversampling, factor: ${k}`);
    expectWithin(
      0.05,
      predictions.map(({ pcvr }) => pcvr),
      CELLS.map(({ conversion: v }) => (k * v) / (k * v + 1 - v)),
    );
    expect(model.isCalibrated).toBe(false);
  });
});

describe('division', () => {
  it('predicts the conversion rate of clicked rows as a quotient', async () => {
    const { predictions, trained: model } = await trained('type: division');
    expectWithin(
      0.06,
      predictions.map(({ pcvr }) => pcvr),
      CELLS.map(({ conversion }) => conversion),
    );
    for (const { pctr, pcvr, pctcvr } of predictions) expect(pcvr).toBeCloseTo(pctcvr / pctr, 6);
    expect(model.clippedShares).toEqual({ pcvr: 0 });
    expect(model.isCalibrated).toBe(true);
    expect(model.networks.map(({ name }) => name)).toEqual(['click', 'conversion']);
  });

  it('exceeds 1 on sparse cells, is clipped there, and tells in how many rows', async () => {
    const sparse = Array.from({ length: 60 }, (_, cell) => ({
      rows: 40,
      click: 0.05 * (1 + (cell % 3)),
      conversion: 1,
    }));
    const { predictions, trained: model } = await trained('type: division', { batchSize: 64 }, sparse);
    const above = predictions.filter(({ pctr, pctcvr }) => pctcvr > pctr);
    expect(above.length).toBeGreaterThan(0);
    expect(above.length).toBeLessThan(sparse.length);
    for (const { pcvr } of above) expect(pcvr).toBe(1);
    for (const { pctr, pcvr, pctcvr } of predictions) expect(pcvr).toBeCloseTo(Math.min(1, pctcvr / pctr), 6);
    // Every cell has as many test rows as any other.
    expect(model.clippedShares?.pcvr).toBeCloseTo(above.length / sparse.length, 9);
  });
});
