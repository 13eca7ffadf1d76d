import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openScorer } from '../../exports/open-scorer.ts';
import { workplace } from './workplace.ts';

const place = workplace({ isTrained: true });

/** Scores the rows of a query as the candidates of a day. */
async function score(day: string, sql: string): Promise<void> {
  const name = `bucket/candidates/dt=${day}/all.parquet`;
  await mkdir(dirname(place.at(name)), { recursive: true });
  expect(await place.run('score', await place.writeRows(name, sql))).toMatchObject({ code: 0 });
}

describe('monitor', () => {
  it('says that nothing was scored yet', async () => {
    expect(await place.run('monitor')).toEqual({
      code: 0,
      stdout:
        'ok: no scores to compare yet\n0 days, 0 scored rows; the page is monitoring/shop/index.html in file://<folder>/bucket\n',
      stderr: '',
    });
  });

  it('compares what was scored with what happened', async () => {
    await score('2026-11-05', `SELECT * FROM '${place.at('log.parquet')}'`);
    expect(await place.run('monitor', '--data', 'log.csv')).toEqual({
      code: 0,
      stdout:
        'ok: no limit crossed in 12 comparisons of 1 day\n1 day, 3,000 scored rows; the page is monitoring/shop/index.html in file://<folder>/bucket\n',
      stderr: 'joined: 1/1 days\n',
    });
    const { code, stdout } = await place.run('monitor', '--json');
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, model: 'shop', verdict: { level: 'ok' } });
  });

  it('names ids that are written otherwise, and says what to look at', async () => {
    await score('2026-11-06', `SELECT * REPLACE ('x' || item AS item) FROM '${place.at('log.parquet')}'`);
    const news = async () => JSON.parse((await place.run('monitor', '--json')).stdout).news;
    expect(await news()).toMatchObject([{ check: 'unknown', subject: 'item', day: '2026-11-06', level: 'act' }]);
    expect(await news()).toEqual([]);
    expect(await place.run('monitor')).toEqual({
      code: 0,
      stdout: `act: item on 2026-11-06: 100% of the values are unknown, where 0% were at training, limit 40% above
  look whether the column of the candidates is written as in the log: type, case, prefix; if there are only many new values, retrain
2 days, 6,000 scored rows; the page is monitoring/shop/index.html in file://<folder>/bucket
`,
      stderr: '',
    });
  });

  it('is shown with the current version, and so is a damaged verdict', async () => {
    const show = async () =>
      (await place.run('models', 'show')).stdout.split('\n').find((line) => /^monitoring/.test(line));
    expect((await show())?.replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/, '<time>')).toBe(
      'monitoring act, <time>: item on 2026-11-06: 100% of the values are unknown, where 0% were at training, limit 40% above',
    );
    expect(JSON.parse((await place.run('models', 'show', '--json')).stdout)).toMatchObject({
      monitoring: { level: 'act', reason: expect.stringMatching(/^item on /) },
    });
    await place.write('bucket/monitoring/shop/verdict.json', '{}x');
    expect(await show()).toBe(
      'monitoring unreadable: monitoring verdict of shop is not JSON, got "{}x" (in file://<folder>/bucket)',
    );
  });

  it('counts online requests apart from files, and compares them with training', async () => {
    const scorer = await openScorer(place.at('bucket'), 'shop', { refreshSeconds: null });
    for (let i = 0; i < 50; i++)
      await scorer.score([`x${i}`, `y${i}`].map((item) => ({ age: 30, item, history: 'i1' })));
    await scorer.close();
    const { code, stdout } = await place.run('monitor', '--json');
    const { online, news, days } = JSON.parse(stdout);
    const day = new Date().toISOString().slice(0, 10);
    expect({ code, online }).toMatchObject({
      code: 0,
      online: [{ day, requests: 50, rowsIn: 100, scored: 100, rejected: 0, counted: { requests: 50, rows: 100 } }],
    });
    expect(news).toMatchObject([{ check: 'unknown', subject: 'item of online requests', day, level: 'act', value: 1 }]);
    expect(days.map((one: { versions: unknown[] }) => one.versions.length)).toEqual([1, 1, 0]);
    expect((await place.run('monitor')).stdout).toContain('6,000 scored rows, 50 online requests; the page is ');
  });

  it('needs a model', async () => {
    await mkdir(place.at('none'));
    expect(await place.run('monitor', '--bucket', 'none')).toEqual({
      code: 5,
      stdout: '',
      stderr: 'entirespace: no model in file://<folder>/none: train one\n',
    });
  });
});
