import { mkdir, readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DECLARATION } from './small-log.ts';
import { workplace } from './workplace.ts';

const place = workplace({ isTrained: true });
const TRAIN = ['train', 'shop.yaml', '--data', 'log.csv'];
const FEW =
  'metrics decide nothing: 65 rows with conversion to compare on, expected at least 200 (gate.min_conversions): a longer log, or a larger split.test, has more of them; or gate: { min_conversions: 50 } compares by what there is, and a difference must then be larger to be shown';
/** What monitoring said of the first version before the second one is trained. */
const ALARM = {
  formatVersion: 1,
  model: 'shop',
  at: '2026-11-06T23:00:00.000Z',
  level: 'act',
  reason: 'item on 2026-11-06: 100% of the values are unknown, where 0% were at training, limit 40% above',
};
const ALARM_NOTE = `monitoring of the version in use: act, 2026-11-06 23:00 UTC: ${ALARM.reason}; the new version is judged all the same`;
let versions: string[] = [];
let trained: Awaited<ReturnType<typeof place.run>>;

/**
 * Sets the clock forward, so that a training cannot end in the second in which another one of the same model did: a
 * version is named by the second in which it was made and by its model.
 */
const nextSecond = () => void vi.setSystemTime(Date.now() + 1000);

beforeAll(async () => {
  // The clock stands still between these steps, as that of a bucket on S3 does within a second.
  vi.useFakeTimers({ toFake: ['Date'] });
  await mkdir(place.at('bucket/monitoring/shop'), { recursive: true });
  await place.write('bucket/monitoring/shop/verdict.json', JSON.stringify(ALARM));
  nextSecond();
  trained = await place.run(...TRAIN);
  versions = (await readdir(place.at('bucket/models/shop'))).filter((name) => name.startsWith('2'));
});
afterAll(() => void vi.useRealTimers());

describe('a second training without enough conversions to compare', () => {
  it('publishes a version that is refused, with an exit code of its own and the metrics', () => {
    expect(trained.code).toBe(7);
    expect(trained.stdout).toContain(
      `\ngate: refused, against <version>: ${FEW}\ngate: note: the log has exactly the rows, times and labels of that of the current version: is it the same one?\n`,
    );
    expect(trained.stdout).toContain(`\ngate: note: ${ALARM_NOTE}\n`);
    expect(trained.stdout).toContain('\n  CTR: AUC 0.');
    expect(trained.stdout).toMatch(
      /\npublished shop <version> \(in bucket\)\nto use it all the same: entirespace models promote <version> --force --bucket bucket\nreport: bucket\/models\/shop\/<version>\/report\.html\n$/,
    );
  });

  it('prints a line for each epoch, and why it ended', () => {
    const losses = (part: string) => `${part} 0\\.\\d{5} \\(click 0\\.\\d{5}, conversion 0\\.\\d{5}\\)`;
    const line = (epoch: number) =>
      new RegExp(
        `\nepoch ${epoch}/2: ${losses('training loss')}, ${losses('validation')}, AUC pctr 0\\.\\d{4}, pcvr 0\\.\\d{4}, pctcvr 0\\.\\d{4}, `,
      );
    expect(trained.stderr).toMatch(line(1));
    expect(trained.stderr).toMatch(line(2));
    expect(trained.stderr).toMatch(/\ntraining ended after epoch 2, best is epoch \d: all 2 epochs are trained/);
  });

  it('prints the same in JSON', async () => {
    const { code, stdout } = await place.run(...TRAIN, '--json', '-b', 'scripted');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ isCurrent: true, decision: { verdict: 'first', champion: null } });
    nextSecond();
    const again = await place.run(...TRAIN, '--json', '-b', 'scripted');
    expect(again.code).toBe(7);
    expect(JSON.parse(again.stdout).metrics.tasks.ctcvr.positives).toBe(65);
    expect(JSON.parse(again.stdout)).toMatchObject({
      isCurrent: false,
      decision: { verdict: 'refused', champion: '<version>', reasons: [FEW], figures: { conversions: 65 } },
    });
  });

  it('is judged by its loss with the fewer conversions that the refusal names', async () => {
    await place.write('few.yaml', `${DECLARATION}gate: { min_conversions: 50 }\n`);
    nextSecond();
    const { code, stdout } = await place.run('train', 'few.yaml', '--data', 'log.csv', '--json', '-b', 'scripted');
    expect(code).toBe(7);
    // The same rows and seed give the same model.
    expect(JSON.parse(stdout).decision).toMatchObject({
      verdict: 'refused',
      reasons: [expect.stringMatching(/^not shown to be better: log loss /)],
      figures: { conversions: 65 },
    });
  });

  it('is not judged with --no-promote', async () => {
    const { code, stdout } = await place.run(...TRAIN, '--json', '--no-promote', '-b', 'asked');
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, isCurrent: false, decision: null });
    expect(await place.run('models', 'history', '-b', 'asked')).toEqual({
      code: 0,
      stdout: 'no decisions on shop (in file://<folder>/asked)\n',
      stderr: '',
    });
  });
});

describe('a refused version', () => {
  const promote = (...args: string[]) => place.run('models', 'promote', versions[1] as string, ...args);

  it('is promoted by hand only by force, and the history has all of it', async () => {
    const before = await place.listing('bucket');
    const refused = await promote();
    expect({ ...refused, stderr: refused.stderr.replace(/\d{4}-\S+Z/, '<time>') }).toEqual({
      code: 7,
      stdout: '',
      stderr: `entirespace: version <version> of model shop was refused by the gate at <time>: ${FEW} (models promote --force promotes it all the same)\n`,
    });
    expect(await place.listing('bucket')).toEqual(before);

    expect(await promote('--force', '--reason', 'a quiet week')).toMatchObject({
      code: 0,
      stdout: 'shop <version> is the current version\n',
    });
    const rolledBack = await place.run('models', 'rollback', '--reason', 'not that quiet');
    expect({ ...rolledBack, stdout: rolledBack.stdout.replace(/\d{4}-\S+Z/, '<time>') }).toEqual({
      code: 0,
      stdout:
        'shop <version> is the current version again, pinned since <time>: not that quiet; no training run promotes another until entirespace models unpin\n',
      stderr: '',
    });

    const { code, stdout } = await place.run('models', 'history');
    expect({ code, stdout: stdout.replaceAll(/\d{4}-\S+Z/g, '<time>') }).toEqual({
      code: 0,
      stdout: [
        '<time>  <version>  gate      first     no version is in use to compare with, and nothing looks broken',
        `<time>  <version>  gate      refused   ${FEW}`,
        `${' '.repeat(72)}${ALARM_NOTE}`,
        '<time>  <version>  hand      forced    a quiet week',
        '<time>  <version>  rollback  promoted  not that quiet',
        `${' '.repeat(72)}pinned: no training run promotes until models unpin`,
        '',
      ].join('\n'),
    });
    const history = JSON.parse((await place.run('models', 'history', '--json')).stdout);
    expect(history).toHaveLength(4);
    expect(history[2]).toMatchObject({ by: 'hand', forced: true, champion: '<version>', figures: null });
    expect(history[1].figures.guards.length).toBeGreaterThan(5);
  });
});

describe('a bucket that grows', () => {
  const prune = (...args: string[]) => place.run('models', 'prune', ...args);

  it('is pruned only where it is said how many versions stay', async () => {
    expect(await prune()).toMatchObject({ code: 2, stderr: expect.stringContaining("'--keep <n>'") });
    expect((await prune('--keep', '0')).stderr).toContain('expected a whole number above 0');
  });

  it('loses versions that are old and not in use', async () => {
    nextSecond();
    await place.run(...TRAIN, '--no-promote');
    await place.run('models', 'promote', versions[1] as string, '--force');
    const [shown, done] = [await prune('--keep', '1', '--dry-run'), await prune('--keep', '1')];
    const sizeless = (text: string) => text.replaceAll(/[\d.,]+ (MiB|bytes)/g, '<size>');
    const kept = ['kept shop <version>: a rollback brings it back', 'kept shop <version>: the current version'];
    expect(sizeless(shown.stdout)).toBe([...kept, 'would remove 0 versions, <size>; 3 would stay', ''].join('\n'));
    expect(sizeless(done.stdout)).toBe([...kept, 'removed 0 versions, <size>; 3 stay', ''].join('\n'));

    const newest = (await readdir(place.at('bucket/models/shop')))
      .filter((name) => name.startsWith('2'))
      .sort()
      .at(-1);
    await place.run('models', 'promote', newest as string);
    expect(sizeless((await prune('--keep', '1')).stdout)).toBe(
      [
        'removed shop <version>: 13 files, <size>',
        'kept shop <version>: a rollback brings it back',
        'kept shop <version>: the current version',
        'removed 1 version, <size>; 2 stay',
        '',
      ].join('\n'),
    );
    expect((await place.run('models', 'rollback')).code).toBe(0);
  });
});
