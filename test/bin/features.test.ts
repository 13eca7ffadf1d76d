import { readdir, rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { DECLARATION } from './small-log.ts';
import { failure, workplace } from './workplace.ts';

const place = workplace();
const ENTITIES = 'entities: { user: { key: user_id, missing: unknown } }\n';

async function declareUsers(): Promise<void> {
  await place.write('users.yaml', `${DECLARATION}${ENTITIES}`);
  const history = "CASE WHEN row % 2 = 0 THEN 'i1|i2' END AS history";
  await place.writeRows(
    'users.parquet',
    `SELECT 'u' || "row" AS user_id, 20 + row AS age, ${history} FROM range(40) t(row)`,
  );
}

it('features publishes a table with which pairs are scored as the wide file is', async () => {
  await declareUsers();
  expect(await place.run('train', 'users.yaml', '--data', 'log.csv')).toMatchObject({ code: 0 });
  const { code, stdout, stderr } = await place.run(
    ...['features', 'users.yaml', '--entity', 'user', '--data', 'users.parquet'],
    ...['--date', '2026-11-23', '--buckets', '2'],
  );
  const folder = 'bucket/features/user/dt=2026-11-23';
  expect({ code, stdout: stdout.replace(/[\d,]+ bytes/, '<n> bytes'), stderr }).toEqual({
    code: 0,
    stdout: `40 users in 2 files, <n> bytes -> ${folder}/\n`,
    stderr: 'features: 40/40 rows\n',
  });
  expect((await readdir(place.at(folder))).toSorted()).toEqual([
    '_manifest.json',
    'bucket=00000.parquet',
    'bucket=00001.parquet',
  ]);

  const pairs = `SELECT row, 'u' || (row % 41) AS user_id, 'i' || (row % 12) AS item FROM range(100) t(row)`;
  await place.writeRows('pairs.parquet', pairs);
  await place.writeRows(
    'wide.csv',
    `SELECT pairs.*, age, history FROM (${pairs}) pairs LEFT JOIN '${place.at('users.parquet')}' USING (user_id) ORDER BY row`,
  );
  expect(await place.run('score', 'pairs.parquet', 'wide.csv')).toMatchObject({
    code: 0,
    stdout:
      'candidates/pairs.parquet: 100 rows scored (2 of an unknown user), 0 rejected, by shop <version> -> bucket/scores/pairs.parquet/\n' +
      'note: candidates/pairs.parquet: history: 51% missing (26.1% in training)\n' +
      'candidates/wide.csv: 100 rows scored, 0 rejected, by shop <version> -> bucket/scores/wide.csv/\n' +
      'note: candidates/wide.csv: history: 51% missing (26.1% in training)\n',
  });
  const scores = (name: string) =>
    place.rows(
      `SELECT row::INTEGER AS row, pctr, pcvr, pctcvr FROM '${place.at('bucket/scores', name)}/part-*.parquet'`,
    );
  expect(await scores('pairs.parquet')).toEqual(await scores('wide.csv'));
});

it('features prints what it wrote as JSON where JSON is asked for', async () => {
  await declareUsers();
  const { code, stdout, stderr } = await place.run(
    ...['features', '-d', 'users.yaml', '-e', 'user', '--data', 'users.parquet', '--date', '2026-11-24', '--json'],
  );
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/^features: .*\n$/),
  });
  expect(JSON.parse(stdout)).toEqual({
    entity: 'user',
    date: '2026-11-24',
    manifest: 'features/user/dt=2026-11-24/_manifest.json',
    rows: 40,
    files: 1,
    bytes: expect.any(Number),
  });
});

it.each([
  ['a missing entity', ['--data', 'x'], 2, "required option '-e, --entity <entity>' not specified (--help tells more)"],
  [
    'a day that is not in the calendar',
    ['-e', 'user', '--data', 'x', '--date', '2026-02-30'],
    2,
    '--date: got 2026-02-30, expected a day such as 2026-05-08 (--help tells more)',
  ],
  [
    'an entity that is not declared',
    ['-e', 'item', '--data', 'users.parquet', '-d', 'users.yaml'],
    2,
    '--entity: users.yaml declares no table of item, expected entities: { item: { key: <column> } }',
  ],
  [
    'a file that does not exist',
    ['-e', 'user', '--data', 'absent.csv', '-d', 'users.yaml'],
    4,
    'no such file: absent.csv',
  ],
  [
    'a table with other columns',
    ['-e', 'user', '--data', 'log.csv', '-d', 'users.yaml'],
    4,
    'table columns missing: user_id (in log.csv)',
  ],
])('features refuses %s, and writes nothing', async (_what, args, code, message) => {
  await declareUsers();
  await rm(place.at('bucket/features'), { recursive: true, force: true });
  expect(await place.run('features', ...args)).toEqual(failure(code, message));
  expect(await place.listing('bucket/features')).toEqual([]);
});
