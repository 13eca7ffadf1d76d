import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute, identifier, literal, openDatabase, query, queryOne } from '../../lib/table/database.ts';

describe('a database', () => {
  let scratch: string;
  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'entirespace-database-'));
  });
  afterEach(() => rm(scratch, { recursive: true, force: true }));

  it('is opened with the threads, memory and scratch folder asked for, and downloads nothing', async () => {
    const database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch });
    const names = [
      'threads',
      'memory_limit',
      'temp_directory',
      'preserve_insertion_order',
      'TimeZone',
      'autoinstall_known_extensions',
    ];
    const settings = await queryOne(
      database,
      `SELECT ${names.map((name) => `current_setting('${name}') AS "${name}"`).join(', ')}`,
    );
    expect(settings).toEqual({
      threads: 1n,
      memory_limit: '256.0 MiB',
      temp_directory: database.scratch,
      preserve_insertion_order: true,
      TimeZone: 'UTC',
      autoinstall_known_extensions: false,
    });
    expect(database.scratch.startsWith(scratch)).toBe(true);
    await database.close();
    expect(existsSync(database.scratch)).toBe(false);
  });

  it('spills what does not fit in memory into its scratch folder', async () => {
    const database = await openDatabase({ threads: 2, memoryLimitMiB: 64, scratch });
    const sorted = 'SELECT md5(i::VARCHAR) AS text FROM range(2000000) t(i) ORDER BY text LIMIT 1 OFFSET 1999999';
    expect(await query(database, sorted)).toHaveLength(1);
    await database.close();
  });

  it('quotes literals and identifiers', async () => {
    const database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch });
    const [text, name] = [`it's "x"; --`, `a "b" 'c'`];
    expect(await queryOne(database, `SELECT ${literal(text)} AS ${identifier(name)}`)).toEqual({ [name]: text });
    await expect(queryOne(database, 'SELECT 1 WHERE false')).rejects.toThrow('query gave no row, expected one');
    await execute(database, 'CREATE TABLE shared AS SELECT 1 AS a');
    expect(await query(database, 'SELECT a FROM shared')).toEqual([{ a: 1 }]);
    await database.close();
  });
});
