import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { afterAll, beforeAll } from 'vitest';

/**
 * Lets the commands of a test file take one thread where they take as many as there are: the workers of the tests are as
 * many already. What depends on several asks for them; `npm run test:process` runs the command as it is.
 */
export function oneThreadByDefault(): void {
  const { availableParallelism } = os;
  const set = (threads: () => number) => {
    os.availableParallelism = threads;
    syncBuiltinESMExports();
  };
  beforeAll(() => set(() => 1));
  afterAll(() => set(availableParallelism));
}
