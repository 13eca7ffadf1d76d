/** The built command as a child process, in a folder of its own with a small log. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { execute, openDatabase, query } from '../../lib/table/database.ts';
import { DECLARATION, logText } from './small-log.ts';

export const COMMAND = fileURLToPath(new URL('../../dist/entirespace.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  /** Without what differs from run to run: paths, versions, times and speeds. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly done: Promise<Outcome>;
}

export interface Workplace {
  /** Path in the folder, which is the working directory of every command. */
  at(...names: string[]): string;
  run(...args: string[]): Promise<Outcome>;
  start(args: readonly string[], environment?: Readonly<Record<string, string>>): Running;
  /** Runs any program; `entirespace` in its arguments is nothing special. */
  spawn(program: string, args: readonly string[], environment?: Readonly<Record<string, string>>): Running;
  write(name: string, content: string | Uint8Array): Promise<string>;
  /** Writes the rows of a query; the extension gives the format. */
  writeRows(name: string, sql: string): Promise<string>;
  rows(sql: string): Promise<Record<string, unknown>[]>;
  /** Every file below, with size and time of modification. */
  listing(name: string): Promise<string[]>;
}

/**
 * A folder with `shop.yaml`, `log.csv` and `log.parquet`, and a model in `bucket` where `isTrained`. Whatever a test
 * does, the command leaves nothing in its scratch folder.
 */
export function workplace({ isTrained = false }: { readonly isTrained?: boolean } = {}): Workplace {
  let folder = '';
  const children = new Set<ChildProcess>();

  const place: Workplace = {
    at: (...names) => join(folder, ...names),
    run: (...args) => place.start(args).done,
    start: (args, environment) => place.spawn(process.execPath, [COMMAND, ...args], environment),
    spawn(program, args, environment = {}) {
      const child = spawn(program, args, {
        cwd: folder,
        env: { ...process.env, TMPDIR: join(folder, 'tmp'), NO_COLOR: '1', ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.add(child);
      return { child, done: outcomeOf(child, folder) };
    },
    async write(name, content) {
      await writeFile(join(folder, name), content);
      return name;
    },
    async writeRows(name, sql) {
      const options = name.endsWith('.csv') ? '(FORMAT csv, HEADER true)' : '(FORMAT parquet)';
      await inDatabase(folder, (database) => execute(database, `COPY (${sql}) TO '${join(folder, name)}' ${options}`));
      return name;
    },
    rows: (sql) => inDatabase(folder, (database) => query(database, sql)),
    listing: (name) => listing(join(folder, name)),
  };

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'entirespace-command-')));
    await mkdir(join(folder, 'tmp'));
    await place.write('shop.yaml', DECLARATION);
    await place.write('log.csv', logText(3000));
    await place.writeRows('log.parquet', `SELECT * FROM read_csv('${place.at('log.csv')}')`);
    if (isTrained) expect(await place.run('train', '-d', 'shop.yaml', '--data', 'log.csv')).toMatchObject({ code: 0 });
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return place;
}

/** Waits until something is so. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await condition()); await setTimeout(10))
    if (Date.now() > end) throw new Error(`still not so after 20 s: ${condition}`);
}

async function outcomeOf(child: ChildProcess, folder: string): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data) => {
    texts.stdout += data;
  });
  child.stderr?.on('data', (data) => {
    texts.stderr += data;
  });
  const [code] = await once(child, 'close');
  return { code, stdout: plain(texts.stdout, folder), stderr: plain(texts.stderr, folder) };
}

function plain(text: string, folder: string): string {
  return text
    .replaceAll(folder, '<folder>')
    .replaceAll(/\d{8}-\d{6}-[0-9a-f]{8}/g, '<version>')
    .replaceAll(/, [\d,]+ rows\/s/g, '')
    .replaceAll(/, \d+\.\d s\b/g, '');
}

async function inDatabase<T>(folder: string, use: (database: Awaited<ReturnType<typeof openDatabase>>) => Promise<T>) {
  const database = await openDatabase({ threads: 1, memoryLimitMiB: 512, scratch: folder });
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

async function listing(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const lines = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size, mtimeNs } = await stat(path, { bigint: true });
      return `${path.slice(folder.length + 1)} ${size} ${mtimeNs}`;
    });
  return (await Promise.all(lines)).sort();
}
