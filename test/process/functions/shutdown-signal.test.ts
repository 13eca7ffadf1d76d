/** A process that registers an extension with a server in the place of Lambda's, and is told to end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

const PROGRAM = `
import { enableShutdownSignal } from './functions/shutdown-signal.ts';
process.once('SIGTERM', () => process.exit(0));
console.log(enableShutdownSignal(process.env.API, 60_000));
setInterval(() => undefined, 1000);
`;

async function run(status: number) {
  const calls: unknown[] = [];
  const server = createServer(async (request, response) => {
    const { url, headers, method } = request;
    const body = await text(request);
    const named = headers['lambda-extension-name'] ?? headers['lambda-extension-identifier'];
    calls.push([method, url, named, body]);
    // No event ever comes.
    if (url?.endsWith('/next')) server.emit('waited');
    if (url?.endsWith('/register')) response.writeHead(status, { 'lambda-extension-identifier': 'id-1' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const env = { ...process.env, API: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM], { env });
  const waited = status === 200 ? once(server, 'waited') : null;
  const [printed] = await once(child.stdout, 'data');
  await waited;
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  server.closeAllConnections();
  server.close();
  return { printed: String(printed).trim(), code, calls };
}

describe('the signal before an environment is removed', () => {
  it('is asked for by an extension without events, which waits in a thread of its own', async () => {
    expect(await run(200)).toEqual({
      printed: 'true',
      code: 0,
      calls: [
        ['POST', '/2020-01-01/extension/register', 'shutdown-signal', '{"events":[]}'],
        ['GET', '/2020-01-01/extension/event/next', 'id-1', ''],
      ],
    });
  });

  it('stops no function where it is refused', async () => {
    expect(await run(403)).toMatchObject({ printed: 'false', code: 0, calls: [expect.anything()] });
  });
});
