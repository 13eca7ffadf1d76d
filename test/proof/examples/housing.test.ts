import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { makeHousing } from '../../../examples/housing/make.ts';
import { workplace } from '../../bin/workplace.ts';

const path = fileURLToPath(new URL('../../../examples/housing/entirespace.yaml', import.meta.url));
const place = workplace();

it('is made, trained on, and scored with users, flats and areas from tables, by the commands of its README', async () => {
  await makeHousing(place.at('housing'), 4000);
  const lines = (await readFile(place.at('housing/items.csv'), 'utf8')).split('\n');
  expect(lines[0]).toBe('item_id,district,rent,rooms,windows');
  expect(lines.slice(1, -1).every((line) => line.split('|').length === 34)).toBe(true);
  expect(lines.some((line) => line.includes('||'))).toBe(true);

  const trained = await place.run('train', path, '--data', 'housing/log.csv', '-b', 'flats', '--no-promote');
  expect({ code: trained.code, stderr: trained.stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining('log.csv: 4,000 rows, 0 rejected'),
  });
  const [version = ''] = (await place.listing('flats/models/housing')).join().match(/\d{8}-\d{6}-[0-9a-f]{8}/) ?? [];
  await place.run('models', 'promote', version, '-b', 'flats', '--force');
  for (const entity of ['user', 'item', 'area'])
    expect(
      await place.run('features', path, '--entity', entity, '--data', `housing/${entity}s.csv`, '-b', 'flats'),
    ).toMatchObject({ code: 0 });
  const scored = await place.run('score', 'housing/pairs.csv', '-b', 'flats');
  expect({ code: scored.code, stdout: scored.stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining('400 rows scored, 0 rejected'),
  });
});
