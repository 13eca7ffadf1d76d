import { describe, expect, it } from 'vitest';
import { TIME_FORMS, timeFormSql, timeSql } from '../../../lib/table/values/times.ts';
import { workplace } from '../fixture.ts';
import { evaluate } from './evaluate.ts';

const place = workplace();

/** 2026-05-01 10:00 UTC, and its midnight. */
const TEN = 1_777_629_600_000n;
const MIDNIGHT = 1_777_593_600_000n;

describe('the time', () => {
  it.each([
    { sql: "'2026-05-01 10:00:00'", type: 'TIMESTAMP', instant: TEN },
    { sql: "'2026-05-01 10:00:00'", type: 'TIMESTAMP_S', instant: TEN },
    { sql: "'2026-05-01 10:00:00'", type: 'TIMESTAMP_MS', instant: TEN },
    { sql: "'2026-05-01 10:00:00'", type: 'TIMESTAMP_NS', instant: TEN },
    { sql: "'2026-05-01 12:00:00+02'", type: 'TIMESTAMP WITH TIME ZONE', instant: TEN },
    { sql: "'2026-05-01'", type: 'DATE', instant: MIDNIGHT },
    { sql: "'infinity'", type: 'TIMESTAMP', instant: null },
    { sql: '1777629600', type: 'BIGINT', instant: TEN },
    { sql: '1777629600', type: 'INTEGER', instant: TEN },
    { sql: '1777629600000', type: 'BIGINT', instant: TEN },
    { sql: '1777629600000000', type: 'BIGINT', instant: TEN },
    { sql: '1777629600000000000', type: 'BIGINT', instant: TEN },
    { sql: '1777629600', type: 'DOUBLE', instant: TEN },
    { sql: '1777629600.25', type: 'DOUBLE', instant: TEN + 250n },
    { sql: '1777629600.25', type: 'DECIMAL(18,3)', instant: TEN + 250n },
    { sql: '1777629600000.5', type: 'DOUBLE', instant: TEN },
    { sql: "'NaN'", type: 'DOUBLE', instant: null },
    { sql: "'inf'", type: 'DOUBLE', instant: null },
    { sql: '20260501', type: 'INTEGER', instant: MIDNIGHT },
    { sql: '20260501', type: 'DOUBLE', instant: MIDNIGHT },
    { sql: "'20260501'", type: 'VARCHAR', instant: MIDNIGHT },
    { sql: "'20260501.0'", type: 'VARCHAR', instant: MIDNIGHT },
    { sql: '2026050110', type: 'BIGINT', instant: TEN },
    { sql: "'2026050110'", type: 'VARCHAR', instant: TEN },
    { sql: '2026050110.0', type: 'DOUBLE', instant: TEN },
    { sql: '2026050124', type: 'BIGINT', instant: null },
    { sql: '202605011000', type: 'BIGINT', instant: TEN },
    { sql: '20260501100000', type: 'BIGINT', instant: TEN },
    { sql: '20261301', type: 'INTEGER', instant: null },
    { sql: "'20260230'", type: 'VARCHAR', instant: null },
    { sql: "'1777629600'", type: 'VARCHAR', instant: TEN },
    { sql: "' 1777629600 '", type: 'VARCHAR', instant: TEN },
    { sql: "'1777629600.0'", type: 'VARCHAR', instant: TEN },
    { sql: "'1.7776296E9'", type: 'VARCHAR', instant: TEN },
    { sql: "'2026-05-01'", type: 'VARCHAR', instant: MIDNIGHT },
    { sql: "'2026-5-1'", type: 'VARCHAR', instant: MIDNIGHT },
    { sql: "'2026/05/01'", type: 'VARCHAR', instant: MIDNIGHT },
    { sql: "'2026/05/01 10:00'", type: 'VARCHAR', instant: TEN },
    { sql: "'2026-05-01T10:00:00Z'", type: 'VARCHAR', instant: TEN },
    { sql: "'2026-05-01T10:00:00.000Z'", type: 'VARCHAR', instant: TEN },
    { sql: "'2026-05-01 12:00:00+02:00'", type: 'VARCHAR', instant: TEN },
    { sql: "'2026-05-01T12:00:00+0200'", type: 'VARCHAR', instant: TEN },
    { sql: "'2026-05-01T05:00-05'", type: 'VARCHAR', instant: TEN },
    { sql: "'2026-05-01T12:00+02:00'", type: 'VARCHAR', instant: TEN },
    { sql: "'2026-05-01 12:00:00 +02:00'", type: 'VARCHAR', instant: TEN },
    { sql: "'2026-05-01 12:00:00.000+02'", type: 'VARCHAR', instant: TEN },
    { sql: "'2026-05-01 10:00:00 UTC'", type: 'VARCHAR', instant: TEN },
    { sql: "'20260501T100000Z'", type: 'VARCHAR', instant: TEN },
    { sql: "'01.05.2026'", type: 'VARCHAR', instant: null },
    { sql: "'05/01/2026'", type: 'VARCHAR', instant: null },
    { sql: "'2026-05-01 03:00:00 PM'", type: 'VARCHAR', instant: null },
    { sql: "'2026-05-01 10:00:00 Europe/Berlin'", type: 'VARCHAR', instant: null },
    { sql: "'tomorrow'", type: 'VARCHAR', instant: null },
    { sql: "'infinity'", type: 'VARCHAR', instant: null },
    { sql: "'2026-02-30'", type: 'VARCHAR', instant: null },
    { sql: "'NULL'", type: 'VARCHAR', instant: null },
  ])('of $sql as $type is $instant', async ({ instant, ...value }) => {
    expect(await evaluate(place, value, timeSql)).toBe(instant);
  });

  it.each([
    { sql: '1777629600', type: 'BIGINT', form: 'seconds' },
    { sql: '1777629600000', type: 'DOUBLE', form: 'milliseconds' },
    { sql: "'1777629600000000'", type: 'VARCHAR', form: 'microseconds' },
    { sql: "'20260501'", type: 'VARCHAR', form: 'yyyymmdd' },
    { sql: '2026050110', type: 'BIGINT', form: 'yyyymmddhh' },
    { sql: "'2026-05-01'", type: 'VARCHAR', form: undefined },
  ])('of $sql as $type is in the form $form', async ({ form, ...value }) => {
    const index = await evaluate(place, value, timeFormSql);
    expect(index === null ? undefined : TIME_FORMS[Number(index)]?.title).toBe(form);
  });
});
