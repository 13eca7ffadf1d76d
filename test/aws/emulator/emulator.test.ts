import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startEmulator } from './emulator.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emulator-test-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Files that emulators have left in the folder of temporary files. */
async function left(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('emulator-'));
}

async function isUp(endpoint: string): Promise<boolean> {
  return fetch(`${endpoint}/_ministack/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

describe('the emulator', () => {
  it('answers on this machine alone until it is stopped, and leaves no files', async () => {
    const emulator = await startEmulator();
    expect(emulator.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await isUp(emulator.endpoint)).toBe(true);
    expect(await emulator.log()).toContain('services available');
    expect(await left()).toHaveLength(1);
    await emulator.stop();
    expect(await isUp(emulator.endpoint)).toBe(false);
    expect(await left()).toEqual([]);
  });

  it('ends with the process that started it, if that is killed', async () => {
    const module = pathToFileURL(join(import.meta.dirname, 'emulator.ts')).href;
    const code = `import('${module}').then(async ({ startEmulator }) => {
      console.log((await startEmulator()).endpoint);
      process.kill(process.pid, 'SIGKILL');
    });`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(parent, 'exit');
    const endpoint = (await text(parent.stdout)).trim();
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(endpoint).toMatch(/^http/);
    await vi.waitFor(async () => expect(await left()).toEqual([]), 10_000);
    expect(await isUp(endpoint)).toBe(false);
  });
});
