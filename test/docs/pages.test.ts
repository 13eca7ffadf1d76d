/** The Markdown pages: short enough to be read, and in agreement with the repository. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../bin/commands.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { PREFIXES } from '../../lib/contract/bucket.ts';
import { RUN_EXIT_CODES } from '../../lib/contract/exit-codes.ts';
import { REJECT_REASONS } from '../../lib/contract/reject-reasons.ts';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
/** The files of the repository that git tracks: no build outputs, no local files. */
const FILES = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).split('\n');
const TOP_FOLDERS = foldersOf('');

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('is short', () => {
    expect(text.trimEnd().split('\n').length).toBeLessThan(page === 'README.md' ? 120 : 251);
  });

  it('links to files and headings that exist', () => {
    const links = [...text.matchAll(/\]\(([^)]+)\)|<img src="([^"]+)"/g)].map(
      ([, link, source]) => link ?? source ?? '',
    );
    const broken = links.filter((link) => !/^https:/.test(link) && !isTarget(page, link));
    expect(broken).toEqual([]);
  });

  it('names paths that exist', () => {
    const paths = text.split(/[\s`,;()"'|=#]+/).filter(isOwnPath);
    expect(paths.map((path) => path.replace(/[.:]+$/, '')).filter((path) => !existsSync(path))).toEqual([]);
  });

  it('names scripts and subcommands that exist', () => {
    const { scripts } = packageJson();
    const runs = [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, script = '']) => script);
    expect(runs.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
    const commands = [...text.matchAll(/npx entirespace ([\w-]+)/g)].map(([, command = '']) => command);
    expect(commands.filter((command) => !COMMANDS.some(({ name }) => name === command))).toEqual([]);
  });
});

describe('README.md', () => {
  it('shows a declaration that is valid', () => {
    const [, example = ''] = readFileSync('README.md', 'utf8').match(/```yaml\n([\s\S]*?)```/) ?? [];
    const { features } = parseDeclaration(example, 'README.md');
    expect(features.map(({ name }) => name)).toEqual(['user_id', 'item_id', 'last_items', 'price', 'position']);
  });
});

describe('CONTRIBUTING.md', () => {
  it('describes exactly the folders of lib/ and of the top level', () => {
    const map = readFileSync('CONTRIBUTING.md', 'utf8').match(/```\n(bin\/[\s\S]*?)```/)?.[1] ?? '';
    const mapped = [...map.matchAll(/(?:^| {2})((?:lib\/)?[.\w-]+)\/ /gm)].map(([, folder = '']) => folder);
    const own = [...TOP_FOLDERS.filter((name) => name !== 'lib'), ...foldersOf('lib/').map((name) => `lib/${name}`)];
    expect(mapped.toSorted()).toEqual(own.toSorted());
  });
});

describe('docs/architecture.md', () => {
  it('lists the rooms in the order in which they may import each other, each with the libraries it may import', () => {
    const boundaries = readFileSync('test/boundaries.test.ts', 'utf8');
    const inQuotes = (text = '') => [...text.matchAll(/['`]([^'`]+)['`]/g)].map(([, word = '']) => word);
    const rooms = inQuotes(boundaries.match(/ROOMS = \[([^\]]*)\]/)?.[1]);
    const doors = [...boundaries.matchAll(/^ {2}'?([\w@/-]+)'?: \[\s*('[^\]]*)\],$/gm)]
      .map(([, library = '', list]) => ({ library, rooms: inQuotes(list) }))
      // This package has types only, and is not a dependency of users.
      .filter(({ library }) => library !== 'aws-lambda');
    const page = readFileSync('docs/architecture.md', 'utf8');
    const section = page.split('\n## ').find((part) => part.startsWith('Rooms')) ?? '';
    const rows = [...section.matchAll(/^\| `([^`]+)` \|.*\|([^|]*)\|$/gm)];
    expect(rows.map(([, room, cell]) => [room, inQuotes(cell)])).toEqual(
      rooms.map((room) => [room, doors.flatMap((door) => (door.rooms.includes(room) ? door.library : [])).toSorted()]),
    );
  });

  it('names functions and classes that exist in the named files', () => {
    const page = readFileSync('docs/architecture.md', 'utf8');
    const named = [...page.matchAll(/`(\w+)`\s\(`([\w./-]+\.ts)`/g)].map(([, name = '', file = '']) => ({
      name,
      file,
    }));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ name, file }) => !new RegExp(`\\b${name}\\b`).test(readFileSync(file, 'utf8')))).toEqual([]);
  });

  it('gives a reason for every dependency', () => {
    const page = readFileSync('docs/architecture.md', 'utf8');
    const section = page.split('\n## ').find((part) => part.startsWith('Dependencies')) ?? '';
    const { dependencies, devDependencies } = packageJson();
    const names = [...Object.keys(dependencies), ...Object.keys(devDependencies)].filter(
      (name) => !name.startsWith('@types/'),
    );
    expect(names.filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('docs/contract.md', () => {
  const page = readFileSync('docs/contract.md', 'utf8');
  /** The cells of the first column of the tables, split at commas. */
  const documented = [...page.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) => cell.split(', '));

  it('has a row for every prefix of a bucket, reject reason and exit code', () => {
    const prefixes = Object.values(PREFIXES).filter(
      (prefix) => !documented.some((cell) => cell.startsWith(`\`${prefix}`)),
    );
    expect(prefixes).toEqual([]);
    expect(Object.keys(REJECT_REASONS).filter((reason) => !documented.includes(`\`${reason}\``))).toEqual([]);
    expect(Object.values(RUN_EXIT_CODES).filter((code) => !documented.includes(String(code)))).toEqual([]);
  });
});

/** Whether a word is a path of the repository: it begins with one of its folders and has no placeholder. */
function isOwnPath(word: string): boolean {
  const [first = ''] = word.split('/');
  return word.includes('/') && TOP_FOLDERS.includes(first) && !/[<>*$]/.test(word);
}

function isTarget(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(target)) return false;
  return heading === undefined || headingsOf(target).includes(heading);
}

/** Returns the anchors of a Markdown page's headings, as GitHub makes them. */
function headingsOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function packageJson(): Record<'scripts' | 'dependencies' | 'devDependencies', Record<string, string>> {
  return JSON.parse(readFileSync('package.json', 'utf8'));
}

/** Returns the repository's folders directly below a folder, whose name ends in `/`. */
function foldersOf(folder: string): string[] {
  const below = FILES.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
  return [...new Set(below.flatMap((path) => path.split('/').slice(0, -1).slice(0, 1)))];
}
