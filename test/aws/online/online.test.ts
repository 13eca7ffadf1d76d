/** The bundled online function over the emulator's S3, with the events of its URL. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openScorer } from '../../../exports/open-scorer.ts';
import { openSite, type Site, trainSmall } from '../site/site.ts';

/** Made by the build, as `build-lambda` deploys it. */
const BUNDLE = fileURLToPath(new URL('../../../dist/functions/online.js', import.meta.url));
const INVOKE = fileURLToPath(new URL('invoke.mjs', import.meta.url));
const ROWS = [
  { user_id: 1, item_id: 'item3', price: 2.5 },
  { user_id: 2, item_id: 'item4', price: 'cheap' },
  { user_id: 3, item_id: 'item5', price: 7 },
];

let site: Site;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'online-function-'));
  site = await openSite(inject('endpoint'));
  await site.publish(await trainSmall(folder, 1));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Results of one environment of the function, event after event. */
async function invoke(sent: readonly Sent[], modelName = 'small') {
  const events = sent.map(({ method = 'POST', path, headers = {}, isBase64Encoded = false, body }) => ({
    version: '2.0',
    rawPath: path,
    rawQueryString: '',
    headers,
    requestContext: { http: { method, path } },
    isBase64Encoded,
    ...(body !== undefined && { body }),
  }));
  const path = join(folder, 'events.json');
  await writeFile(path, JSON.stringify(events));
  const env = {
    ...process.env,
    BUCKET: `s3://${site.bucket}`,
    AWS_ENDPOINT_URL: site.endpoint,
    MODEL_NAME: modelName,
    TABLE_MEMORY_MIB: '256',
  };
  await promisify(execFile)(process.execPath, [INVOKE, BUNDLE, path], { env });
  const results: { statusCode: number; headers: Record<string, string>; body: string }[] = JSON.parse(
    await readFile(`${path}.results`, 'utf8'),
  );
  return results.map(({ statusCode, headers, body }) => ({
    status: statusCode,
    body: headers['content-type'] === 'application/json' ? JSON.parse(body) : body,
  }));
}

describe('the function', () => {
  it('scores and ranks as the library does, whatever form the body has', async () => {
    const body = JSON.stringify({ rows: ROWS });
    const gzip = gzipSync(body).toString('base64');
    const results = await invoke([
      { path: '/score', body },
      { path: '/score', body: Buffer.from(body).toString('base64'), isBase64Encoded: true },
      { path: '/score', body: gzip, isBase64Encoded: true, headers: { 'content-encoding': 'gzip' } },
      { path: '/rank', body: JSON.stringify({ rows: ROWS, by: 'pctr', top: 1 }) },
    ]);
    const scorer = await openScorer(site.store, 'small', { refreshSeconds: null });
    const scored = await scorer.score(ROWS);
    const ranked = await scorer.rank(ROWS, { by: 'pctr', top: 1 });
    await scorer.close();
    expect(scored.rejects).toMatchObject([{ row: 1, reason: 'number_not_numeric' }]);
    expect([ranked.scored, ranked.ranking.length]).toEqual([2, 1]);
    expect(results).toEqual([scored, scored, scored, ranked].map((body) => ({ status: 200, body })));
  });

  it('tells its health and counts, and what is wrong with a request', async () => {
    const results = await invoke([
      { path: '/health', method: 'GET' },
      { path: '/score', body: '{' },
      { path: '/score' },
      { path: '/rank', body: '{"rows": [], "by": "price"}' },
      { path: '/score', method: 'GET' },
      { path: '/', method: 'GET' },
      { path: '/score', body: 'eA==', isBase64Encoded: true, headers: { 'content-encoding': 'br' } },
      { path: '/score', body: JSON.stringify({ shared: ROWS[0], candidates: new Array(100_000).fill({}) }) },
      { path: '/metrics', method: 'GET' },
    ]);
    expect(results.map(({ status }) => status)).toEqual([200, 400, 400, 400, 405, 404, 415, 413, 200]);
    expect(results[0]?.body).toMatchObject({ status: 'ok', model: 'small' });
    expect(results[3]?.body).toEqual({ error: 'by got price, expected one of pctr, pcvr, pctcvr' });
    expect(results[7]?.body).toEqual({
      error: expect.stringMatching(/^response has \d{7,} bytes, expected at most 6000000: send fewer rows$/),
    });
    expect(results.at(-1)?.body).toContain('entirespace_requests_total{path="/score",status="400"} 2\n');
  });

  it('fails where it has no model, as the log says', async () => {
    await expect(invoke([{ path: '/health', method: 'GET' }], 'absent')).rejects.toThrow(
      /model absent has no current version \(in s3:\/\/[^)]+\): train one, or promote one/,
    );
  });
});
