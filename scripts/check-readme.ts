/**
 * Compares the demo's output in the README with what the demo has just printed, or writes it there:
 *
 *     tsx scripts/check-readme.ts <output file> [--update]
 *
 * Times, rates, folders and version ids differ from run to run and are left out; other numbers may differ by a
 * hundredth, because another processor rounds otherwise.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const [outputPath, flag] = process.argv.slice(2);
if (outputPath === undefined) throw new TypeError('output missing, expected check-readme.ts <output file> [--update]');
const printed = readFileSync(outputPath, 'utf8').trim();
const readme = readFileSync('README.md', 'utf8');
const block = /(<!-- demo -->\n```\n)([\s\S]*?)(```\n<!-- \/demo -->)/;
const shown = block.exec(readme)?.[2]?.trim();
if (shown === undefined) throw new Error('README.md has no block between <!-- demo --> and <!-- /demo -->');

if (flag === '--update') {
  writeFileSync(
    'README.md',
    readme.replace(block, (_, before, __, after) => `${before}${printed}\n${after}`),
  );
} else {
  const [got, expected] = [printed, shown].map((text) => steady(text).split('\n')) as [string[], string[]];
  const problems = expected.flatMap((line, i) =>
    isSame(line, got[i] ?? '') ? [] : [`line ${i + 1}: README has "${line}", the demo printed "${got[i] ?? ''}"`],
  );
  if (got.length !== expected.length)
    problems.push(`README has ${expected.length} lines, the demo printed ${got.length}`);
  for (const problem of problems) console.log(problem);
  console.log(`${problems.length === 0 ? 1 : 0} passed, ${problems.length === 0 ? 0 : 1} failed`);
}

function steady(text: string): string {
  return text
    .replace(/\d{8}-\d{6}-[0-9a-f]{8}/g, 'VERSION')
    .replace(/[\d.]+ s\b/g, 'N s')
    .replace(/[\d,]+ rows\/s/g, 'N rows/s')
    .replace(/\S*\/(candidates|scores|models)\//g, 'BUCKET/$1/')
    .replace(/ +/g, ' ');
}

function isSame(expected: string, got: string): boolean {
  const numbers = /\d[\d,]*\.?\d*/g;
  if (expected.replace(numbers, '#') !== got.replace(numbers, '#')) return false;
  const [a, b] = [expected, got].map((line) =>
    (line.match(numbers) ?? []).map((text) => Number(text.replaceAll(',', ''))),
  );
  return (a as number[]).every(
    (value, i) => Math.abs(value - ((b as number[])[i] ?? Number.NaN)) <= 0.01 * Math.max(1, Math.abs(value)),
  );
}
