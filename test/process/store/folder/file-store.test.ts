/** The file store used by several processes at once, and by one whose files the operating system limits. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileStore } from '../../../../lib/store/folder/file-store.ts';
import type { Store } from '../../../../lib/store/store.ts';

describe('file store', () => {
  let root: string;
  let store: Store;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'file-store-'));
    store = fileStore(root);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(root, { recursive: true });
  });

  const text = async (key: string) => new TextDecoder().decode((await store.get(key)).body);
  const own = (folder: string) => readdir(join(root, '.entirespace', folder));
  const keys = async () => {
    const found: string[] = [];
    for await (const { key } of store.list('')) found.push(key);
    return found;
  };

  describe('where the file system refuses', () => {
    it('leaves nothing of an object for which there is no room', async () => {
      // A limit on the size of files, in KiB, fails as a full disk does.
      const writer = spawnWriter('ulimit -f 1024; exec', 'putBytes', '4000000');
      const errors = collect(writer.stderr);
      await start(writer);
      expect(await exitOf(writer)).not.toBe(0);
      expect(await errors).toContain(`cannot write object in ${store.url}: EFBIG: file too large, write`);
      expect(await keys()).toEqual([]);
      expect(await own('tmp')).toEqual([]);
    });
  });

  describe('among processes', () => {
    it('has one winner for each ifAbsent', async () => {
      const names = ['red', 'green', 'blue', 'grey'];
      const writers = names.map((name) => spawnWriter('exec', 'claim', name));
      await Promise.all(writers.map(start));
      expect(await Promise.all(writers.map(exitOf))).toEqual([0, 0, 0, 0]);
      expect(await keys()).toHaveLength(20);
      for (const key of await keys()) expect(names).toContain(await text(key));
    });

    it('loses no update by ifMatch', async () => {
      await store.put('counter', '0');
      const writers = [1, 2, 3, 4].map(() => spawnWriter('exec', 'increment', '15'));
      await Promise.all(writers.map(start));
      expect(await Promise.all(writers.map(exitOf))).toEqual([0, 0, 0, 0]);
      expect(await text('counter')).toBe('60');
    });

    it('shows nothing of an object whose writer is killed half-way', async () => {
      const pipe = join(root, '.pipe');
      execFileSync('mkfifo', [pipe]);
      const writer = spawnWriter('exec', 'putFile', pipe);
      await start(writer);
      // Open until the writer is dead, so that it waits for the other half.
      const half = await open(pipe, 'w');
      await half.write('half of the object');
      await vi.waitFor(async () => expect(await own('tmp')).toHaveLength(1), 5000);
      writer.kill('SIGKILL');
      await exitOf(writer);
      await half.close();
      await rm(pipe);
      expect(await store.head('object')).toBeNull();
      expect(await keys()).toEqual([]);
      await store.put('object', 'whole', { ifAbsent: true });
      expect(await text('object')).toBe('whole');
    });
  });

  function spawnWriter(shell: string, task: string, argument: string): ChildProcess {
    const script = join(import.meta.dirname, 'writer-process.ts');
    const command = `${shell} "$0" --import tsx "$@"`;
    const child = spawn('bash', ['-c', command, process.execPath, script, root, task, argument], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    children.push(child);
    return child;
  }
});

/** Lets a writer begin once it is loaded, so that several begin together. */
async function start(writer: ChildProcess): Promise<void> {
  if (writer.stdout !== null) await once(writer.stdout, 'data');
  writer.stdin?.write('go\n');
}

async function exitOf(writer: ChildProcess): Promise<number | null> {
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
  return writer.exitCode;
}

async function collect(stream: ChildProcess['stderr']): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}
