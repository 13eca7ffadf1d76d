/** Patterns of paths, as shells know them. */
import { readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/** Whether a path has a character that makes it a pattern. */
export function isPattern(path: string): boolean {
  return /[*?[{]/.test(path);
}

/**
 * Returns the paths of the files and folders that a pattern matches, in order: `*` and `?` within a name, `[a-z]`,
 * `[!a-z]`, `{a,b}`, and `**` for any number of folders. A backslash makes the next character an ordinary one. Names
 * that begin with `_` or `.` are matched only by a pattern that begins so. A relative pattern starts from `cwd`, and
 * gives relative paths.
 */
export async function matchPattern(pattern: string, cwd: string): Promise<string[]> {
  const found = new Set<string>();
  for (const one of withoutBraces(pattern)) {
    const segments = one.split('/').filter((segment, index) => segment !== '' && (segment !== '.' || index > 0));
    for (const path of await matched(isAbsolute(one) ? '/' : '', segments, cwd)) found.add(path);
  }
  return [...found].sort();
}

/** Returns the paths below `folder` that the segments of a pattern match. */
async function matched(folder: string, [segment, ...rest]: readonly string[], cwd: string): Promise<string[]> {
  if (segment === undefined) return folder === '' ? [] : [folder];
  if (segment === '**') {
    const here = rest.length === 0 ? [] : await matched(folder, rest, cwd);
    const below = (await entriesOf(folder, cwd)).filter(({ name }) => !isHidden(name));
    const deeper = await Promise.all(
      below.map(({ name, isFolder }) =>
        isFolder ? matched(join(folder, name), [segment, ...rest], cwd) : rest.length === 0 ? [join(folder, name)] : [],
      ),
    );
    return [...here, ...deeper.flat()];
  }
  if (!isPattern(segment)) return matched(join(folder, segment.replaceAll(/\\(.)/g, '$1')), rest, cwd);
  const expression = expressionOf(segment);
  const names = (await entriesOf(folder, cwd))
    .filter(({ name, isFolder }) => expression.test(name) && (rest.length === 0 || isFolder))
    .filter(({ name }) => !isHidden(name) || name[0] === segment[0]);
  return (await Promise.all(names.map(({ name }) => matched(join(folder, name), rest, cwd)))).flat();
}

function isHidden(name: string): boolean {
  return name.startsWith('.') || (name.startsWith('_') && !name.includes('='));
}

async function entriesOf(folder: string, cwd: string): Promise<{ name: string; isFolder: boolean }[]> {
  const entries = await readdir(isAbsolute(folder) ? folder : join(cwd, folder), { withFileTypes: true }).catch(
    () => [],
  );
  return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() || entry.isSymbolicLink() }));
}

/** Returns the regular expression of a segment of a pattern. */
function expressionOf(segment: string): RegExp {
  const parts = segment.match(/\\.|\[!?\]?[^\]]*\]|[\s\S]/gu) ?? [];
  const expressions = parts.map((part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 1 && part.startsWith('['))
      return `[${part.startsWith('[!') ? '^' : ''}${part.slice(part.startsWith('[!') ? 2 : 1, -1).replaceAll(/[\\\][^]/g, '\\$&')}]`;
    const character = part.length > 1 && part.startsWith('\\') ? part.slice(1) : part;
    return character.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
  return new RegExp(`^${expressions.join('')}$`, 'u');
}

/** Returns the patterns without braces that a pattern stands for: `{a,b}/x` for `a/x` and `b/x`. */
function withoutBraces(pattern: string): string[] {
  const braces = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(pattern);
  if (braces === null) return [pattern];
  const [, before = '', choices = '', after = ''] = braces;
  return choices.split(',').flatMap((choice) => withoutBraces(`${before}${choice}${after}`));
}
