/** The trainer in PyTorch makes the steps that the product's own engine makes. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { MODEL_TYPES } from '../../lib/config/sections/model.ts';
import { python } from './bundles.ts';
import { CASES, writeCases } from './cases.ts';

const TIMEOUT = 5 * 60_000;
const SCRIPT = fileURLToPath(new URL('check_cases.py', import.meta.url));
/** How the steps are made: by so many processes, with these options of the trainer. */
const WAYS = [
  { how: 'one process', processes: 1, options: [] },
  { how: 'two processes, which have all tables', processes: 2, options: [] },
  { how: 'two processes, which divide the tables', processes: 2, options: ['--divide-tables'] },
];
const MOST = 1e-5;

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'entirespace-torch-'));
  await writeCases(folder);
}, TIMEOUT);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the check of all networks; returns its lines, and those that it ends with where networks differ. */
async function check(options: readonly string[], processes: number): Promise<readonly string[]> {
  const text = await python([SCRIPT, folder, '--device', 'cpu', ...options], processes).catch(
    (error: { readonly stdout: string }) => error.stdout,
  );
  return text.split('\n');
}

it('every model of the family is exported', () => {
  const types = Object.values(CASES).map((text) => parseDeclaration(text, 'shop.yaml').model.type);
  expect(new Set(types)).toEqual(new Set(MODEL_TYPES));
});

describe.each(WAYS)('twenty steps in PyTorch by $how', ({ processes, options }) => {
  const differences = new Map<string, number>();
  beforeAll(async () => {
    for (const line of await check(options, processes)) {
      const [, difference, network = ''] = /^(\S+e[-+]\d+|inf) (.*?\/\d+) /.exec(line) ?? [];
      if (difference !== undefined) differences.set(network, difference === 'inf' ? Infinity : Number(difference));
    }
  }, TIMEOUT);

  it.each(Object.keys(CASES))('have the losses of the product for each network of %s', async (name) => {
    const networks = (await readdir(join(folder, name))).filter((file) => file.endsWith('.losses'));
    expect(networks).not.toEqual([]);
    for (const file of networks)
      expect(differences.get(`${name}/${file.replace('.losses', '')}`), file).toBeLessThanOrEqual(MOST);
  });
});
