/**
 * Compares the demo's output in the README with what the demo printed, or updates the README:
 *
 *     tsx scripts/check-readme.ts <output file> [--update]
 *
 * A line `...` in the README stands for any number of lines. Times, rates, folders and version ids differ between runs
 * and are not compared. Other numbers may differ by a hundredth, because processors round differently.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const ELLIPSIS = '...';
const NUMBER = /\d[\d,]*\.?\d*/g;

const [outputPath, flag] = process.argv.slice(2);
if (outputPath === undefined) throw new TypeError('output missing, expected check-readme.ts <output file> [--update]');
const printed = readFileSync(outputPath, 'utf8').trim().split('\n');
const readme = readFileSync('README.md', 'utf8');
const block = /(<!-- demo -->\n```\n)([\s\S]*?)(\n```\n<!-- \/demo -->)/;
const shown = block.exec(readme)?.[2]?.split('\n');
if (shown === undefined) throw new Error('README.md has no block between <!-- demo --> and <!-- /demo -->');

if (flag === '--update') {
  const text = alignLines(shown, printed, hasShapeOf).map((line, i) => line ?? (shown[i] as string));
  writeFileSync(
    'README.md',
    readme.replace(block, (_, before, __, after) => `${before}${text.join('\n')}${after}`),
  );
} else {
  const found = alignLines(shown, printed, isSame);
  const absent = shown.filter((line, i) => line !== ELLIPSIS && found[i] === undefined);
  for (const line of absent) console.log(`README has "${line}", the demo did not print it there`);
  if (shown.at(-1) !== ELLIPSIS && found.at(-1) !== printed.at(-1))
    absent.push(`the demo printed more than README has: "${printed.at(-1)}"`);
  console.log(`${absent.length === 0 ? 1 : 0} passed, ${absent.length === 0 ? 0 : 1} failed`);
}

/**
 * Returns, for each shown line, the printed line that it stands for: the next line, or after an ellipsis the next line
 * that matches; `undefined` where that does not match.
 */
function alignLines(
  shownLines: readonly string[],
  printedLines: readonly string[],
  matches: (shownLine: string, printedLine: string) => boolean,
): (string | undefined)[] {
  let next = 0;
  let isAfterEllipsis = false;
  return shownLines.map((line) => {
    if (line === ELLIPSIS) {
      isAfterEllipsis = true;
      return undefined;
    }
    const ahead = printedLines.slice(next, isAfterEllipsis ? undefined : next + 1);
    isAfterEllipsis = false;
    const offset = ahead.findIndex((candidate) => matches(line, candidate));
    // A shown line that does not match counts as one printed line, so that the lines after it are still compared.
    next += Math.max(offset, 0) + 1;
    return offset < 0 ? undefined : printedLines[next - 1];
  });
}

/** Returns a line without the parts that differ between runs. */
function steady(line: string): string {
  return line
    .replace(/\d{8}-\d{6}-[0-9a-f]{8}/g, 'VERSION')
    .replace(/[\d.]+ s\b/g, 'N s')
    .replace(/[\d,]+ rows\/s/g, 'N rows/s')
    .replace(/\S*\/(candidates|scores|models)\//g, 'BUCKET/$1/')
    .replace(/ +/g, ' ');
}

function hasShapeOf(shownLine: string, printedLine: string): boolean {
  const [a, b] = [shownLine, printedLine].map((line) => steady(line).replace(NUMBER, '#'));
  return a === b;
}

function isSame(shownLine: string, printedLine: string): boolean {
  if (!hasShapeOf(shownLine, printedLine)) return false;
  const [a = [], b = []] = [shownLine, printedLine].map((line) =>
    (steady(line).match(NUMBER) ?? []).map((text) => Number(text.replaceAll(',', ''))),
  );
  return a.every((value, i) => Math.abs(value - (b[i] ?? Number.NaN)) <= 0.01 * Math.max(1, Math.abs(value)));
}
