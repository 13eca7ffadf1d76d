/**
 * A process that sends requests to a server at a rate, however late the responses are, and prints their latencies. Those
 * of its first second, in which it makes its connections and is compiled, are sent and not counted.
 */
import { Agent, request } from 'node:http';

const [url = '', perSecond = '10', seconds = '10', users = '1', items = '1'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const pick = (most: string) => Math.floor(Math.random() * Number(most));

function body(): string {
  const candidates = Array.from({ length: 500 }, () => ({
    item_id: `item-${pick(items)}`,
    distance: Math.random() * 30,
  }));
  return JSON.stringify({ shared: { user_id: pick(users), hour: 18, device: 'device 3' }, candidates });
}

function send(text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sending = request(`${url}/score`, { method: 'POST', agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sending.on('error', reject).end(text);
  });
}

const latencies: number[] = [];
let failed = 0;
const warmUp = Number(perSecond);
const count = warmUp + Number(perSecond) * Number(seconds);
const began = performance.now();
await Promise.all(
  Array.from({ length: count }, async (_, index) => {
    const due = (index / Number(perSecond)) * 1000;
    await new Promise((resolve) => setTimeout(resolve, due));
    const text = body();
    const started = performance.now();
    const status = await send(text).catch(() => 0);
    if (status !== 200) failed += 1;
    else if (index >= warmUp) latencies.push(performance.now() - started);
  }),
);
const wall = performance.now() - began;
console.log(JSON.stringify({ latencies, failed, wall }));
agent.destroy();
