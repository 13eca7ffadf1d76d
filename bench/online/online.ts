/** Measures requests: the library's for several numbers of candidates, and the server's at several rates. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { count } from '../../lib/numbers/text.ts';
import { startServer } from '../../lib/online/http-server.ts';
import { OnlineScorer } from '../../lib/online/online-scorer.ts';
import { openStore } from '../../lib/store/open-store.ts';
import type { Database } from '../../lib/table/database.ts';
import { publishShop } from './shop.ts';

const SIZE = { users: 10_000, items: 100_000 } as const;
const CANDIDATES = [1, 100, 500, 1000] as const;
const REQUESTS = 400;
const WARM_UP = 50;
const RATES = [20, 50, 100] as const;
const SECONDS = 8;

/** Prints the latencies. The model has 26 features, of which 23 come from tables. */
export async function benchOnline({
  database,
  scratch,
}: {
  readonly database: Database;
  readonly scratch: string;
}): Promise<void> {
  const store = openStore(join(scratch, 'online'));
  await publishShop({ store, database, scratch }, SIZE);
  const started = performance.now();
  const scorer = await OnlineScorer.open(store, 'bench', { refreshSeconds: null });
  console.log(
    `opened with ${count(SIZE.users)} users and ${count(SIZE.items)} items in ${Math.round(performance.now() - started)} ms, ` +
      `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB of memory`,
  );
  for (const candidates of CANDIDATES) {
    const latencies: number[] = [];
    for (let i = 0; i < WARM_UP + REQUESTS; i++) {
      const { rows, shared } = request(candidates);
      const before = performance.now();
      await scorer.score(rows, { shared });
      if (i >= WARM_UP) latencies.push(performance.now() - before);
    }
    console.log(`openScorer, ${count(candidates)} candidates: ${percentiles(latencies)}`);
  }
  const server = await startServer(scorer, { port: 0 });
  for (const rate of RATES) {
    const args = ['--import', 'tsx', fileURLToPath(new URL('client.ts', import.meta.url)), server.url];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...args, ...[rate, SECONDS, SIZE.users, SIZE.items].map(String)],
      { maxBuffer: 2 ** 26 },
    );
    const { latencies, failed } = JSON.parse(stdout) as { latencies: number[]; failed: number };
    console.log(`serve, 500 candidates, ${rate} requests/s: ${percentiles(latencies)}, ${failed} failed`);
  }
  await server.stop();
  await scorer.close();
}

function request(candidates: number) {
  const pick = (most: number) => Math.floor(Math.random() * most);
  return {
    shared: { user_id: pick(SIZE.users), hour: 18, device: 'device 3' },
    rows: Array.from({ length: candidates }, () => ({
      item_id: `item-${pick(SIZE.items)}`,
      distance: Math.random() * 30,
    })),
  };
}

function percentiles(latencies: readonly number[]): string {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${count(sorted.length)} requests`;
}
