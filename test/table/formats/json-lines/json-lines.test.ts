import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { scoreRows } from '../../../../lib/table/candidates/score-shard.ts';
import { query } from '../../../../lib/table/database.ts';
import { localCandidate } from '../../../../lib/table/formats/candidate-file.ts';
import { JsonError, parseObject } from '../../../../lib/table/formats/json-lines/parse.ts';
import { openSource } from '../../../../lib/table/source/source.ts';
import { candidateWorkplace, declaration } from '../../candidates/candidates.ts';
import { bag, category, declare, encodeAll, LOG_DEFAULTS, number } from '../../fixture.ts';

const shop = candidateWorkplace();
const { place, planOf } = shop;

describe('a JSON object', () => {
  it.each([
    ['{"a":9007199254740993,"b":-1.50e-3,"c":true}', { a: '9007199254740993', b: '-1.50e-3', c: 'true' }],
    ['{"a":null,"b":NaN,"c":-Infinity}', { a: null, b: null, c: '-Infinity' }],
    [' { "\\u00e9 \\"q\\"" : "x\\n\\u00fc" } ', { 'é "q"': 'x\nü' }],
    ['{"a":["x", 9007199254740993,null],"b":{"c":[{}]}}', { a: '["x", 9007199254740993,null]', b: '{"c":[{}]}' }],
    ['{}', {}],
  ])('%s has exact values', (text, expected) => {
    expect(Object.fromEntries([...parseObject(text)].map(([key, value]) => [key, value.text]))).toEqual(expected);
  });

  it.each([
    '',
    '3',
    'null',
    '[1]',
    '{"a":1',
    '{"a":1,}',
    '{a:1}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":+1}',
    '{"a":"x}',
    '{"a":"\\x"}',
    '{"a":1}{',
    '{"a" 1}',
    '{"a":1x}',
    '{"a":[1,]}',
    '{"a":nul}',
    '{"a":"\t"}',
  ])('%j is none', (text) => {
    expect(() => parseObject(text)).toThrow(new JsonError('json_not_object'));
  });

  it('has each key once', () => {
    expect(() => parseObject('{"a":1,"a":1}')).toThrow(new JsonError('json_key_repeated'));
    expect(() => parseObject('{"b":{"a":1,"a":1}}')).toThrow(new JsonError('json_key_repeated'));
  });

  it('is read as JSON.parse does, whatever is in it', () => {
    for (const value of [
      { a: '\u007f\u0080 ü', b: [1.5e300, 'x'] },
      { 'k"\\': '\\"/\b\f\n\r\t', z: -0.1 },
    ]) {
      const found = parseObject(JSON.stringify(value));
      for (const [key, expected] of Object.entries(value)) {
        const text = found.get(key)?.text ?? '';
        expect(typeof expected === 'string' ? text : JSON.parse(text)).toEqual(expected);
      }
    }
  });
});

const LINES = [
  '{"user_id": 9007199254740993, "item": "b", "price": 3.0, "tags": "y x", "position": 2}',
  '{"item": "b", "user_id": "u\\u0031", "price": "2.5", "tags": ["y", "x"], "color": "red"}',
  '',
  '{"user_id": 7, "item": "a", "price": 1',
  '{"user_id": 8, "user_id": 9, "item": "a"}',
  '{"user_id": 10, "item": null, "price": NaN, "position": 1, "extra": {"a": 1}}\r',
];

async function scored(path: string, shardRows: number) {
  const pieces: string[] = [];
  const plan = await planOf(path, {
    shardRows,
    encoder: shop.encoder,
    declaration,
    savePiece: async (index, piece) => {
      const kept = `${path}-piece-${index}`;
      await writeFile(kept, await readFile(piece));
      pieces.push(kept);
      return kept;
    },
  });
  const rows: Record<string, unknown>[] = [];
  const rejects: Record<string, unknown>[] = [];
  for (const shard of plan.shards) {
    const [scoresPath, rejectsPath] = [`${path}-${shard.index}.parquet`, `${path}-r${shard.index}.parquet`];
    const { rejected } = await scoreRows({
      database: place.database,
      file: await localCandidate(shard.piece ?? path),
      plan,
      shard,
      declaration,
      encoder: shop.encoder,
      predict: async (chunk) => ({
        pctr: Float32Array.from(chunk.numbers.price ?? [], (price) => (Number.isNaN(price) ? -1 : price)),
        tags: Float32Array.from(
          { length: chunk.rows },
          (_, row) => [...(chunk.ids.tags ?? [])].slice(row * 2, row * 2 + 2).filter((id) => id > 0).length,
        ),
      }),
      outputs: ['pctr'],
      scoresPath,
      rejectsPath,
    });
    rows.push(...(await place.read(scoresPath)));
    if (rejected > 0) rejects.push(...(await place.read(rejectsPath)));
  }
  return { plan, rows, rejects };
}

describe('candidates in JSON lines', () => {
  it.each([1, 2, 100])(
    'are scored and rejected by their rows, plain and in gzip, in shards of %d',
    async (shardRows) => {
      const [path, zipped] = [place.at(`c${shardRows}.jsonl`), place.at(`c${shardRows}.ndjson.gz`)];
      await writeFile(path, LINES.join('\n'));
      await writeFile(zipped, gzipSync(LINES.join('\n')));
      for (const file of [path, zipped]) {
        const { plan, rows, rejects } = await scored(file, shardRows);
        expect(plan.rows).toBe(5);
        expect(plan.columns).toEqual(
          ['user_id', 'item', 'price', 'tags', 'position', 'color', 'extra'].map((name) => ({
            name,
            type: name === 'extra' ? 'STRUCT' : 'VARCHAR',
          })),
        );
        expect(rows).toEqual([
          { user_id: '9007199254740993', item: 'b', pctr: 3 },
          { user_id: 'u1', item: 'b', pctr: 2.5 },
        ]);
        expect(rejects.map(({ row, reason, column, value }) => [Number(row), reason, column, value])).toEqual([
          [2, 'json_not_object', null, LINES[3]],
          [3, 'json_key_repeated', null, LINES[4]],
          [4, 'missing_key', 'item', null],
        ]);
        expect(plan.notes).toEqual([
          `${file}: 2 lines are no JSON objects with each key once, the first is line 4 (from 1): ${LINES[3]}`,
        ]);
      }
    },
  );

  it('are refused, in one line, if they are something else', async () => {
    const refused = async (name: string, text: string) => {
      await writeFile(place.at(name), text);
      return planOf(place.at(name), { shardRows: 9, encoder: shop.encoder, declaration }).catch(
        (error) => error.message,
      );
    };
    expect(await refused('list.jsonl', '[{"a":1}]')).toBe(
      `${place.at('list.jsonl')} is a list of JSON, expected one object on each line: jq -c '.[]' writes them`,
    );
    expect(await refused('pretty.jsonl', '{\n  "user_id": 1\n}\n')).toBe(
      `${place.at('pretty.jsonl')} is not JSON lines: line 1 is {, expected one JSON object on each line`,
    );
    expect(await refused('none.jsonl', '{}\n')).toBe(
      `${place.at('none.jsonl')} has no keys, expected JSON objects with the columns`,
    );
    expect(await refused('few.jsonl', '{"user_id":1,"item":{"id":2},"price":1,"tags":"x"}\n')).toContain(
      'candidate columns of a wrong type: item is STRUCT, expected a single value: write its fields as columns of their own',
    );
  });
});

describe('a log in JSON lines', () => {
  it('is the same as in Parquet: ids beyond 2^53, lists, missing keys, columns that come late', async () => {
    const objects = Array.from({ length: 40 }, (_, i) => ({
      row: i,
      click: i % 2,
      conversion: i % 4 === 1 ? 1 : 0,
      part: 'train',
      item: `90071992547409${90 + (i % 3)}`,
      price: i / 4,
      ...(i > 30 && { tags: [`t${i % 2}`, 'x'] }),
    }));
    const lines = objects.map((object) => JSON.stringify(object).replace(/"item":"(\d+)"/, '"item":$1'));
    const path = place.at('log.jsonl');
    await writeFile(path, `${lines.join('\n')}\n`);
    const parquet = await place.write(
      'log.parquet',
      `SELECT i AS row, i % 2 AS click, (i % 4 = 1)::INT AS conversion, 'train' AS part, 9007199254740990 + i % 3 AS item, i / 4 AS price, CASE WHEN i > 30 THEN ['t' || (i % 2), 'x'] END AS tags FROM range(40) t(i)`,
    );
    const declared = declare([category('item'), number('price'), bag('tags')], {
      log: { ...LOG_DEFAULTS, keys: ['row'] },
    });
    const [own, expected] = [await encodeAll(place, path, declared), await encodeAll(place, parquet, declared)];
    expect(own.ids).toEqual(expected.ids);
    expect(own.numbers).toEqual(expected.numbers);
    expect(own.labels).toEqual(expected.labels);
    expect(new Set(own.ids.item).size).toBe(3);
  });

  it('keeps the digits of its numbers', async () => {
    const path = place.at('digits.ndjson');
    await writeFile(path, '\ufeff{"id":123456789012345678901234567890,"x":"a,\\"b\\""}\n{"x":"\\u4e2d\\n"}');
    const source = await openSource(place.database, path, { csv: declaration.csv, needed: ['id', 'x'] });
    const columns = source.columns.map(({ sql }) => sql).join(', ');
    expect(await query(place.database, `SELECT ${columns} FROM ${source.relation.from} ORDER BY "#row"`)).toEqual([
      { c0: '123456789012345678901234567890', c1: 'a,"b"' },
      { c0: null, c1: '中\n' },
    ]);
  });
});
