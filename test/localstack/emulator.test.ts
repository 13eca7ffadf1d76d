import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { startEmulator } from '../aws/emulator/emulator.ts';

async function answers(endpoint: string): Promise<boolean> {
  return fetch(`${endpoint}/_localstack/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

it('LocalStack answers on 127.0.0.1 alone until it is stopped, and leaves no files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'localstack-test-'));
  vi.stubEnv('TMPDIR', folder);
  const hadFolder = existsSync('/var/lib/localstack');
  const { endpoint, log, stop } = await startEmulator('localstack');
  expect(await answers(endpoint)).toBe(true);
  expect(await log()).toContain('LocalStack version: 4.14.0');
  // On Linux a server that listens on all addresses is reachable at every address of the loopback network.
  expect(await answers(endpoint.replace('127.0.0.1', '127.0.0.2'))).toBe(false);
  await stop();
  expect(await answers(endpoint)).toBe(false);
  expect(await readdir(folder)).toEqual([]);
  expect(existsSync('/var/lib/localstack')).toBe(hadFolder);
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});
