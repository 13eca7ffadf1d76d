/** Prints the size of each folder of the code: its files, its lines and its longest file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const rooms = [
  ...readdirSync('lib').map((room) => join('lib', room)),
  'functions',
  'training',
  'exports',
  'bin',
  'bench',
  'scripts',
  'test',
];
const rows = rooms.map((room) => {
  const files = readdirSync(room, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, lines: readFileSync(join(room, file), 'utf8').split('\n').length - 1 }))
    .sort((a, b) => b.lines - a.lines);
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  return {
    room,
    files: files.length,
    lines,
    longest: files[0] === undefined ? '-' : `${files[0].file} ${files[0].lines}`,
  };
});
console.table(rows);
const tests = rows.find(({ room }) => room === 'test')?.lines ?? 0;
const sources = rows.filter(({ room }) => room !== 'test').reduce((sum, { lines }) => sum + lines, 0);
console.log(`${sources} lines of source, ${tests} of tests (${(tests / sources).toFixed(2)} to 1)`);
