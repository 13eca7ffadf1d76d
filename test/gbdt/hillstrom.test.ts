/** The trees that compare trains, beside those of an independent program: `reference/hillstrom.py`. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Comparison } from '../../lib/compare/result/comparison-file.ts';
import { workplace } from '../bin/workplace.ts';
import { PYTHON } from './python.ts';

const place = workplace();
const EXAMPLE = fileURLToPath(new URL('../../examples/hillstrom/', import.meta.url));

it('trees rank the test rows of Hillstrom as those that were trained on the columns themselves', async () => {
  const args = ['--models', 'gbdt', '--against', 'gbdt', '--seeds', '1', '--trials', '1', '--python', PYTHON];
  const { code, stdout } = await place.run(
    'compare',
    `${EXAMPLE}entirespace.yaml`,
    '--data',
    `${EXAMPLE}hillstrom.parquet`,
    ...args,
  );
  expect(code).toBe(0);
  expect(stdout).toContain('no model is better than gbdt');
  const { models }: Comparison = JSON.parse(await readFile(place.at('comparison/comparison.json'), 'utf8'));
  const [trees] = models;
  expect(trees?.mean.ctr_auc).toBeCloseTo(0.635368, 6);
  expect(trees?.mean.cvr_auc).toBeCloseTo(0.509628, 6);
  expect(trees?.averaged?.tasks.ctr?.mean_prediction).toBeCloseTo(0.149557, 6);
  expect(trees?.averaged?.tasks.cvr?.mean_prediction).toBeCloseTo(0.062662, 6);
});
