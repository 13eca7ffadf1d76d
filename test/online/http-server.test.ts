/** The server over real sockets. */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../lib/online/http-server.ts';
import { OnlineScorer } from '../../lib/online/online-scorer.ts';
import { items, openShop, type Shop } from './shop.ts';

let shop: Shop;
let scorer: OnlineScorer;
let server: RunningServer;

beforeAll(async () => {
  shop = await openShop();
  await shop.promote(1);
  await shop.publishTables('2026-01-01');
  scorer = await OnlineScorer.open(shop.store, 'shop', { refreshSeconds: null });
  server = await startServer(scorer, { port: 0, bodyBytes: 100_000 });
});
afterAll(async () => {
  await server.stop();
  await scorer.close();
  await shop.remove();
});

const REQUEST = {
  shared: { user_id: 3, hour: 12 },
  candidates: items.map(({ item_id }) => ({ item_id })),
};

const scoreOf = (row: Readonly<Record<string, number>>) => row.pctr ?? 0;

interface Body {
  readonly ranking: readonly unknown[];
  readonly rejects: readonly unknown[];
}

async function send(path: string, body?: unknown, { url } = server): Promise<{ status: number; body: Body & string }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const options = body === undefined ? {} : { method: 'POST', body: text };
  const response = await fetch(`${url}${path}`, options);
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    body: (type.includes('json') ? await response.json() : await response.text()) as never,
  };
}

describe('the server', () => {
  it('scores as the library does', async () => {
    const { status, body } = await send('/score', REQUEST);
    expect(status).toBe(200);
    expect(body).toEqual(await scorer.score(REQUEST.candidates, { shared: REQUEST.shared }));
    expect((await send('/score', { rows: [{}] })).body.rejects).toMatchObject([{ row: 0, reason: 'column_missing' }]);
  });

  it('ranks by an output, and keeps the top', async () => {
    const { scores } = await scorer.score(REQUEST.candidates, { shared: REQUEST.shared });
    const expected = scores
      .flatMap((score, row) => (score === null ? [] : { row, ...score }))
      .sort((a, b) => scoreOf(b) - scoreOf(a));
    const { body } = await send('/rank', { ...REQUEST, by: 'pctr', top: 5 });
    const ranking = expected.slice(0, 5).map((row, index) => ({ ...row, rank: index + 1 }));
    expect(body).toEqual({ version: scorer.version, scored: items.length, rejects: [], ranking });
    const { body: all } = await send('/rank', { ...REQUEST, candidates: [...REQUEST.candidates, { item_id: 'x' }] });
    expect([all.ranking.length, all.rejects.length]).toEqual([30, 1]);
  });

  it.each([
    ['/score', '{', 400, /^request is not JSON: /],
    ['/score', '[]', 400, 'request got a list, expected an object of rows, shared, candidates'],
    ['/rank', '"a"', 400, 'request got "a", expected an object of rows, shared, candidates, by, top'],
    [
      '/score',
      { rows: [], candidates: [] },
      400,
      'request has both rows and candidates, expected one of them, a list of objects',
    ],
    ['/rank', {}, 400, 'request has neither rows nor candidates, expected one of them, a list of objects'],
    ['/score', { rows: [{}, 1] }, 400, 'request.rows[1] got 1, expected an object of columns'],
    ['/score', { candidates: { a: 1 } }, 400, 'request.candidates got an object, expected a list of objects'],
    ['/score', { rows: [], shared: null }, 400, 'request.shared got null, expected an object of columns'],
    ['/score', { rows: [], by: 'pctr' }, 400, 'request has unknown keys: by, expected rows, shared, candidates'],
    [
      '/rank',
      { rows: [], within: 'a', b: 1 },
      400,
      'request has unknown keys: within, b, expected rows, shared, candidates, by, top',
    ],
    [
      '/score',
      { rows: [{ Hour: 1, HOUR: 2 }] },
      400,
      'columns repeated, or different in case only: Hour, HOUR, expected one column hour (in the request)',
    ],
    ['/rank', { rows: [], by: 'price' }, 400, 'by got price, expected one of pctr, pcvr, pctcvr'],
    ['/rank', { rows: [], by: ['pctr'] }, 400, 'request.by got a list, expected the name of an output, or score'],
    ['/rank', { rows: [], top: 0 }, 400, 'request.top got 0, expected a whole number of at least 1, or null for all'],
    [
      '/rank',
      { rows: [], top: '5' },
      400,
      'request.top got "5", expected a whole number of at least 1, or null for all',
    ],
    [
      '/rank',
      { rows: [], top: 1.5 },
      400,
      'request.top got 1.5, expected a whole number of at least 1, or null for all',
    ],
    ['/score', undefined, 405, '/score got GET, expected POST'],
    ['/scores', undefined, 404, 'no path /scores, expected one of /score, /rank, /health, /metrics'],
    ['/score', 'x'.repeat(200_000), 413, 'request has more than 100000 bytes, expected at most as many'],
  ])('refuses %s %j with %i', async (path, body, status, error) => {
    const response = await send(path, body);
    expect(response.status).toBe(status);
    expect(response.body).toEqual({ error: typeof error === 'string' ? error : expect.stringMatching(error) });
  });

  it('refuses a body of unknown length as soon as it is too long', async () => {
    const status = await new Promise((resolve, reject) => {
      const sending = request(`${server.url}/score`, { method: 'POST' }, (response) => resolve(response.statusCode));
      sending.on('error', reject);
      sending.write('x'.repeat(150_000));
    });
    expect(status).toBe(413);
  });

  it('tells its health and its counts', async () => {
    expect((await send('/health')).body).toEqual({ status: 'ok', model: 'shop', version: scorer.version });
    const { body } = await send('/metrics');
    expect(body).toMatch(/^entirespace_requests_total\{path="\/score",status="200"\} [1-9]/m);
    expect(body).toMatch(/^entirespace_rows_total\{result="rejected"\} [1-9]/m);
    expect(body).toContain(`entirespace_version_info{model="shop",version="${scorer.version}"} 1`);
  });

  it('outlives clients that hang up', async () => {
    const { port } = new URL(server.url);
    for (const sent of ['POST /score HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\n{', 'GARBAGE\r\n\r\n'])
      await new Promise((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => socket.write(sent, () => socket.destroy()));
        socket.on('close', resolve);
      });
    const aborted = new AbortController();
    const sending = fetch(`${server.url}/score`, {
      method: 'POST',
      body: JSON.stringify(REQUEST),
      signal: aborted.signal,
    });
    aborted.abort();
    await expect(sending).rejects.toThrow();
    expect((await send('/score', REQUEST)).status).toBe(200);
  });

  it('tells requests beyond its limit to come again, answers all, and tells its health meanwhile', async () => {
    let goOn: () => void = () => undefined;
    const going = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const waiting = new Proxy(scorer, {
      get: (target, name) =>
        name === 'score'
          ? async (...args: Parameters<OnlineScorer['score']>) => going.then(() => target.score(...args))
          : Reflect.get(target, name, target),
    });
    const small = await startServer(waiting, { port: 0, mostRequests: 2 });
    const body = JSON.stringify(REQUEST);
    const sent = Array.from({ length: 40 }, () => fetch(`${small.url}/score`, { method: 'POST', body }));
    const seen = async () => (await send('/metrics', undefined, small)).body;
    while (!(await seen()).includes('{path="refused",status="503"} 38'));
    expect((await send('/health', undefined, small)).status).toBe(200);
    goOn();
    const responses = await Promise.all(sent);
    const refused = responses.filter(({ status }) => status !== 200);
    expect(refused.length).toBe(38);
    for (const response of refused) {
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await response.json()).toEqual({
        error: '2 requests are under way, as many as there may be: try again later',
      });
    }
    expect(await seen()).toContain('requests_in_flight 0\n');
    await small.stop();
  });

  it('refuses bodies that together are more than it may hold, and answers small ones', async () => {
    const small = await startServer(scorer, { port: 0, mostBytes: 1000 });
    expect((await send('/score', `"${'x'.repeat(2000)}"`, small)).status).toBe(503);
    expect((await send('/score', { rows: [] }, small)).status).toBe(200);
    await small.stop();
  });

  it('ends the requests under way before it stops', async () => {
    const stopping = await startServer(scorer, { port: 0 });
    const agent = new Agent({ keepAlive: true });
    const sending = request(`${stopping.url}/score`, { method: 'POST', agent });
    const answered = new Promise((resolve, reject) => {
      sending.on('error', reject).on('response', (response) => {
        response.resume().on('end', () => resolve([response.statusCode, response.headers.connection]));
      });
      sending.write('{"rows":');
    });
    while (!(await send('/metrics', undefined, stopping)).body.includes('requests_in_flight 1'));
    const stopped = stopping.stop();
    sending.end('[]}');
    await stopped;
    expect(await answered).toEqual([200, 'close']);
    agent.destroy();
    await expect(fetch(stopping.url)).rejects.toThrow();
  });
});
