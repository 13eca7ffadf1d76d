/** Whether the faults of `npm run mutants` still fit the code. That command shows whether the tests notice them. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FLEET } from '../../scripts/mutants/fleet.ts';
import { LEASE } from '../../scripts/mutants/lease.ts';
import { mutate } from '../../scripts/mutants/mutation.ts';
import { PROTOCOL } from '../../scripts/mutants/protocol.ts';

describe.each([
  ['the protocol', PROTOCOL],
  ['the encoding by functions', FLEET],
  ['the lease', LEASE],
])('a fault in %s', (_what, table) => {
  const faults = Object.entries(table).flatMap(([file, mutations]) =>
    mutations.map((mutation) => ({ file, mutation, name: mutation.name })),
  );

  it.each(faults)('changes one place: $name', ({ file, mutation }) => {
    const text = readFileSync(file, 'utf8');
    expect(mutate(text, mutation, file)).not.toBe(text);
    expect(mutation.tests.filter((test) => !existsSync(test))).toEqual([]);
  });

  it('has a name of its own', () => {
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
  });
});

it('a fault whose place is gone, or is not the only one, is refused', () => {
  const mutation = { name: 'it forgets', find: 'a', replace: '', tests: [] };
  for (const [text, times] of [
    ['bcd', 0],
    ['abac', 2],
  ] as const)
    expect(() => mutate(text, mutation, 'file.ts')).toThrow(
      `mutation "it forgets": its text occurs ${times} times in file.ts, expected 1`,
    );
});
