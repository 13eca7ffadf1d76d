/** The e-mail campaign of the demo: its data, its candidates and its scores. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Declaration } from '../../lib/config/declaration.ts';
import { PREFIXES } from '../../lib/contract/bucket.ts';
import type { Store } from '../../lib/store/store.ts';
import { writeCandidates, writeWithRowNumbers } from '../../lib/table/check/rewrite.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { readRows } from '../../lib/table/source/read-rows.ts';
import { openSource } from '../../lib/table/source/source.ts';
import type { Io } from '../terminal/io.ts';
import { formatRows } from '../terminal/log-text.ts';

export interface CampaignOptions {
  /** The user's own copy of the data, CSV as published or Parquet. */
  readonly data?: string;
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
}

const EXAMPLE = join(packageRoot(), 'examples', 'hillstrom');
const EXAMPLE_DATA = join(EXAMPLE, 'hillstrom.parquet');
export const EXAMPLE_DECLARATION = join(EXAMPLE, 'entirespace.yaml');

/** The data with a column `row`; the campaign's file as it was published has none. */
export async function numberedData(
  { data, threads, memory }: CampaignOptions,
  scratch: string,
  { cwd }: Pick<Io, 'cwd'>,
): Promise<string> {
  if (data === undefined) return EXAMPLE_DATA;
  const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
  try {
    const source = await openSource(database, data, { cwd });
    if (source.columns.some(({ name }) => name === 'row')) return data;
    const path = join(scratch, 'numbered.parquet');
    await writeWithRowNumbers(database, source, path);
    return path;
  } finally {
    await database.close();
  }
}

/** The held-out rows as two files of candidates, one Parquet and one CSV, put where an upload would put them. */
export async function dropCandidates(
  store: Store,
  declaration: Declaration,
  data: string,
  { threads, memory }: CampaignOptions,
  scratch: string,
  { cwd }: Pick<Io, 'cwd'>,
): Promise<string[]> {
  const options = { declaration, dataPath: data, cwd, threads, memoryLimitMiB: memory, scratch };
  return withLog(options, async ({ database, log }) => {
    const keys: string[] = [];
    for (const [from, name] of ['even-rows.parquet', 'odd-rows.csv'].entries()) {
      const path = join(scratch, name);
      await writeCandidates(database, log, { path, part: 'test', every: 2, from });
      const key = `${PREFIXES.candidates}hillstrom/${name}`;
      await store.putFile(key, path);
      keys.push(key);
    }
    return keys;
  });
}

/** The first three rows of the scores in a folder, as a table. */
export async function firstRows(
  folder: string,
  { threads, memory }: CampaignOptions,
  scratch: string,
): Promise<string> {
  const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
  try {
    return formatRows(await readRows(database, folder, 3));
  } finally {
    await database.close();
  }
}

/** A path inside this package from its root, any other as it is. */
export function shortPath(path: string): string {
  const root = `${packageRoot()}/`;
  return path.startsWith(root) ? path.slice(root.length) : path;
}

/** The folder of this package, whether it runs from `bin/` or from `dist/`. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
