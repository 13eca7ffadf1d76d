import { readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DECLARATION, logText } from '../../bin/small-log.ts';
import { until, workplace } from '../../bin/workplace.ts';
import { processes, type RunningProcess } from './processes.ts';

const place = workplace({ isTrained: true });
const { start } = processes(place);
const STOPPING = '\nstopping after the work under way (again: at once)\n';

/** A training that would take hours, in its first epochs. */
async function trainForLong(): Promise<RunningProcess> {
  await place.write('long.yaml', DECLARATION.replace('epochs: 2', 'epochs: 10000'));
  const running = start('train', 'long.yaml', '--data', 'log.csv', '-b', 'other');
  await seen(running, 'epoch 2/');
  return running;
}

async function seen({ child }: RunningProcess, text: string): Promise<void> {
  let output = '';
  child.stderr?.on('data', (data) => {
    output += data;
  });
  await until(() => output.includes(text));
}

/** A scoring of many rows, in the midst of them. */
async function scoreMany(name: string): Promise<RunningProcess> {
  await place.write(name, logText(60_000));
  const running = start('score', name);
  await until(async () => {
    const scratch = await readdir(place.at('tmp'), { recursive: true }).catch(() => []);
    return scratch.some((path) => path.includes('/shard-'));
  });
  return running;
}

/** A later run scores what is left, or finds it scored: every row once. */
async function completes(name: string, { isScored = false } = {}): Promise<void> {
  expect(await place.run('score', name)).toMatchObject({
    code: 0,
    stdout: `candidates/${name}: ${isScored ? 'has scores already, ' : ''}60,000 rows scored, 0 rejected, by shop <version> -> bucket/scores/${name}/\n`,
  });
  expect((await readdir(place.at('bucket/scores', name))).sort()).toEqual([
    '_SUCCESS',
    '_manifest.json',
    expect.stringMatching(/^part-[0-9a-f]{8}-00000\.parquet$/),
  ]);
  const [counted] = await place.rows(
    `SELECT count(*) AS rows, count(DISTINCT row) AS different FROM '${place.at('bucket/scores', name)}/part-*.parquet'`,
  );
  expect(counted).toEqual({ rows: 60_000n, different: 60_000n });
}

describe('training', () => {
  it.each([['SIGINT'], ['SIGTERM']] as const)('stops after its step at %s, and publishes nothing', async (signal) => {
    const { child, done } = await trainForLong();
    child.kill(signal);
    const { code, stdout, stderr } = await done;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(
      stderr.endsWith(`${STOPPING}entirespace: interrupted: nothing was published, what was complete before stays\n`),
    ).toBe(true);
    expect(await place.listing('other')).toEqual([]);
  });

  it('leaves no trace in the bucket after SIGKILL', async () => {
    const { child, done } = await trainForLong();
    child.kill('SIGKILL');
    expect((await done).code).toBe(null);
    expect(await place.listing('other')).toEqual([]);
    await rm(place.at('tmp', ...(await readdir(place.at('tmp')))), { recursive: true });
  });

  it('leaves a scratch folder after SIGKILL, which the next run removes and names', async () => {
    const { child, done } = await trainForLong();
    const scratch = await readdir(place.at('tmp'));
    expect(scratch).toEqual([expect.stringMatching(/^entirespace-\w{6}$/)]);
    const validate = ['validate', 'shop.yaml', '--data', 'log.csv'];
    expect(await start(...validate).done).toMatchObject({ code: 0, stderr: '' });
    expect(await readdir(place.at('tmp'))).toEqual(scratch);

    child.kill('SIGKILL');
    await done;
    const { code, stderr } = await start(...validate).done;
    expect({ code, left: await readdir(place.at('tmp')) }).toEqual({ code: 0, left: [] });
    expect(stderr).toMatch(/^note: removed 1 scratch folder of killed runs from <folder>\/tmp, [\d,]+ bytes\n$/);
  });

  it('leaves a scratch folder that a run on another host does not touch', async () => {
    const { child, done } = await trainForLong();
    child.kill('SIGKILL');
    await done;
    const scratch = await readdir(place.at('tmp'));
    // As that run would have named the file of its lock.
    const folder = place.at('tmp', ...scratch);
    await rename(join(folder, `lock-${hostname()}`), join(folder, 'lock-elsewhere'));
    expect(await start('validate', 'shop.yaml', '--data', 'log.csv').done).toMatchObject({ code: 0, stderr: '' });
    expect(await readdir(place.at('tmp'))).toEqual(scratch);
    await rm(folder, { recursive: true });
  });
});

describe('scoring', () => {
  it('stops after its shard at SIGINT, which may be the last of its file', async () => {
    const { child, done } = await scoreMany('first.csv');
    child.kill('SIGINT');
    const { code, stderr } = await done;
    expect({ code, stopped: stderr.includes(STOPPING) }).toEqual({ code: 130, stopped: true });
    await completes('first.csv', { isScored: true });
  });

  it('stops at once at a second SIGINT, without scratch files', async () => {
    const { child, done } = await scoreMany('second.csv');
    const stopping = seen({ child, done }, STOPPING);
    child.kill('SIGINT');
    await stopping;
    child.kill('SIGINT');
    expect(await done).toEqual({ code: 130, stdout: '', stderr: STOPPING });
    await completes('second.csv');
  });

  it('is completed by a later run after SIGKILL', async () => {
    const { child, done } = await scoreMany('third.csv');
    child.kill('SIGKILL');
    expect((await done).code).toBe(null);
    await completes('third.csv');
  });
});
