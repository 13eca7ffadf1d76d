import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DECLARATION, logText } from '../../bin/small-log.ts';
import { until, workplace } from '../../bin/workplace.ts';
import { processes, type RunningProcess } from './processes.ts';

const place = workplace({ isTrained: true });
const { start, spawn } = processes(place);
const STOPPING = '\nstopping after the work under way (again: at once)\n';

/** A training that would take hours, in its first epochs. */
async function trainForLong(): Promise<RunningProcess> {
  await place.write('long.yaml', DECLARATION.replace('epochs: 2', 'epochs: 1000000'));
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

/** A later run scores what is left: every row once. */
async function completes(name: string): Promise<void> {
  expect(await place.run('score', name)).toMatchObject({
    code: 0,
    stdout: `candidates/${name}: 60,000 rows scored, 0 rejected, by shop <version> -> bucket/scores/${name}/\n`,
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
    // Nothing could remove its scratch folder.
    await spawn('sh', '-c', 'rm -r tmp/*').done;
  });
});

describe('scoring', () => {
  it('stops after its shard at SIGINT, and a later run completes it', async () => {
    const { child, done } = await scoreMany('first.csv');
    child.kill('SIGINT');
    const { code, stderr } = await done;
    expect({ code, stopped: stderr.includes(STOPPING) }).toEqual({ code: 130, stopped: true });
    await completes('first.csv');
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
    await spawn('sh', '-c', 'rm -r tmp/*').done;
    await completes('third.csv');
  });
});
