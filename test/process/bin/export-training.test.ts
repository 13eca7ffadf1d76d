import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { until, workplace } from '../../bin/workplace.ts';
import { processes } from './processes.ts';

const place = workplace();
const { start } = processes(place);

/** The processes that a process has started. */
async function childrenOf(pid: number | undefined): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

it('an export fails with one line where one of its processes is killed, and leaves no bundle that is taken for whole', async () => {
  await place.writeRows(
    'many.parquet',
    `SELECT l.* REPLACE (i * 3000 + l."row" AS "row") FROM '${place.at('log.parquet')}' l, range(180) t(i)`,
  );
  const { child, done } = start(
    'export-training',
    'shop.yaml',
    '--data',
    'many.parquet',
    '--out',
    'b',
    '--processes',
    '2',
  );
  let isDone = false;
  void done.then(() => {
    isDone = true;
  });
  let children: number[] = [];
  for (; children.length === 0 && !isDone; await setTimeout(10)) children = await childrenOf(child.pid);
  process.kill(children[0] as number, 'SIGKILL');
  const { code, stdout, stderr } = await done;
  expect({ code, stdout }).toEqual({ code: 6, stdout: '' });
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(
    'entirespace: one of 2 processes that encode rows was ended by SIGKILL before it was done',
  );
  expect((await place.listing('b')).filter((line) => line.startsWith('bundle.json'))).toEqual([]);
  for (const pid of children) await until(async () => (await readFile(`/proc/${pid}/stat`).catch(() => null)) === null);
});
