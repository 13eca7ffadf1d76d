import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CheckedLog } from '../../../lib/table/check/log.ts';
import { execute, literal } from '../../../lib/table/database.ts';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import type { LogChunk } from '../../../lib/table/encoded.ts';
import type { Encoder } from '../../../lib/table/encoder.ts';
import { readEncoder, writeEncoder } from '../../../lib/table/fit/encoder-files.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { observe } from '../../observe.ts';
import { bag, category, declare, number, openLog, table, vocabulary, workplace } from '../fixture.ts';

const place = workplace();

const features = [
  category('item', { embedding: 'shared' }),
  bag('history', { embedding: 'shared', delimiter: ' ', weights: 'history_weights' }),
  bag('tags'),
  category('city', { embedding: 'hashed' }),
  category('slot', { embedding: 'given' }),
  number('price', { log1p: true, clip: [0, null] }),
  number('rank', { column: 'price', embedding: 'ranks' }),
  category('position', { atScoring: null }),
];
const embeddings = [
  table('shared', vocabulary({ unknown: 3, minCount: 2 })),
  table('hashed', { kind: 'hash', buckets: 100, seed: 9 }),
  table('given', { kind: 'ids', size: 12 }),
  table('ranks', { kind: 'quantiles', count: 5 }),
];
const LOG = `SELECT i AS row, i % 2 AS click, i % 4 // 3 AS conversion, 'train' AS part, 'é''"' || (i % 40) AS item,
  'é''"' || (i % 9) || ' x' AS history, '0.5 2' AS history_weights, ['t' || (i % 5)] AS tags, 'city ' || (i % 8) AS city, i % 12 AS slot,
  i / 3 AS price, i % 10 AS position FROM range(500) t(i)`;

let log: CheckedLog;
let encoder: Encoder;
let folder: string;

beforeAll(async () => {
  log = await openLog(place, await place.write('log.parquet', LOG), declare(features, { embeddings }));
  ({ encoder } = await fitEncoder(place.database, log));
  folder = place.at('version');
  await writeEncoder(place.database, encoder, folder);
});

async function encoded(which: Encoder): Promise<LogChunk[]> {
  const chunks: LogChunk[] = [];
  for await (const chunk of encodeLog(place.database, log, which)) chunks.push(chunk);
  return chunks;
}

/** Copies the version, changes the copy, and returns its folder. */
async function tampered(name: string, change: (copy: string) => Promise<void>): Promise<string> {
  const copy = place.at(name);
  await cp(folder, copy, { recursive: true });
  await change(copy);
  return copy;
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(path, 'utf8');
  if (change(text) === text) throw new Error('edit changes nothing');
  await writeFile(path, change(text));
}

describe('an encoder that was written', () => {
  it('encodes the same when it is read again', async () => {
    const read = await readEncoder(place.database, folder);
    expect(read.inputs).toEqual(encoder.inputs);
    expect(read.tables).toEqual(encoder.tables);
    expect(await encoded(read)).toEqual(await encoded(encoder));
  });

  it('consists of these files, of which inputs.json has its inputs', async () => {
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      'encoder.json',
      'inputs.json',
      'probe.json',
      'vocabularies',
      'vocabularies/position.parquet',
      'vocabularies/shared.parquet',
      'vocabularies/tags.parquet',
    ]);
    expect(JSON.parse(await readFile(`${folder}/inputs.json`, 'utf8'))).toEqual(encoder.inputs);
    const [first] = await place.read(`${folder}/vocabularies/shared.parquet`);
    expect(first).toEqual({ value: 'x', id: 4n, count: 500n });
  });

  it('has a probe with missing, unknown, unusual and known values of every feature', async () => {
    const probe = JSON.parse(await readFile(`${folder}/probe.json`, 'utf8'));
    const items = probe.rows.map((row: Record<string, unknown>) => row.item);
    expect(items).toEqual(
      expect.arrayContaining([null, '', '5', '5.0', '18446744073709551616', 'naïve 日本 🎉', 'no such value', 'x']),
    );
    const results = probe.rows.map((row: Record<string, unknown>, i: number) => [row.item, probe.expected[i].item]);
    expect(results).toEqual(
      expect.arrayContaining([
        [null, 0],
        ['x', 4],
      ]),
    );
    expect(probe.expected.some((row: Record<string, unknown>) => row.price === null)).toBe(true);
    expect(probe.expected.map((row: { history: { ids: number[] } }) => row.history.ids)).toContainEqual([0, 0, 0]);
  });

  it('has the same files when it is read and written again', async () => {
    const again = place.at('again');
    await writeEncoder(place.database, await readEncoder(place.database, folder), again);
    for (const file of await readdir(folder, { recursive: true })) {
      if (file === 'vocabularies') continue;
      expect(await readFile(`${again}/${file}`)).toEqual(await readFile(`${folder}/${file}`));
    }
  });

  it('may have an empty vocabulary', async () => {
    const bare = await openLog(
      place,
      log.source.path,
      declare([category('item'), bag('tags', { embedding: 'item' })], {
        embeddings: [table('item', vocabulary({ minCount: 9999 }))],
      }),
    );
    const fitted = await fitEncoder(place.database, bare);
    await writeEncoder(place.database, fitted.encoder, place.at('bare'));
    expect((await readEncoder(place.database, place.at('bare'))).tables).toEqual([
      { name: 'item', dimension: 4, rows: 2 },
    ]);
  });
});

describe('the probe of an encoder that a build wrote', () => {
  const build = 'a build';
  let built: string;
  beforeAll(async () => {
    built = place.at('built');
    await writeEncoder(place.database, encoder, built, { build });
  });
  const changed = async (name: string, file: string, change: (text: string) => string) => {
    const copy = place.at(name);
    await cp(built, copy, { recursive: true });
    await edit(`${copy}/${file}`, change);
    return copy;
  };

  it('is encoded again by another build and by sources, but not by the same build', async () => {
    const probes = async (path: string, reader: string | null) =>
      (await observe(() => readEncoder(place.database, path, { build: reader }))).probes;
    expect(await probes(built, build)).toBe(0);
    expect(await probes(built, 'another build')).toBe(1);
    expect(await probes(built, null)).toBe(1);
    expect(await probes(folder, build)).toBe(1);
  });

  it('is encoded again where what it has was changed', async () => {
    const copy = await changed('built-expected', 'probe.json', (text) =>
      text.replace(/"expected": \[\s*\{\s*"item": \d+/, (start) => start.replace(/\d+$/, '99')),
    );
    await expect(readEncoder(place.database, copy, { build })).rejects.toMatchObject({ feature: 'item' });
  });

  it('is encoded again where the encoder was changed', async () => {
    const copy = await changed('built-seed', 'encoder.json', (text) => text.replace('"seed": 9', '"seed": 8'));
    await expect(readEncoder(place.database, copy, { build })).rejects.toMatchObject({ feature: 'city' });
  });
});

describe('an encoder is refused', () => {
  it('where two values of a vocabulary were exchanged', async () => {
    const copy = await tampered('exchanged', async (path) => {
      const file = `${path}/vocabularies/position.parquet`;
      const swapped = `SELECT value, CASE id WHEN 2 THEN 3 WHEN 3 THEN 2 ELSE id END AS id, count FROM read_parquet(${literal(`${folder}/vocabularies/position.parquet`)})`;
      await execute(place.database, `COPY (${swapped}) TO ${literal(file)} (FORMAT parquet)`);
    });
    await expect(readEncoder(place.database, copy)).rejects.toMatchObject({
      name: 'EncoderMismatchError',
      feature: 'position',
      message: `encoder differs from its probe: feature position, value "0": got 3, expected 2 (in ${copy})`,
    });
  });

  it('where the seed of a hash changed', async () => {
    const copy = await tampered('seed', (path) =>
      edit(`${path}/encoder.json`, (text) => text.replace('"seed": 9', '"seed": 8')),
    );
    await expect(readEncoder(place.database, copy)).rejects.toThrow(
      new RegExp(
        `^encoder differs from its probe: feature city, value "no such value": got \\d+, expected \\d+ \\(in ${copy}\\)$`,
      ),
    );
  });

  it('where the length of a bag changed', async () => {
    const copy = await tampered('length', (path) =>
      edit(`${path}/encoder.json`, (text) =>
        text.replaceAll('"maxLength": 3', '"maxLength": 2').replaceAll('"length": 3', '"length": 2'),
      ),
    );
    await expect(readEncoder(place.database, copy)).rejects.toMatchObject({
      name: 'EncoderMismatchError',
      feature: 'history',
    });
  });

  it('where a value is missing from a vocabulary', async () => {
    const copy = await tampered('missing', async (path) => {
      const kept = `SELECT * FROM read_parquet(${literal(`${folder}/vocabularies/tags.parquet`)}) WHERE id < 6`;
      await execute(
        place.database,
        `COPY (${kept}) TO ${literal(`${path}/vocabularies/tags.parquet`)} (FORMAT parquet)`,
      );
    });
    await expect(readEncoder(place.database, copy)).rejects.toThrow(
      `vocabulary tags has 4 values with ids 2 to 5, expected 5 from 2 (in ${copy})`,
    );
  });

  it('where it has another format', async () => {
    const copy = await tampered('format', (path) =>
      edit(`${path}/encoder.json`, (text) => text.replace('"format": 2', '"format": 1')),
    );
    await expect(readEncoder(place.database, copy)).rejects.toThrow(`encoder has format 1, expected 2 (in ${copy})`);
  });

  it('where a file is not JSON', async () => {
    const copy = await tampered('broken', (path) => writeFile(`${path}/encoder.json`, '{'));
    await expect(readEncoder(place.database, copy)).rejects.toThrow(`encoder.json is not JSON (in ${copy})`);
  });
});
