import { BaseSequencer, type TestSequencerConstructor, type TestSpecification } from 'vitest/node';

/**
 * Runs these files first, in this order, so that no worker is left with a long one at the end while the others idle.
 * @param longest parts of paths below `test/`, without `.test.ts`
 */
export function longestFirst(longest: readonly string[]): TestSequencerConstructor {
  const place = ({ moduleId }: TestSpecification) => longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const isLong = (file: TestSpecification) => place(file) !== -1;
      const others = await super.sort(files.filter((file) => !isLong(file)));
      return [...files.filter(isLong).sort((a, b) => place(a) - place(b)), ...others];
    }
  };
}
