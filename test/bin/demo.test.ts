import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { workplace } from './workplace.ts';

const place = workplace();
const HILLSTROM = fileURLToPath(new URL('../../examples/hillstrom/hillstrom.parquet', import.meta.url));

it('demo runs every step on the data as it was published, and prints each of them once', async () => {
  await place.writeRows('published.csv', `SELECT * EXCLUDE (row) FROM '${HILLSTROM}' LIMIT 4000`);
  const { code, stdout, stderr } = await place.run('demo', '--data', 'published.csv');
  expect(code).toBe(0);
  expect(stdout.match(/^\d [a-z]+:/gm)).toEqual(['1 validate:', '2 train:', '3 evaluate:', '4 score:', '5 scores:']);
  expect(`${stdout}${stderr}`.match(/4,000 rows, 0 rejected/g)).toHaveLength(1);
  expect(stdout).toMatch(/^row +pctr +pcvr +pctcvr\n( +\d+( +0\.\d+){3}\n){3}\n/m);

  const [, scores = '', model = ''] =
    /The scores are in (\S+), the model and its report in (\S+)\.\n$/.exec(stdout) ?? [];
  expect(model).toBe('demo/models/hillstrom/<version>/');
  expect(existsSync(place.at(scores, 'hillstrom/odd-rows.csv/_SUCCESS'))).toBe(true);
  const [published] = (await place.listing('demo/models/hillstrom')).filter((line) => line.includes('/model.onnx '));
  expect(existsSync(place.at(model.replace('<version>', published?.split('/')[0] ?? ''), 'report.html'))).toBe(true);
  expect(published).toMatch(/^\d{8}-\d{6}-[0-9a-f]{8}\/model\.onnx /);
});
