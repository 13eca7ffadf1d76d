/** What is read of the rows of a log besides their features: groups and days. */
import { describe, expect, it } from 'vitest';
import type { Declaration } from '../../../lib/config/declaration.ts';
import { countUnhashed, readOutcomes } from '../../../lib/table/check/outcomes.ts';
import { PARTS } from '../../../lib/table/encoded.ts';
import { declare, LOG_DEFAULTS, openLog, rowsSql, workplace } from '../fixture.ts';

const place = workplace();
const columns = 'row, click, conversion, part';
const BASE = ["0, 1, 1, 'train'", "1, 1, 0, 'train'", "2, 0, 0, 'train'"];

const outcomesOf = async (path: string, declaration: Declaration) =>
  readOutcomes(place.database, await openLog(place, path, declaration), PARTS);

describe('groups', () => {
  it('have a single row if it has no value', async () => {
    const rows = [
      "'u', 0, 0, 'train'",
      "NULL, 1, 1, 'train'",
      "NULL, 0, 0, 'train'",
      "'u', 1, 0, 'train'",
      "'2', 0, 0, 'train'",
    ];
    const declaration = declare([], { log: { ...LOG_DEFAULTS, keys: ['click'], group: 'user' } });
    const path = await place.write('groups.csv', rowsSql('user, click, conversion, part', rows));
    const { group } = await outcomesOf(path, declaration);
    expect(group?.[0]).toBe(group?.[3]);
    expect(new Set(group)).toHaveLength(4);
  });

  it('are numbers of 53 bits, the same for the same value in every type', async () => {
    const declaration = declare([], { log: { ...LOG_DEFAULTS, group: 'user_id' } });
    const groupsOf = async (name: string, ids: readonly string[]) => {
      const rows = BASE.map((row, i) => `${row}, ${ids[i]}`);
      return [
        ...((await outcomesOf(await place.write(name, rowsSql(`${columns}, user_id`, rows)), declaration)).group ?? []),
      ];
    };
    const texts = await groupsOf('texts.parquet', ["'7'", "'7'", "'8'"]);
    expect(texts.every(Number.isSafeInteger)).toBe(true);
    expect([texts[1], texts[2] === texts[0]]).toEqual([texts[0], false]);
    expect(await groupsOf('numbers.parquet', ['7.0', '7.0', '8.0'])).toEqual(texts);
  });

  it('are null if no column is declared', async () => {
    expect((await outcomesOf(await place.write('none.csv', rowsSql(columns, BASE)), declare([]))).group).toBeNull();
  });
});

describe('days', () => {
  it('are counted from 1970 in UTC, and null if the log has no time', async () => {
    const times = ["'1970-01-02T00:00:00Z'", "'1970-01-02T23:59:59.999Z'", "'1970-01-03T00:00:00Z'"];
    const rows = BASE.map((row, i) => `${row}, ${times[i]}`);
    const path = await place.write('days.csv', rowsSql(`${columns}, ts`, rows));
    const { day, group } = await outcomesOf(path, declare([], { log: { ...LOG_DEFAULTS, time: 'ts' } }));
    expect([...(day ?? [])]).toEqual([1, 1, 2]);
    expect(group).toBeNull();
    expect((await outcomesOf(path, declare([]))).day).toBeNull();
  });
});

describe('good rows without a value for the split by hash', () => {
  it('are counted', async () => {
    const rows = ["0, 1, 1, 'a'", '1, 0, 0, NULL', "2, 0, 0, ''", '3, 2, 0, NULL'];
    const path = await place.write('unhashed.parquet', rowsSql('row, click, conversion, shop', rows));
    const split = { by: 'hash', columns: ['shop'], validation: 0.1, test: 0.1, seed: 1 } as const;
    const log = { ...LOG_DEFAULTS, maxRejected: 1 };
    const count = async (options: Partial<Declaration>) =>
      countUnhashed(place.database, await openLog(place, path, declare([], { log, ...options })));
    // The last row is bad.
    expect(await count({ split })).toBe(2);
    expect(await count({ split: { ...split, columns: ['row'] } })).toBe(0);
    expect(await count({ split: { ...split, columns: ['shop', 'row'] } })).toBe(0);
  });
});
