/** Logs that do not fit the scores, or themselves: each is reported. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monitor } from '../../lib/monitor/run/monitor.ts';
import { execute, openDatabase } from '../../lib/table/database.ts';
import { declaration, makeWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld(200, 1);
  await world.run(1);
});
afterAll(() => world.remove());

/** Runs with the log of the world as a query changes it. */
async function run(select: string) {
  const options = { threads: 1, memoryLimitMiB: 512, scratch: world.folder };
  const database = await openDatabase(options);
  const path = join(world.folder, 'strange.parquet');
  const from = `'${join(world.folder, 'log.parquet')}'`;
  await execute(database, `COPY (${select.replaceAll('LOG', from)}) TO '${path}' (FORMAT parquet)`);
  await database.close();
  for (const file of ['history.json', 'verdict.json']) await world.store.delete(`monitoring/shop/${file}`);
  const now = new Date('2026-11-03T00:00:00Z');
  const { notes, verdict } = await monitor({
    ...options,
    store: world.store,
    declaration,
    dataPath: path,
    now,
    usdPerSecond: null,
  });
  return { notes, level: verdict.level };
}

describe('a log', () => {
  it('without any label, or key, is no log to go by', async () => {
    const place = `(in ${join(world.folder, 'strange.parquet')})`;
    await expect(run('SELECT * REPLACE (NULL::INT AS click) FROM LOG')).rejects.toThrow(
      `no row of the log can be used: label_missing 400 ${place}`,
    );
    await expect(run('SELECT * REPLACE (NULL::VARCHAR AS id) FROM LOG')).rejects.toThrow(
      `no row of the log can be used: missing_key 400 ${place}`,
    );
  });

  it('that was delivered twice is reported', async () => {
    expect(await run('SELECT * FROM LOG UNION ALL SELECT * FROM LOG')).toEqual({
      level: 'ok',
      notes: [
        '400 of 800 outcomes (50%) repeat the keys of another outcome of their day, and count each: look whether the log was delivered twice, or log.keys lacks a column',
      ],
    });
  });

  it('in local time is reported', async () => {
    const { notes } = await run(
      'SELECT * REPLACE (time - INTERVAL 9 HOUR AS time, converted_at - INTERVAL 9 HOUR AS converted_at) FROM LOG',
    );
    expect(notes).toEqual([
      '150 of 400 outcomes (37.5%) have no score before them: if all were scored, look whether the keys are written alike, and whether log.time is in UTC, as the days of candidates (dt=) are',
    ]);
  });

  it('whose keys have spaces around them is joined all the same', async () => {
    expect(await run("SELECT * REPLACE (' ' || id || ' ' AS id) FROM LOG")).toEqual({ level: 'ok', notes: [] });
  });

  it('whose keys are text, where those of the scores are integers, is joined all the same', async () => {
    const number = "regexp_extract(id, '[0-9]+-([0-9]+)', 1)";
    for await (const { key } of world.store.list('scores/')) {
      if (!key.endsWith('00000.parquet')) continue;
      const from = await world.store.toFile(key, world.folder);
      const to = join(world.folder, 'integers.parquet');
      const database = await openDatabase({ threads: 1, memoryLimitMiB: 512, scratch: world.folder });
      const select = `SELECT * REPLACE (CAST(${number} AS BIGINT) + 1000 * CAST(regexp_extract(id, '([0-9]+)-', 1) AS BIGINT) AS id) FROM '${from}'`;
      await execute(database, `COPY (${select}) TO '${to}' (FORMAT parquet)`);
      await database.close();
      await world.store.putFile(key, to);
    }
    const text = `CAST(CAST(${number} AS BIGINT) + 1000 * CAST(regexp_extract(id, '([0-9]+)-', 1) AS BIGINT) AS VARCHAR)`;
    expect(await run(`SELECT * REPLACE (${text} AS id) FROM LOG`)).toEqual({ level: 'ok', notes: [] });
  });
});
