import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Declaration } from '../../../lib/config/declaration.ts';
import { assertAcceptable } from '../../../lib/table/check/acceptable.ts';
import { checkLog } from '../../../lib/table/check/log.ts';
import { literal, query } from '../../../lib/table/database.ts';
import { DataError } from '../../../lib/table/errors.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { bag, category, declare, LOG_DEFAULTS, number, openLog, rowsSql, stage, table, workplace } from '../fixture.ts';

const place = workplace();

/** Returns the bad rows of a log, each as `row reason column value`. */
async function rejectsOf(name: string, columns: string, rows: readonly string[], declaration: Declaration) {
  const log = await openLog(place, await place.write(name, rowsSql(columns, rows)), declaration);
  if (log.rejectsPath === null) return [];
  const rejects = await query(place.database, `SELECT * FROM read_parquet(${literal(log.rejectsPath)})`);
  return rejects.map(({ row, reason, column, value }) => `${row} ${reason} ${column} ${value}`);
}

describe('a row', () => {
  const labels = 'row, click, conversion, part';

  it.each(['labels.parquet', 'labels.csv'])('is bad if a label is missing or not binary: %s', async (name) => {
    const rows = [
      "1, 0, 0, 'train'",
      "2, 2, 0, 'train'",
      "3, 1, NULL, 'train'",
      "4, 1, 1, 'train'",
      "5, -1, 0, 'train'",
    ];
    expect(await rejectsOf(name, labels, rows, declare([]))).toEqual([
      '1 label_not_binary click 2',
      '2 label_missing conversion null',
      '4 label_not_binary click -1',
    ]);
  });

  it.each([
    { name: 'booleans', zero: 'false', one: 'true' },
    { name: 'integers', zero: '0', one: '1' },
    { name: 'floating numbers', zero: '0.0::DOUBLE', one: '1.0::DOUBLE' },
    { name: 'decimals', zero: '0.00', one: '1.00' },
    { name: 'text', zero: "'0'", one: "'1'" },
    { name: 'text of floating numbers', zero: "'0.0'", one: "'1.0'" },
    { name: 'text of booleans', zero: "'False'", one: "'TRUE'" },
  ])('is good if its labels are $name', async ({ name, zero, one }) => {
    const rows = [`1, ${zero}, ${zero}, 'train'`, `2, ${one}, ${zero}, 'train'`, `3, ${one}, ${one}, 'train'`];
    expect(await rejectsOf(`${name}.parquet`, labels, rows, declare([]))).toEqual([]);
    expect(await rejectsOf(`${name}.csv`, labels, rows, declare([]))).toEqual([]);
    const swapped = [`1, ${zero}, ${one}, 'train'`, ...rows];
    expect(await rejectsOf(`${name}-bad.csv`, labels, swapped, declare([]))).toEqual([
      expect.stringMatching(/^0 conversion_without_click conversion /),
    ]);
  });

  it.each(['keys.parquet', 'keys.csv'])('is bad if a key is missing: %s', async (name) => {
    const rows = ["'a', NULL::INTEGER, 0, 0, 'train'", "'', 1, 0, 0, 'train'", "'b', 2, 0, 0, 'train'"];
    const declaration = declare([], { log: { ...LOG_DEFAULTS, keys: ['user', 'item'] } });
    expect(await rejectsOf(name, 'user, item, click, conversion, part', rows, declaration)).toEqual([
      '0 missing_key item null',
      '1 missing_key user null',
    ]);
  });

  it('is bad if its time is missing or not a time', async () => {
    const rows = ["1, 0, 0, 'train', '2026-05-01'", "2, 0, 0, 'train', 'noon'", "3, 0, 0, 'train', NULL"];
    const declaration = declare([], { log: { ...LOG_DEFAULTS, time: 'ts' } });
    expect(await rejectsOf('time.csv', `${labels}, ts`, rows, declaration)).toEqual([
      '1 time_not_valid ts noon',
      '2 time_not_valid ts null',
    ]);
  });

  it('is bad if its time is more than a day in the future', async () => {
    const rows = [
      "1, 0, 0, 'train', '2026-06-02 00:00:00'",
      "2, 0, 0, 'train', '2026-06-02 00:00:01'",
      "3, 0, 0, 'train', '2062-05-01'",
    ];
    const declaration = declare([], { log: { ...LOG_DEFAULTS, time: 'ts' } });
    expect(await rejectsOf('future.csv', `${labels}, ts`, rows, declaration)).toEqual([
      '1 time_in_future ts 2026-06-02 00:00:01',
      '2 time_in_future ts 2062-05-01',
    ]);
  });

  it.each(['joined.parquet', 'joined.csv'])(
    'is bad if the conversion is missing although there was a click: %s',
    async (name) => {
      const rows = ["1, 0, NULL, 'train'", "2, 1, NULL, 'train'", "3, NULL, NULL, 'train'", "4, 1, 1, 'train'"];
      expect(await rejectsOf(name, labels, rows, declare([]))).toEqual([
        '1 label_missing conversion null',
        '2 label_missing click null',
      ]);
    },
  );

  it('is bad if a label is missing although a stage before was reached, even one without a label', async () => {
    const stages = [
      stage('click', ['impression']),
      stage('action', ['click']),
      stage('other', ['click'], { label: null, complementOf: 'action' }),
      stage('buy', ['action', 'other']),
    ];
    const rows = ["0, 0, NULL, NULL, 'train'", "1, 1, 0, NULL, 'train'", "2, 0, NULL, 1, 'train'"];
    expect(
      await rejectsOf('joined-esm2.parquet', 'row, click, action, buy, part', rows, declare([], { stages })),
    ).toEqual(['1 label_missing buy null', '2 buy_without_action_or_other buy 1']);
  });

  it('is bad if a number is infinite, but not if it is NaN: that is missing', async () => {
    const rows = [
      "1, 0, 0, 'train', 'NaN'::DOUBLE",
      "2, 0, 0, 'train', 'Infinity'",
      "3, 0, 0, 'train', NULL",
      "4, 0, 0, 'train', 1e39",
    ];
    expect(await rejectsOf('number.parquet', `${labels}, x`, rows, declare([number('x')]))).toEqual([
      '1 number_not_finite x inf',
      '3 number_not_finite x 1e+39',
    ]);
  });

  it('is bad if a text in the place of a number is not that of a finite number, but not if it stands for a missing one', async () => {
    const rows = [
      "1, 0, 0, 'train', '1e3'",
      "2, 0, 0, 'train', 'cheap'",
      "3, 0, 0, 'train', ''",
      "4, 0, 0, 'train', 'nan'",
      "5, 0, 0, 'train', '1e999'",
    ];
    expect(await rejectsOf('number.csv', `${labels}, x`, rows, declare([number('x')]))).toEqual([
      '1 number_not_numeric x cheap',
      '4 number_not_finite x 1e999',
    ]);
  });

  it('is bad if an id is not an integer', async () => {
    const declaration = declare([category('x', { embedding: 'i' }), bag('b', { embedding: 'i', delimiter: ' ' })], {
      embeddings: [table('i', { kind: 'ids', size: 10 })],
    });
    const rows = [
      "1, 0, 0, 'train', '3', '1 2.0'",
      "2, 0, 0, 'train', '3.5', ''",
      "3, 0, 0, 'train', '-4', '1 b'",
      "4, 0, 0, 'train', NULL, NULL",
    ];
    expect(await rejectsOf('ids.csv', `${labels}, x, b`, rows, declaration)).toEqual([
      '1 id_not_integer x 3.5',
      '2 id_not_integer b 1 b',
    ]);
    expect(await rejectsOf('ids.parquet', `${labels}, x, b`, rows, declaration)).toEqual([
      '1 id_not_integer x 3.5',
      '2 id_not_integer b 1 b',
    ]);
  });

  it('is bad if there is not one weight for each value, or a weight is not valid', async () => {
    const rows = [
      "1, 0, 0, 'train', ['a', 'b'], [1.0, 2.0]",
      "2, 0, 0, 'train', ['a', 'b'], [1.0]",
      "3, 0, 0, 'train', NULL, [1.0]",
      "4, 0, 0, 'train', NULL, NULL",
      "5, 0, 0, 'train', ['a'], [-1.0]",
      "6, 0, 0, 'train', ['a'], [NULL]",
    ];
    expect(await rejectsOf('weights.parquet', `${labels}, b, w`, rows, declare([bag('b', { weights: 'w' })]))).toEqual([
      '1 weights_length w [1.0]',
      '2 weights_length w [1.0]',
      '4 weight_not_valid w [-1.0]',
      '5 weight_not_valid w [NULL]',
    ]);
  });

  it('without a click is bad if its sampling rate is missing or out of range', async () => {
    const declaration = declare([], { log: { ...LOG_DEFAULTS, kept: { column: 'kept' } } });
    const rows = [
      "1, 0, 0, 'train', 0.1",
      "2, 0, 0, 'train', 0.0",
      "3, 0, 0, 'train', 1.5",
      "4, 1, 0, 'train', NULL",
      "5, 0, 0, 'train', NULL",
    ];
    expect(await rejectsOf('kept.parquet', `${labels}, kept`, rows, declaration)).toEqual([
      '1 kept_not_in_range kept 0.0',
      '2 kept_not_in_range kept 1.5',
      '4 kept_not_in_range kept null',
    ]);
  });

  it('is bad if its weight is missing, negative, not finite, no number, or too large beside its sampling rate', async () => {
    const declaration = declare([], { log: { ...LOG_DEFAULTS, weight: 'w', kept: 1e-30 } });
    const rows = ['0.5', '-1', 'Infinity', 'NaN', '', 'much', '1e9'].map(
      (weight, row) => `${row}, 0, 0, 'train', '${weight}'`,
    );
    rows.push("7, 1, 0, 'train', '1e9'");
    expect(await rejectsOf('weight.parquet', `${labels}, w`, rows, declaration)).toEqual([
      '1 row_weight_not_valid w -1',
      '2 row_weight_not_valid w Infinity',
      '3 row_weight_not_valid w NaN',
      '4 row_weight_not_valid w ',
      '5 row_weight_not_valid w much',
      '6 row_weight_not_valid w 1e9',
    ]);
  });

  it('is bad if it is in no part of the split', async () => {
    expect(
      await rejectsOf('parts.csv', labels, ["1, 0, 0, 'train'", "2, 0, 0, 'later'", '3, 0, 0, NULL'], declare([])),
    ).toEqual(['1 split_not_listed part later', '2 split_not_listed part null']);
  });

  it('is bad if it is malformed CSV', async () => {
    const path = place.at('malformed.csv');
    await writeFile(path, 'row,click,conversion,part\n1,0,0,train\n2,0,0\n"3"x,0,0,train\n4,0,0,train,more\n');
    const log = await openLog(place, path, declare([]));
    expect(await place.read(log.rejectsPath ?? '')).toEqual([
      { row: 1n, reason: 'field_count', column: null, value: '3 fields' },
      { row: 2n, reason: 'quote_misplaced', column: null, value: '"3"x,0,0,train' },
      { row: 3n, reason: 'field_count', column: null, value: '5 fields' },
    ]);
  });

  it('is rejected for the first of several reasons, with at most 64 characters of the value', async () => {
    const declaration = declare([number('x')]);
    const rows = [`1, 2, 2, 'none', 'x'`, `2, 0, 0, 'train', '${'é'.repeat(100)}'`];
    expect(await rejectsOf('first.csv', `${labels}, x`, rows, declaration)).toEqual([
      '0 label_not_binary click 2',
      `1 number_not_numeric x ${'é'.repeat(64)}`,
    ]);
  });
});

describe('labels that contradict each other', () => {
  const rows = ["0, 1, 1, 'train'", "1, 0, 1, 'train'", "2, 0, 0, 'train'", "3, 1, 0, 'train'"];
  const chain = (inconsistent: 'reject' | 'and' | 'fail', maxInconsistent = 0) =>
    declare([], {
      stages: [stage('click', ['impression']), stage('conversion', ['click'], { inconsistent, maxInconsistent })],
    });
  const write = () => place.write('contradiction.parquet', rowsSql('row, click, conversion, part', rows));

  it('are rejected, and count against the limit of their stage, not that of the log', async () => {
    const path = await write();
    const log = await openLog(place, path, chain('reject', 0.25));
    expect(log.rejects).toEqual([
      { reason: 'conversion_without_click', column: 'conversion', rows: 1, examples: [{ row: 1, value: '1' }] },
    ]);
    expect(() => assertAcceptable(log)).not.toThrow();
    await expect(assertAcceptableOf(path, chain('reject'))).rejects.toThrow(
      'log rows rejected: 1 of 4 rows (25%), allowed 0% (stages.conversion.max_inconsistent): ' +
        `conversion_without_click in conversion: 1 row, got "1", expected 0 where click was not reached, in row 1 (rows count from 0, in ${path})`,
    );
  });

  it('fail the run if the stage is declared with inconsistent: fail, even with a limit of 1', async () => {
    const path = await write();
    await expect(assertAcceptableOf(path, chain('fail', 1))).rejects.toThrow(
      'allowed 0% (stages.conversion.inconsistent: fail)',
    );
  });

  it('are counted, but the rows are good, if the stage is declared with inconsistent: and', async () => {
    const path = await write();
    const log = await openLog(place, path, chain('and', 0.25));
    expect(log).toMatchObject({ rejects: [], contradictions: { conversion: 1 }, rejectsPath: null });
    expect(() => assertAcceptable(log)).not.toThrow();
    await expect(assertAcceptableOf(path, chain('and', 0.2))).rejects.toThrow(
      `log rows rejected: 1 of 4 rows (25%) contradict the stage before conversion, allowed 20% (stages.conversion.max_inconsistent) (in ${path})`,
    );
  });

  it('are found on either of two exclusive paths: a purchase requires a click on both', async () => {
    const declaration = declare([], {
      stages: [
        stage('click', ['impression']),
        stage('action', ['click']),
        stage('other', ['click'], { label: null, complementOf: 'action' }),
        stage('buy', ['action', 'other']),
      ],
    });
    const bought = ["0, 1, 1, 1, 'train'", "1, 1, 0, 1, 'train'", "2, 0, 0, 1, 'train'", "3, 0, 1, 0, 'train'"];
    expect(await rejectsOf('esm2.parquet', 'row, click, action, buy, part', bought, declaration)).toEqual([
      '2 buy_without_action_or_other buy 1',
      '3 action_without_click action 1',
    ]);
  });

  async function assertAcceptableOf(path: string, declaration: Declaration): Promise<void> {
    assertAcceptable(await openLog(place, path, declaration));
  }
});

describe('a log with bad rows', () => {
  it('is refused above the limit, in one line with counts, shares, reasons and three row numbers', async () => {
    const path = await place.write(
      'many.csv',
      "SELECT i AS row, CASE WHEN i % 100 = 3 THEN 'maybe' ELSE '0' END AS click, 0 AS conversion, CASE WHEN i = 5 THEN 'x' ELSE 'train' END AS part FROM range(2000) t(i)",
    );
    const log = await openLog(place, path, declare([], { log: { ...LOG_DEFAULTS, maxRejected: 0.01 } }));
    expect(() => assertAcceptable(log)).toThrow(
      new DataError(
        'too_many_rejects',
        'log rows rejected: 21 of 2,000 rows (1.05%), allowed 1% (log.max_rejected): ' +
          'label_not_binary in click: 20 rows, got "maybe", expected 0 or 1, in rows 3, 103, 203; ' +
          `split_not_listed in part: 1 row, got "x", expected one of train, validation, test, in row 5 (rows count from 0, in ${path})`,
      ),
    );
  });

  it('is accepted if they are exactly as many as the limit allows', async () => {
    const path = await place.write(
      'exact.csv',
      "SELECT i AS row, CASE WHEN i = 3 THEN 2 ELSE 0 END AS click, 0 AS conversion, 'train' AS part FROM range(100) t(i)",
    );
    const log = await openLog(place, path, declare([], { log: { ...LOG_DEFAULTS, maxRejected: 0.01 } }));
    expect(() => assertAcceptable(log)).not.toThrow();
  });
});

describe('the columns of a log', () => {
  const write = () =>
    place.write(
      'columns.parquet',
      "SELECT 1 AS row, 0 AS click, 'train' AS part, [1, 2] AS items, DATE '2026-05-01' AS price, 7 AS tags, 1.5 AS weights",
    );

  it('are refused with the names of all that are missing', async () => {
    const path = await write();
    const features = [category('user_age'), number('price'), bag('tags', { delimiter: ' ', weights: 'tag_weights' })];
    await expect(
      openLog(place, path, declare(features, { log: { ...LOG_DEFAULTS, time: 'ts', group: 'user' } })),
    ).rejects.toMatchObject({
      code: 'columns_missing',
      message: `log columns missing: conversion, ts, user, user_age, tag_weights (in ${path})`,
    });
  });

  it('are found if their names differ in case alone', async () => {
    const path = await place.write('upper.parquet', "SELECT 1 AS Row, 0 AS click, 0 AS conversion, 'train' AS part");
    expect((await openLog(place, path, declare([]))).rejects).toEqual([]);
  });

  it('are refused with the names of all that have a wrong type', async () => {
    const path = await place.write(
      'types.parquet',
      "SELECT 1 AS row, [0] AS click, 0 AS conversion, 'train' AS part, [1, 2] AS items, DATE '2026-05-01' AS price, 7 AS tags, {'a': 1} AS pair",
    );
    const features = [category('items'), number('price'), bag('tags'), category('pair')];
    await expect(openLog(place, path, declare(features))).rejects.toMatchObject({
      code: 'column_types',
      message:
        'log columns of a wrong type: click is INTEGER[], expected 0 or 1; items is INTEGER[], expected a single value; ' +
        'price is DATE, expected a number: a time must be turned into one first, such as its age in days or its hour; ' +
        'tags is INTEGER, expected a list or text; ' +
        `pair is STRUCT(a INTEGER), expected a single value: write its fields as columns of their own (in ${path})`,
    });
  });
});

describe('a checked log', () => {
  it('has its bad rows in the given file', async () => {
    const path = await place.write(
      'told.csv',
      rowsSql('row, click, conversion, part', ["1, 2, 0, 'train'", "2, 0, 0, 'train'"]),
    );
    const rejectsPath = place.at('told-rejects.parquet');
    const log = await checkLog(place.database, await openSource(place.database, path), declare([]), { rejectsPath });
    expect(log.rejectsPath).toBe(rejectsPath);
    expect(await place.read(rejectsPath)).toEqual([
      { row: 0n, reason: 'label_not_binary', column: 'click', value: '2' },
    ]);
  });

  it('has the first and last instant of its good rows', async () => {
    const declaration = declare([], { log: { ...LOG_DEFAULTS, time: 'ts' } });
    const rows = ["1, 0, 0, 'train', '2026-05-02'", "2, 0, 0, 'train', '2026-05-01'", "3, 2, 0, 'train', '2027-01-01'"];
    const log = await openLog(
      place,
      await place.write('range.csv', rowsSql('row, click, conversion, part, ts', rows)),
      declaration,
    );
    expect([log.start, log.end]).toEqual([Date.UTC(2026, 4, 1), Date.UTC(2026, 4, 2)]);
  });
});
