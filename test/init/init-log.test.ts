/** Small logs as people have them, from their rows to the text of a declaration. */
import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import type { Choices, Draft } from '../../lib/init/draft.ts';
import { doubtsOf, draftLog } from '../../lib/init/init-log.ts';
import { measureLog } from '../../lib/init/measure-log.ts';
import { renderDraft } from '../../lib/init/render-draft.ts';
import { openSource } from '../../lib/table/source/source.ts';
import { workplace } from '../table/fixture.ts';

const place = workplace();
const NONE: Choices = { labels: new Map(), keys: [], time: null, group: null, name: null };

/** Rows of which one in four is clicked, and half of these convert, by users and items; `columns` is SQL over `i`. */
function rows(columns: string, clicked = 'clicked', bought = 'bought'): string {
  return `SELECT ${columns}, ((hash(i) % 4) = 0)::INTEGER AS "${clicked}", ((hash(i) % 8) = 0)::INTEGER AS "${bought}" FROM range(4000) AS r(i)`;
}

async function measured(name: string, sql: string) {
  const source = await openSource(place.database, await place.write(name, sql));
  return { source, log: await measureLog(place.database, source) };
}

async function draftOf(name: string, sql: string, choices: Partial<Choices> = {}): Promise<Draft> {
  const { source, log } = await measured(name, sql);
  const draft = await draftLog(place.database, source, log, { ...NONE, ...choices });
  // Whatever was found, the text is a declaration.
  expect(parseDeclaration(renderDraft(draft), 'entirespace.yaml').stages.length).toBe(draft.stages.length);
  return draft;
}

const feature = (draft: Draft, column: string) => draft.features.find((one) => one.column === column);
const reason = (draft: Draft, column: string) =>
  [...draft.leftOut, ...draft.outcomes].find((one) => one.column === column)?.why;

const IDS = 'hash(i * 3) % 200 AS user_id, hash(i * 7) % 90 AS item_id';

describe('labels', () => {
  it.each([
    ['names', 'is_click', 'purchase'],
    ['names in camel case', 'isClicked', 'orderPaid'],
  ])('are found by %s, and ordered', async (name, clicked, bought) => {
    const { stages } = await draftOf(`${name}.parquet`, rows(IDS, clicked, bought));
    expect(stages.map(({ name: stage, label, from }) => [stage, label, from])).toEqual([
      ['click', clicked, null],
      ['conversion', bought, 'click'],
    ]);
  });

  it('are found by nesting where names say nothing, which is a doubt', async () => {
    const sql = rows(`${IDS}, (hash(i * 5) % 2)::INTEGER AS other`, 'x1', 'x2');
    const { stages } = await draftOf('unnamed.parquet', sql);
    expect(stages.map(({ label }) => label)).toEqual(['x1', 'x2']);
    const { log } = await measured('unnamed-2.parquet', sql);
    expect(doubtsOf(log, NONE).map(({ question, guess, others }) => [question, guess, others])).toEqual([
      ['which column is the label of the click?', 'x1', ['other', 'x2']],
      ['which column is the label of the conversion?', 'x2', ['other', 'x1']],
    ]);
  });

  it('may be booleans, and Y and N', async () => {
    const flags = "(hash(i) % 4) = 0 AS clicked, CASE WHEN hash(i) % 8 = 0 THEN 'Y' ELSE 'N' END AS bought";
    const { stages } = await draftOf('words.parquet', `SELECT ${IDS}, ${flags} FROM range(4000) AS r(i)`);
    expect(stages.map(({ label, ones }) => [label, ones > 0])).toEqual([
      ['clicked', true],
      ['bought', true],
    ]);
  });

  it('may be rare, so that hardly a user has rows with and without them', async () => {
    const sql = `SELECT i // 10 AS user_id, hash(i * 7) % 90 AS item_id, (hash(i // 10) % 2)::INTEGER AS is_member,
      (hash(i) % 25 = 0)::INTEGER AS click, (hash(i) % 1000 = 0)::INTEGER AS conversion FROM range(40000) AS r(i)`;
    const draft = await draftOf('rare.parquet', sql);
    expect(draft.stages.map(({ name, label }) => [name, label])).toEqual([
      ['click', 'click'],
      ['conversion', 'conversion'],
    ]);
    expect(feature(draft, 'is_member')?.entity).toBe('user');
  });

  it('of an action beside the conversion follow the click', async () => {
    const { stages } = await draftOf('action.parquet', rows(`${IDS}, (hash(i) % 32 IN (4, 8))::INTEGER AS favourite`));
    expect(stages.map(({ name, from }) => [name, from])).toEqual([
      ['click', null],
      ['conversion', 'click'],
      ['favourite', 'click'],
    ]);
  });

  it('that are none are told with the flag', async () => {
    const { log } = await measured('none.parquet', 'SELECT i AS a, i % 7 AS clicks FROM range(500) AS r(i)');
    expect(() => doubtsOf(log, NONE)).toThrow(
      'no label found: looked for 0/1 columns named as a click, visit, conversion or purchase, or nested in each other; none of 2 columns has 0 and 1; clicks is a count or an amount: write whether it is above 0; name them with --label click=<column> --label conversion=<column> (in ',
    );
    const clicks = { ...NONE, labels: new Map([['click', 'clicks']]) };
    expect(() => doubtsOf(log, clicks)).toThrow(
      /^--label click: clicks has 7 values, .* expected 0 and 1; it is a count or an amount: write whether it is above 0 \(in /,
    );
    const choices = { ...NONE, labels: new Map([['click', 'A']]) };
    expect(() => doubtsOf(log, choices)).toThrow(
      /^--label click: a has 500 values, such as "\d+", "\d+", "\d+", expected 0 and 1/,
    );
    expect(() => doubtsOf(log, { ...NONE, time: 'tme' })).toThrow(/^--time: no column tme, expected one of a, clicks/);
  });
});

describe('a log without labels', () => {
  it.each([
    ["CASE i % 3 WHEN 0 THEN 'ja' ELSE 'nein' END AS clicked", 'clicked has "nein" and "ja": write 1 and 0'],
    ['CASE i % 3 WHEN 0 THEN 1 END AS clicked', 'clicked is 1 or missing: write 0 where it is missing'],
    ['CASE i % 3 WHEN 0 THEN 1 ELSE -1 END AS clicked', 'clicked has -1 and 1: write 0 for -1'],
    ['i % 5 + 1 AS rating', 'rating is a rating from 1 to 5: write whether it is high, such as at least 4'],
    [
      "CASE i % 3 WHEN 0 THEN TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND END AS clicked_at",
      'clicked_at is a time: write whether there is one',
    ],
    [
      "['view', 'view', 'view', 'click', 'click', 'purchase'][(i % 6 + 1)::INTEGER] AS event_type",
      'event_type has the kinds of events, such as "view" and "click" and "purchase": write one row for each impression, with 0 or 1 for each kind',
    ],
  ])('is told what to write: %s', async (column, remedy) => {
    const { log } = await measured('remedy.parquet', `SELECT i % 40 AS user_id, ${column} FROM range(600) AS r(i)`);
    expect(() => doubtsOf(log, NONE)).toThrow(`none of 2 columns has 0 and 1; ${remedy}; name them with --label`);
  });
});

describe('the row', () => {
  it('is identified by a unique column, a time and a user are found', async () => {
    const draft = await draftOf('row.parquet', rows(`i AS eventId, 1700000000000 + i * 60000 AS eventTime, ${IDS}`));
    expect(draft).toMatchObject({
      keys: ['eventId'],
      keysWhy: 'unique in 4,000 rows',
      time: { column: 'eventTime', why: 'from 2023-11-14 to 2023-11-17' },
      group: { column: 'user_id', why: '200 values, 20.0 rows each' },
      split: null,
    });
    expect(reason(draft, 'eventId')).toBe('identifies a row, of which nothing is known beforehand');
  });

  it('is identified by several columns, or by what tells most rows apart', async () => {
    const pairs = await draftOf('pairs.parquet', rows('i // 40 AS user_id, i % 40 AS item_id'));
    expect(pairs).toMatchObject({ keys: ['user_id', 'item_id'], keysWhy: 'together unique in 4,000 rows' });
    const neither = await draftOf('neither.csv', rows('i % 10 AS recency, i % 7 AS channel'));
    expect(neither).toMatchObject({ keys: ['recency', 'channel'] });
    expect(neither.keysWhy).toBe(
      'no column or combination is unique: 98.3% of 4,000 rows repeat these; scores keep the order of the rows',
    );
  });
});

describe('columns', () => {
  it('become categories, numbers and bags', async () => {
    const draft = await draftOf(
      'kinds.parquet',
      rows(
        `${IDS}, hash(i * 11) % 3 AS plan, exp(hash(i * 13) % 9) AS price, hash(i * 17) % 60 + 18 AS age,
        ['a|b', 'b', 'a|c', 'c|d|a', 'd'][(hash(i * 19) % 5 + 1)::INTEGER] AS tags,
        [hash(i * 23) % 90, hash(i * 29) % 90] AS last_items, hash(i * 31) % 5 + 1 AS position`,
      ),
    );
    expect(draft.features.map(({ column, type, entity, members }) => [column, type, entity, members])).toEqual([
      ['user_id', 'category', 'user', { dimension: '11' }],
      ['item_id', 'category', 'item', { embedding: 'item_id' }],
      ['plan', 'category', 'context', { dimension: '4' }],
      ['price', 'number', 'context', { log1p: 'true' }],
      ['age', 'number', 'context', {}],
      ['tags', 'bag', 'context', { delimiter: '"|"', dimension: '4', max_length: '3' }],
      ['last_items', 'bag', 'context', { max_length: '2', embedding: 'item_id' }],
      ['position', 'category', 'context', { dimension: '4', at_scoring: '1' }],
    ]);
    expect(draft.tables).toMatchObject([{ name: 'item_id', why: 'its values are the items of last_items (100%)' }]);
  });

  it('of whole numbers without a name are ids where they are spread evenly and repeat', async () => {
    const draft = await draftOf(
      'ids.parquet',
      `SELECT (hash(i % 1500) % 50000) AS f0, (hash(i * 3) % 50)::DOUBLE ** 2 AS f1, ((hash(i) % 4) = 0)::INTEGER AS click FROM range(20000) AS r(i)`,
    );
    expect(['f0', 'f1'].map((column) => feature(draft, column)?.type)).toEqual(['category', 'number']);
  });

  it('describe the user or the item that they depend on', async () => {
    const draft = await draftOf(
      'entities.parquet',
      rows(`${IDS}, (hash(i * 3) % 200) % 7 AS colour, (hash(i * 7) % 90) % 5 AS home, hash(i) % 24 AS hour`),
    );
    expect(['colour', 'home', 'hour'].map((column) => feature(draft, column)?.entity)).toEqual([
      'user',
      'item',
      'context',
    ]);
  });

  it('are left out with the reason', async () => {
    const draft = await draftOf(
      'left-out.parquet',
      rows(
        `${IDS}, 'x' AS one, NULL::VARCHAR AS none, 'text ' || hash(i) AS text, CASE i % 2 WHEN 0 THEN [0.5] ELSE [0.5, i::DOUBLE] END AS fractions, {'a': i} AS parts,
        CASE WHEN hash(i) % 4 = 0 THEN hash(i * 5) % 300 + 1 ELSE 0 END AS dwell, '€ ' || (i % 90) || '.50' AS amount,
        CASE WHEN hash(i) % 4 = 0 THEN TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND END AS clicked_at`,
      ),
    );
    expect(
      Object.fromEntries(
        ['one', 'none', 'text', 'fractions', 'parts', 'dwell', 'clicked_at'].map((column) => [
          column,
          reason(draft, column),
        ]),
      ),
    ).toEqual({
      one: 'constant: every row has "x"',
      none: 'no row has a value',
      text: 'hardly a value repeats: 4,000 distinct values in 4,000 rows',
      fractions: '1 to 2 numbers with fractions: no vector, and no values of a set',
      parts: expect.stringMatching(/^of type STRUCT\(.*\), expected single values or lists of them$/),
      dwell: 'has a value other than 0 only where clicked is 1',
      clicked_at: 'filled where clicked is 1: the time of the click',
    });
    expect(reason(draft, 'amount')).toMatch(/^text of amounts such as "€ \d+\.50": write it as a number to use it$/);
  });

  it('with as many numbers in every row are vectors', async () => {
    const draft = await draftOf(
      'vectors.parquet',
      rows(
        `${IDS}, [sin(i)::FLOAT, 1, 2.5] AS floats, (sin(i)::VARCHAR || '|' || cos(i)::VARCHAR) AS text,
        '[' || sin(i)::VARCHAR || ', 0.5]' AS written, [cos(i), sin(i)]::DOUBLE[2] AS fixed`,
      ),
    );
    const members = ['floats', 'text', 'written', 'fixed'].map((column) => {
      const found = feature(draft, column);
      return [found?.type, found?.members];
    });
    expect(members).toEqual([
      ['vector', { length: '3' }],
      ['vector', { length: '2', delimiter: '"|"' }],
      ['vector', { length: '2' }],
      ['vector', { length: '2' }],
    ]);
  });

  it('with a weight for each value of a bag belong to the bag', async () => {
    const length = '(hash(i * 19) % 4 + 1)::INTEGER';
    const list = (item: string) => `list_transform(range(${length}), lambda x: ${item})`;
    const draft = await draftOf(
      'weights.parquet',
      rows(
        `${IDS}, array_to_string(${list("'b' || (hash(i + x) % 30)")}, '|') AS brands,
        array_to_string(${list('((hash(i * x) % 100) / 100)::VARCHAR')}, '|') AS brands_weights,
        ${list('hash(i + x * 3) % 90')} AS viewed, ${list('((hash(i * x) % 100) / 100)::DOUBLE')} AS strengths,
        ${list('hash(i + x * 5) % 70 + 500')} AS tags, ${list('hash(i + x * 5) % 9')} AS tag_counts`,
      ),
    );
    expect(feature(draft, 'brands')?.members).toMatchObject({ delimiter: '"|"', weights: 'brands_weights' });
    expect(feature(draft, 'viewed')?.members).toMatchObject({ weights: 'strengths' });
    expect(feature(draft, 'tags')?.members).toMatchObject({ weights: 'tag_counts' });
    const columns = ['brands_weights', 'strengths', 'tag_counts'];
    expect(columns.map((column) => feature(draft, column) ?? reason(draft, column))).toEqual(
      columns.map(() => undefined),
    );
  });

  it('that have something only where a label is 1 are outcomes', async () => {
    const clicked = 'hash(i) % 4 = 0';
    const draft = await draftOf(
      'outcomes.parquet',
      rows(
        `${IDS}, CASE WHEN ${clicked} AND hash(i * 3) % 5 = 0 THEN hash(i * 5) % 3 + 1 ELSE 0 END AS orders,
        CASE WHEN ${clicked} THEN ['card', 'cash'][(hash(i * 5) % 2 + 1)::INTEGER] END AS payment,
        hash(i * 5) % 3 AS earlier`,
      ),
    );
    expect([reason(draft, 'orders'), reason(draft, 'payment'), feature(draft, 'earlier')?.type]).toEqual([
      'has a value other than 0 only where clicked is 1',
      'has a value other than 0 only where clicked is 1',
      'category',
    ]);
  });

  it('with a currency or a percent sign are left out, whatever stands between the digits', async () => {
    const draft = await draftOf(
      'currency.csv',
      rows(
        `${IDS}, (hash(i * 3) % 90 + 10) || '.' || (hash(i * 5) % 900 + 100) || ',00 €' AS betrag,
        '$' || (hash(i * 7) % 300) AS fee, (hash(i * 9) % 90) || '%' AS rebate`,
      ),
    );
    const reasons = ['betrag', 'fee', 'rebate'].map((column) => reason(draft, column));
    for (const why of reasons) expect(why).toMatch(/^text of amounts such as ".+": write it as a number to use it$/);
  });

  it('of text may be numbers with a decimal comma', async () => {
    const draft = await draftOf(
      'comma.csv',
      rows(`${IDS}, replace((hash(i * 37) % 900 / 10)::VARCHAR, '.', ',') AS preis`),
    );
    expect(feature(draft, 'preis')).toMatchObject({ type: 'number' });
    expect(renderDraft(draft)).toContain('csv: { decimal: "," }');
  });

  it('are all in the file: used, or left out by name', async () => {
    const wide = Array.from({ length: 60 }, (_, k) => `hash(i * ${k + 2}) % ${k + 1} AS "c ${k}"`).join(', ');
    const draft = await draftOf('wide.parquet', rows(`i AS id, ${wide}`));
    const text = renderDraft(draft);
    for (let k = 0; k < 60; k += 1) expect(text).toMatch(new RegExp(`"?c ${k}"?[,:]`));
  });
});
