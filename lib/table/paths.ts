/** Paths in SQL. DuckDB takes a path that it reads for a pattern, and some beginnings of paths for addresses. */
import { createHash } from 'node:crypto';
import { symlink } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { type Database, literal } from './database.ts';

/** Characters that make a path a pattern. */
const WILDCARDS = /[*?[]/;

/** Returns the SQL of a path that is read: of this very file or folder, whatever characters its name has. */
export function readPath(path: string): string {
  return literal(asPattern(resolve(path)));
}

/** Returns the SQL of a path that is written. */
export function writePath(path: string): string {
  // An absolute path is no address such as `s3://`. DuckDB takes a path that it writes as it is.
  return literal(resolve(path));
}

/**
 * Returns a path by which `readPath` reads a file without comparing it to the names beside it: a link in the database's
 * folder if the path has characters of a pattern, otherwise the path.
 */
export async function plainPath({ scratch }: Database, path: string): Promise<string> {
  const target = resolve(path);
  if (!WILDCARDS.test(target)) return target;
  const name = createHash('sha256').update(target).digest('hex').slice(0, 32);
  const link = join(scratch, `link-${name}${WILDCARDS.test(extname(target)) ? '' : extname(target)}`);
  await symlink(target, link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return link;
}

/** Returns the pattern that matches a path alone. */
function asPattern(path: string): string {
  if (!WILDCARDS.test(path)) return path;
  // A backslash would end a part of a pattern. The range has it in the middle of five characters, of which no other is
  // in the same place of a path beside it, as far as anyone can tell: `plainPath` is for paths that people choose.
  return path.replaceAll(/[*?[\\]/g, (character) => (character === '\\' ? '[Z-^]' : `[${character}]`));
}
