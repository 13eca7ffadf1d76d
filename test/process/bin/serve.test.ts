/** `entirespace serve` as a process, and clients over real sockets. */
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { DECLARATION } from '../../bin/small-log.ts';
import { until, workplace } from '../../bin/workplace.ts';
import { processes, type RunningProcess } from './processes.ts';

const place = workplace({ isTrained: true });
const { start } = processes(place);
const ROW = { age: 30, item: 'i3', history: 'i1|i2' };
const BODY = JSON.stringify({
  shared: { age: 30 },
  candidates: Array.from({ length: 200 }, (_, i) => ({ item: `i${i % 12}`, history: 'i1|i2' })),
});

interface Serving extends RunningProcess {
  readonly url: string;
  readonly output: () => string;
}

async function serve(...args: string[]): Promise<Serving> {
  const running = start('serve', '--port', '0', ...args);
  let output = '';
  running.child.stdout?.on('data', (data) => {
    output += data;
  });
  await until(() => output.includes(' at http://') && output.endsWith('\n'));
  return { ...running, url: /http:\S+/.exec(output)?.[0] ?? '', output: () => output };
}

/** Ends it as an orchestrator does. */
async function stop({ child, done }: RunningProcess): Promise<void> {
  child.kill('SIGTERM');
  expect(await done).toMatchObject({ code: 0, stderr: '\nstopping after the work under way (again: at once)\n' });
}

async function post(
  url: string,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${url}${path}`, { method: 'POST', body, headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Begins a request whose body is complete only once `end` is called. */
function begin(url: string, text: string) {
  const sending = request(`${url}/score`, { method: 'POST', headers: { 'content-length': text.length } });
  const status = new Promise((resolve, reject) => {
    sending.on('error', reject).on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
  });
  sending.write(text.slice(0, -1));
  return { status, end: () => sending.end(text.slice(-1)) };
}

it('says in one line why it cannot start', async () => {
  expect(await start('serve', '-b', 'absent', '--port', '0').done).toEqual({
    code: 2,
    stdout: '',
    stderr: 'entirespace: --bucket: no such folder: absent (entirespace train makes it)\n',
  });
  const serving = await serve();
  const { port } = new URL(serving.url);
  expect(await start('serve', '--port', port).done).toEqual({
    code: 2,
    stdout: '',
    stderr: `entirespace: --port: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
  });
  await stop(serving);
});

it('answers every request under way at SIGTERM, and exits with 0', async () => {
  const serving = await serve();
  const { url, child, done } = serving;
  const begun = Array.from({ length: 100 }, () => begin(url, BODY));
  await until(async () => (await (await fetch(`${url}/metrics`)).text()).includes('requests_in_flight 100'));
  child.kill('SIGTERM');
  await until(() => connects(url).then((isOpen) => !isOpen));
  for (const { end } of begun) end();
  expect(await Promise.all(begun.map(({ status }) => status))).toEqual(new Array(100).fill(200));
  expect((await done).code).toBe(0);
});

function connects(url: string): Promise<boolean> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.destroy());
    socket.on('close', (hadError) => resolve(!hadError)).on('error', () => undefined);
  });
}

it('tells what is wrong with a request, and goes on', async () => {
  const serving = await serve();
  const { url } = serving;
  const score = (body: string | Uint8Array<ArrayBuffer>, headers = {}) => post(url, '/score', body, headers);
  expect(await score('{')).toMatchObject({
    status: 400,
    body: { error: expect.stringMatching(/^request is not JSON: /) },
  });
  expect(await score(new Uint8Array([0x22, 0xff, 0x22]))).toEqual({
    status: 400,
    body: { error: 'request is not UTF-8' },
  });
  const tooLong = { error: 'request has more than 10485760 bytes, expected at most as many' };
  // It is read to its end, so that the client has its response.
  expect(await score(`"${'x'.repeat(20 * 2 ** 20)}"`)).toEqual({ status: 413, body: tooLong });
  const gzip = { 'content-encoding': 'gzip' };
  expect(await score(gzipSync(`"${'x'.repeat(11 * 2 ** 20)}"`), gzip)).toEqual({ status: 413, body: tooLong });
  expect(await score('no gzip', gzip)).toEqual({
    status: 400,
    body: { error: 'request is not gzip: incorrect header check' },
  });
  expect(await score('x', { 'content-encoding': 'br' })).toEqual({
    status: 415,
    body: { error: 'content-encoding got br, expected gzip, or none' },
  });
  const scored = await score(JSON.stringify({ rows: [ROW] }));
  expect(scored).toMatchObject({ status: 200, body: { rejects: [] } });
  expect(await score(gzipSync(JSON.stringify({ rows: [ROW] })), gzip)).toEqual(scored);
  // A slow client holds up nobody.
  const slow = begin(url, BODY);
  expect((await score(BODY)).status).toBe(200);
  slow.end();
  expect(await slow.status).toBe(200);
  await stop(serving);
});

it('changes to a promoted version without dropping a request', async () => {
  const serving = await serve();
  const { url } = serving;
  const versions = new Set<unknown>();
  let isDone = false;
  let answered = 0;
  const clients = Array.from({ length: 4 }, async () => {
    while (!isDone) {
      const { status, body } = await post(url, '/score', BODY);
      expect([status, (body.scores as unknown[]).length]).toEqual([200, 200]);
      versions.add(body.version);
      answered += 1;
    }
  });
  await place.write('next.yaml', DECLARATION.replace('epochs: 2', 'epochs: 2, seed: 2'));
  expect((await place.run('train', 'next.yaml', '--data', 'log.csv', '--no-promote')).code).toBe(0);
  const before = await current();
  const listed = await place.listing('bucket/models/shop');
  const next = listed
    .flatMap((line) => /\d{8}-\d{6}-[0-9a-f]{8}/.exec(line) ?? [])
    .find((version) => version !== before);
  await place.run('models', 'promote', next ?? '', '--force');
  await until(() => versions.size === 2);
  isDone = true;
  await Promise.all(clients);
  expect([...versions]).toEqual([before, next]);
  expect(serving.output()).toContain(`serving version ${next}\n`);
  expect(answered).toBeGreaterThan(10);
  // A version that cannot be opened is reported, and the one in use stays.
  await writeFile(place.at('bucket/models/shop/current.json'), '{');
  await until(async () => (await (await fetch(`${url}/metrics`)).text()).includes('refresh_errors_total 1'));
  expect((await post(url, '/score', BODY)).body.version).toBe(next);
  serving.child.kill('SIGTERM');
  const { code, stderr } = await serving.done;
  expect(code).toBe(0);
  expect(stderr).toContain('newer version cannot be opened: current.json of shop');
});

async function current(): Promise<string> {
  return JSON.parse(await readFile(place.at('bucket/models/shop/current.json'), 'utf8')).version;
}
