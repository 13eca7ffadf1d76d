/** Online requests as runs of monitoring read them. */
import { parseHTML } from 'linkedom';
import { afterEach, describe, expect, it } from 'vitest';
import { onlineKey } from '../../lib/contract/bucket.ts';
import { numbersOf } from '../../lib/monitor/numbers.ts';
import { addVersions, emptyOnlineRecord, type OnlineSums } from '../../lib/monitor/online/record.ts';
import { monitoringPage } from '../../lib/monitor/page/page.ts';
import { recordText } from '../../lib/store/records.ts';
import { statisticsOf } from '../../lib/table/candidates/score-statistics.ts';
import { dayText, makeWorld, VERSIONS, type World } from './world.ts';

let world: World;
afterEach(() => world.remove());

const [version] = VERSIONS;

/** Requests of two rows, one of which is scored as 0.25. */
const sums = (requests: number): OnlineSums => ({
  requests,
  rowsIn: 2 * requests,
  scored: requests,
  rejected: requests,
  counted: { requests, rows: requests },
  features: { price: { rows: requests, missing: 1, values: requests - 1, unknown: null } },
  outputs: statisticsOf({ pctr: new Float32Array(requests).fill(0.25) }),
  lastAt: '2026-11-01T12:00:00.000Z',
});

const put = (day: number, slot: number, versions: Record<string, OnlineSums>) =>
  world.store.put(
    onlineKey('shop', dayText(day), slot),
    recordText({ ...emptyOnlineRecord('shop', dayText(day)), versions }),
  );

describe('online requests', () => {
  it('are added up over the objects of a day, and stay when the objects are gone', async () => {
    world = await makeWorld(200, 1);
    await put(0, 3, { [version]: sums(10) });
    await put(0, 15, { [version]: sums(30), [VERSIONS[1]]: sums(5) });
    const first = await world.run(0);
    const shown = numbersOf(first).online.map(({ version: own, requests, rowsIn, rejected, outputs }) => ({
      own,
      requests,
      rowsIn,
      rejected,
      sum: outputs.pctr?.sum,
    }));
    expect(shown).toEqual([
      { own: VERSIONS[0], requests: 40, rowsIn: 80, rejected: 40, sum: 10 },
      { own: VERSIONS[1], requests: 5, rowsIn: 10, rejected: 5, sum: 1.25 },
    ]);
    // Later requests of the same day are read again, those of a day that is gone are kept.
    await put(0, 3, { [version]: addVersions({ [version]: sums(10) }, { [version]: sums(1) })[version] as OnlineSums });
    expect(numbersOf(await world.run(1)).online[0]).toMatchObject({ day: dayText(0), requests: 41 });
    for (const slot of [3, 15]) await world.store.delete(onlineKey('shop', dayText(0), slot));
    expect(numbersOf(await world.run(2)).online).toMatchObject([{ requests: 41 }, { requests: 5 }]);
  });

  it('are shown in a table of their own', async () => {
    world = await makeWorld(200, 1);
    await put(0, 3, { [version]: sums(1000) });
    const { document } = parseHTML(monitoringPage(await world.run(0))) as unknown as {
      document: { querySelectorAll(selector: string): Iterable<{ readonly textContent: string }> };
    };
    const rows = [...document.querySelectorAll('table')].map(({ textContent }) => textContent.replaceAll(/\s+/g, ' '));
    expect(rows.filter((text) => text.includes('requests'))).toEqual([
      expect.stringContaining(`2026-11-01${version}1,0002,0001,0001,00025%--`),
    ]);
  });

  it('that cannot be read are reported, and stop no run', async () => {
    world = await makeWorld(200, 1);
    await world.store.put(onlineKey('shop', dayText(0), 2), '{"formatVersion": 9}');
    await put(0, 3, { [version]: sums(10) });
    const { notes, history } = await world.run(0);
    expect(notes).toEqual([
      `statistics of online requests are left out: format of online/shop/dt=2026-11-01/02.json is 9, expected 1: another release wrote it (in ${world.store.url})`,
      `values of the online requests of ${version} are not compared with training: no object models/shop/${version}/declaration.yaml in ${world.store.url}`,
    ]);
    expect(history.days[0]?.online?.[version]?.requests).toBe(10);
  });
});
