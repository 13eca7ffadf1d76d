/**
 * Puts one deliberate fault at a time into the scoring protocol, the encoding by functions and the training lease, and runs
 * the tests that must notice it: `npm run mutants`, or `npm run mutants -- 'part of a name'` for some of them. The faults
 * are in `mutants/protocol.ts`, `fleet.ts` and `lease.ts`. Exits with 1 where a fault is not noticed. It counts as noticed only
 * where a test itself fails, not where a file cannot be loaded or the tests do not end.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FLEET } from './mutants/fleet.ts';
import { LEASE } from './mutants/lease.ts';
import { mutate } from './mutants/mutation.ts';
import { PROTOCOL } from './mutants/protocol.ts';

const TIME_LIMIT_MS = 300_000;

/** What is used of vitest's report in JSON. */
interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

interface Verdict {
  readonly outcome: 'passed' | 'failed' | 'no verdict';
  /** The first test that failed and its error, or why there is no verdict. */
  readonly details: string;
}

const [wanted = ''] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.exitCode = await main();

async function main(): Promise<number> {
  const began = performance.now();
  const faults = Object.entries({ ...PROTOCOL, ...FLEET, ...LEASE }).flatMap(([file, mutations]) =>
    mutations
      .filter(({ name }) => name.includes(wanted))
      .map((mutation) => ({ file, ...mutation, text: mutate(readFileSync(file, 'utf8'), mutation, file) })),
  );
  if (faults.length === 0) throw new RangeError(`no fault has "${wanted}" in its name`);
  copyRepository();
  const all = [...new Set(faults.flatMap(({ tests }) => tests))];
  const { outcome, details } = await runTests(all);
  if (outcome !== 'passed') throw new Error(`without a fault the tests must pass: ${details}`);
  console.log(`without a fault, ${all.length} test files pass, ${secondsSince(began)}`);
  let caught = 0;
  for (const [position, { file, name, text, tests }] of faults.entries()) {
    const started = performance.now();
    writeFileSync(join(folder, file), text);
    const verdict = await runTests(tests);
    cpSync(file, join(folder, file));
    if (verdict.outcome === 'failed') caught += 1;
    console.log(`${position + 1}/${faults.length} ${file}: ${name}, ${secondsSince(started)}`);
    console.log(`    ${verdict.outcome === 'failed' ? 'caught by' : 'SURVIVED'} ${verdict.details}`);
  }
  console.log(`${faults.length} faults, ${secondsSince(began)}`);
  console.log(`${caught} passed, ${faults.length - caught} failed`);
  return caught === faults.length ? 0 : 1;
}

/** Copies the files that git does not ignore, as they are now, and builds them with the same packages. */
function copyRepository(): void {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const files = execFileSync('git', list, { encoding: 'utf8' }).split('\0');
  for (const file of files) if (file !== '' && existsSync(file)) cpSync(file, join(folder, file));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Runs test files in the copy up to the first test that fails. */
async function runTests(tests: readonly string[]): Promise<Verdict> {
  const path = join(folder, 'report.json');
  rmSync(path, { force: true });
  await runNode([
    'node_modules/vitest/vitest.mjs',
    'run',
    '--bail=1',
    '--reporter=json',
    `--outputFile=${path}`,
    ...tests,
  ]);
  if (!existsSync(path)) return { outcome: 'no verdict', details: `no report within ${TIME_LIMIT_MS / 1000} s` };
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as TestReport;
  const failed = testResults.flatMap((file) => file.assertionResults).find(({ status }) => status === 'failed');
  if (failed) return { outcome: 'failed', details: `"${failed.fullName}": ${firstLine(failed.failureMessages[0])}` };
  const unloaded = testResults.find(({ status }) => status === 'failed');
  if (unloaded) return { outcome: 'no verdict', details: `${unloaded.name}: ${firstLine(unloaded.message)}` };
  if (testResults.length < tests.length) return { outcome: 'no verdict', details: 'not all files were run' };
  return { outcome: 'passed', details: '' };
}

/** Runs Node.js in the copy; what it starts is killed with it once the time is over. */
function runNode(args: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: folder, detached: true, stdio: 'ignore' });
    const kill = () => process.kill(-(child.pid as number), 'SIGKILL');
    const interrupt = () => {
      kill();
      process.exit(130);
    };
    const timer = setTimeout(kill, TIME_LIMIT_MS);
    process.once('SIGINT', interrupt);
    child.on('close', () => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt);
      resolve();
    });
  });
}

function firstLine(text = ''): string {
  return text.split('\n')[0] ?? '';
}

function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
