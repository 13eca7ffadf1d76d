import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { generateDump } from '../../../examples/ali-ccp/generate.ts';
import { readDeclaration } from '../../../lib/config/parse-declaration.ts';
import { featureColumns } from '../../../lib/table/kinds/index.ts';
import { workplace } from '../../bin/workplace.ts';

const path = fileURLToPath(new URL('../../../examples/ali-ccp/entirespace.yaml', import.meta.url));
const place = workplace();

/** The header of a sample of the data set as others publish it. */
const PUBLIC_COLUMNS =
  'click,purchase,101,121,122,124,125,126,127,128,129,205,206,207,210,216,508,509,702,853,301,109_14,110_14,127_14,' +
  '150_14,D109_14,D110_14,D127_14,D150_14,D508,D509,D702,D853';

describe('examples/ali-ccp', () => {
  it('converts a dump, and validates and trains on the log', async () => {
    generateDump(place.at('dump'), 3000, 600, { clicks: 0.1, purchases: 0.3 });
    const { code, stdout } = await place.run('convert', 'ali-ccp', '--data', 'dump', '--out', 'log');
    expect({ code, last: stdout.split('\n').at(-2) }).toEqual({ code: 0, last: '3,600 rows in 2 files -> log' });
    expect(await place.run('validate', path, '--data', 'log')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('log: 3,600 rows, 0 rejected\n'),
    });
    const small = (await readFile(path, 'utf8')).replace('batch_size: 4096', 'batch_size: 128');
    await place.write('small.yaml', small);
    const trained = await place.run('train', 'small.yaml', '--data', 'log', '--no-promote');
    expect({ code: trained.code, stderr: trained.stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('training ended after epoch 1'),
    });
  });

  it('has the columns of the published sample, and declares all 23 fields with them', async () => {
    const { declaration } = await readDeclaration(path);
    const { stages, features } = declaration;
    const labels = stages.map(({ label }) => label);
    // The weights of a bag's values are a column of their own.
    const columns = features.flatMap((feature) => [
      ...featureColumns(feature).map(({ column }) => column),
      ...(feature.type === 'bag' && feature.weights !== null ? [feature.weights] : []),
    ]);
    expect([...new Set([...labels, ...columns])].toSorted()).toEqual(PUBLIC_COLUMNS.split(',').toSorted());
    const [log] = await place.rows(`SELECT * FROM '${place.at('log')}/train-00000.parquet' LIMIT 1`);
    expect(Object.keys(log ?? {}).toSorted()).toEqual(
      [...PUBLIC_COLUMNS.split(','), 'sample_id', 'common_feature_index', 'part'].toSorted(),
    );
    expect(new Set(columns.filter((column) => /^\d/.test(column as string))).size).toBe(23);
  });
});
