import { describe, expect, it } from 'vitest';
import { columnKind, type Value } from '../../../lib/table/columns.ts';
import { queryOne } from '../../../lib/table/database.ts';
import { canonicalText } from '../../../lib/table/values/canonical.ts';
import { bagTexts } from '../../../lib/table/values/lists.ts';
import { timeSql } from '../../../lib/table/values/times.ts';
import { workplace } from '../fixture.ts';

const place = workplace();

async function evaluate(sql: string, type: string, expression: typeof canonicalText) {
  const { value } = await queryOne(
    place.database,
    `SELECT ${expression({ sql: `CAST(${sql} AS ${type})`, type, kind: columnKind(type) })} AS value`,
  );
  return value;
}

describe('the canonical text', () => {
  it.each([
    { sql: '5', type: 'BIGINT', text: '5' },
    { sql: '5.0', type: 'DOUBLE', text: '5' },
    { sql: '5.0', type: 'FLOAT', text: '5' },
    { sql: '5', type: 'DECIMAL(5,2)', text: '5' },
    { sql: "'5.0'", type: 'VARCHAR', text: '5' },
    { sql: "'-5.000'", type: 'VARCHAR', text: '-5' },
    { sql: '5.10', type: 'DECIMAL(5,2)', text: '5.10' },
    { sql: '0.1', type: 'FLOAT', text: '0.1' },
    { sql: "'1.2.0'", type: 'VARCHAR', text: '1.2.0' },
    { sql: "'v1.0'", type: 'VARCHAR', text: 'v1.0' },
    { sql: "' 5 '", type: 'VARCHAR', text: ' 5 ' },
    { sql: 'true', type: 'BOOLEAN', text: 'true' },
    { sql: "'True'", type: 'VARCHAR', text: 'true' },
    { sql: "'FALSE'", type: 'VARCHAR', text: 'false' },
    { sql: "'tRUE'", type: 'VARCHAR', text: 'tRUE' },
    { sql: "'NaN'", type: 'DOUBLE', text: null },
    { sql: "'-NaN'", type: 'FLOAT', text: null },
    { sql: "'NaN'", type: 'VARCHAR', text: 'NaN' },
    { sql: "'-Infinity'", type: 'DOUBLE', text: '-inf' },
    { sql: "'2026-05-01'", type: 'DATE', text: '2026-05-01' },
    { sql: '18446744073709551615', type: 'UBIGINT', text: '18446744073709551615' },
    { sql: "''", type: 'VARCHAR', text: null },
    { sql: 'NULL', type: 'DOUBLE', text: null },
  ])('of $sql as $type is $text', async ({ sql, type, text }) => {
    expect(await evaluate(sql, type, canonicalText)).toBe(text);
  });
});

describe('the canonical texts of a bag', () => {
  const listOf = (value: Value) => bagTexts(value, ',');
  it.each([
    { sql: "['1.0', 'NaN', NULL, '2.5']", type: 'DOUBLE[]', texts: ['1', null, null, '2.5'] },
    { sql: '[true, false]', type: 'BOOLEAN[]', texts: ['true', 'false'] },
    { sql: "['True', '5.0', NULL, 'x']", type: 'VARCHAR[]', texts: ['true', '5', null, 'x'] },
    { sql: "'FALSE,5.0,x'", type: 'VARCHAR', texts: ['false', '5', 'x'] },
    { sql: '[[1], [2]]', type: 'INTEGER[][]', texts: ['[1]', '[2]'] },
    { sql: '[7, 8]', type: 'INTEGER[2]', texts: ['7', '8'] },
    { sql: 'NULL', type: 'VARCHAR[]', texts: null },
  ])('of $sql as $type are $texts', async ({ sql, type, texts }) => {
    expect(await evaluate(sql, type, listOf)).toEqual(texts);
  });
});

describe('the time', () => {
  it.each([
    { sql: "'2026-05-01 10:00:00'", type: 'TIMESTAMP', instant: 1_777_629_600_000n },
    { sql: "'2026-05-01 12:00:00+02'", type: 'TIMESTAMP WITH TIME ZONE', instant: 1_777_629_600_000n },
    { sql: "'2026-05-01 10:00:00'", type: 'TIMESTAMP_NS', instant: 1_777_629_600_000n },
    { sql: "'2026-05-01'", type: 'DATE', instant: 1_777_593_600_000n },
    { sql: "'2026-05-01'", type: 'VARCHAR', instant: 1_777_593_600_000n },
    { sql: "'2026-05-01T10:00:00Z'", type: 'VARCHAR', instant: 1_777_629_600_000n },
    { sql: "'2026-05-01 12:00:00+02:00'", type: 'VARCHAR', instant: 1_777_629_600_000n },
    { sql: '1777629600', type: 'BIGINT', instant: 1_777_629_600_000n },
    { sql: "'1777629600'", type: 'VARCHAR', instant: 1_777_629_600_000n },
    { sql: '1777629600000', type: 'BIGINT', instant: 1_777_629_600_000n },
    { sql: '1777629600000000', type: 'BIGINT', instant: 1_777_629_600_000n },
    { sql: "'tomorrow'", type: 'VARCHAR', instant: null },
    { sql: "'infinity'", type: 'VARCHAR', instant: null },
    { sql: "'2026-02-30'", type: 'VARCHAR', instant: null },
    { sql: '1777629600000000000', type: 'BIGINT', instant: null },
  ])('of $sql as $type is $instant', async ({ sql, type, instant }) => {
    expect(await evaluate(sql, type, timeSql)).toBe(instant);
  });
});
