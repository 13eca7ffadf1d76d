/**
 * Makes Lambda send SIGTERM before it removes an environment, with half a second until SIGKILL. It does so only for a
 * process that has registered an extension, which may listen to nothing, and only while the process starts:
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html. AWS's runtime for Go does the same
 * (`lambda.WithEnableSIGTERM`).
 */
import { Worker } from 'node:worker_threads';

/** A function that starts should not wait longer for the registration. */
const PATIENCE_MS = 2000;

// CommonJS cannot wait for a promise while it is loaded, so a thread registers and this one waits for it.
const REGISTER = `
const { workerData: { api, flag } } = require('node:worker_threads');
const call = (path, init) => fetch('http://' + api + '/2020-01-01/extension/' + path, init);
const done = (state) => { Atomics.store(flag, 0, state); Atomics.notify(flag, 0); };
(async () => {
  const body = JSON.stringify({ events: [] });
  const registered = await call('register', { method: 'POST', body, headers: { 'lambda-extension-name': 'shutdown-signal' } });
  if (!registered.ok) return done(2);
  const next = call('event/next', { headers: { 'lambda-extension-identifier': registered.headers.get('lambda-extension-identifier') } });
  done(1);
  await next;
})().catch(() => done(2));
`;

/**
 * Registers, outside of requests. Returns whether SIGTERM will be sent; elsewhere than in Lambda it is anyway.
 * @param patienceMs longest wait for the registration.
 */
export function enableShutdownSignal(api: string | undefined, patienceMs = PATIENCE_MS): boolean {
  if (api === undefined) return true;
  const flag = new Int32Array(new SharedArrayBuffer(4));
  // Nothing ever comes for an extension without events: the thread waits until the process ends.
  new Worker(REGISTER, { eval: true, execArgv: [], workerData: { api, flag } }).on('error', () => undefined).unref();
  Atomics.wait(flag, 0, 0, patienceMs);
  return Atomics.load(flag, 0) === 1;
}
