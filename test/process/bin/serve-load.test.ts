/** Ten thousand requests at once, from a client that is a process of its own. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { until, workplace } from '../../bin/workplace.ts';
import { processes } from './processes.ts';

const place = workplace({ isTrained: true });
const { start, spawn } = processes(place);
const FLOOD = fileURLToPath(new URL('flood.mjs', import.meta.url));
const REQUESTS = 10_000;

it('are all answered, with scores or to come again, in bounded memory', async () => {
  const candidates = Array.from({ length: 500 }, (_, i) => ({ item: `i${i % 12}`, history: 'i1|i2' }));
  const body = JSON.stringify({ shared: { age: 30 }, candidates });
  const { child, done } = start('serve', '--port', '0');
  let output = '';
  child.stdout?.on('data', (data) => {
    output += data;
  });
  await until(() => output.includes(' at http://') && output.endsWith('\n'));
  const url = /http:\S+/.exec(output)?.[0] ?? '';
  const flood = spawn(process.execPath, FLOOD, `${url}/score`, String(REQUESTS), body);
  let isOver = false;
  const over = flood.done.then((outcome) => {
    isOver = true;
    return outcome;
  });
  // Health is told meanwhile.
  for (let asked = 0; !isOver; asked++) expect([asked, (await fetch(`${url}/health`)).status]).toEqual([asked, 200]);
  const got: Record<string, number> = JSON.parse((await over).stdout);
  const { '200 - true': scored = 0, '503 1 true': refused = 0, ...others } = got;
  expect(others).toEqual({});
  expect(scored + refused).toBe(REQUESTS);
  expect(scored).toBeGreaterThanOrEqual(512);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain(`entirespace_requests_total{path="/score",status="200"} ${scored}\n`);
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  const peakMib = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  console.log(`${scored} scored, ${refused} told to come again, peak ${Math.round(peakMib)} MiB`);
  expect(peakMib).toBeLessThan(1024);
  child.kill('SIGTERM');
  expect((await done).code).toBe(0);
}, 120_000);
