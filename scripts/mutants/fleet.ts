/** Faults in the encoding by functions: each must be noticed by a test, or rows could be lost, doubled or waited for in vain. */
import type { MutationTable } from './mutation.ts';

const ENCODING = 'test/bundle/fleet/encode-by-fleet.test.ts';
const CRASHES = 'test/bundle/fleet/crashes.test.ts';
const SCHEDULES = 'test/proof/bundle/encode-range.test.ts';

export const FLEET: MutationTable = {
  'lib/bundle/fleet/encode-range.ts': [
    {
      name: 'a range that has a receipt is read again',
      find: "if ((await store.head(receiptKey)) !== null) return { ...message, status: 'done before' };",
      replace: '',
      tests: [ENCODING],
    },
    {
      name: 'a range of an export that is over is tried again and again',
      find: "if (plan === null) return { ...message, status: 'over' };",
      replace: "if (plan === null) throw new Error('no plan');",
      tests: [ENCODING],
    },
    {
      name: 'the receipt of a range is written without a condition',
      find: 'await putConditionally(writer, { key: receiptKey, content: recordText(receipt), expected: null })',
      replace: 'await store.put(receiptKey, recordText(receipt))',
      tests: [SCHEDULES, CRASHES],
    },
    {
      name: 'a file of a range is not named by its bytes',
      find: 'const key = encodedFileKey(message, sha256);',
      replace: "const key = encodedFileKey(message, path.replaceAll('/', '-'));",
      tests: [SCHEDULES, CRASHES],
    },
  ],
  'lib/bundle/fleet/range-process.ts': [
    {
      name: 'a process that failed in a range encodes the next one',
      find: 'await this.#end();\n        throw error;',
      replace: 'throw error;',
      tests: [ENCODING],
    },
    {
      name: 'the encoder of a range is not checked',
      find: '!== sha256)',
      replace: "=== '')",
      tests: [ENCODING],
    },
  ],
  'lib/bundle/fleet/encode-by-fleet.ts': [
    {
      name: 'an export asks for ranges that are done',
      find: '.filter((range) => !done.has(range))',
      replace: '',
      tests: [ENCODING],
    },
    {
      name: 'an export does not wait for all ranges',
      find: 'if (done.size === plan.ranges.length) return;',
      replace: 'if (done.size > 0) return;',
      tests: [ENCODING],
    },
    {
      name: 'functions go on with the ranges of an export that has given up',
      find: '[store.delete(encodingPlanKey(place)), ...dead.map((letter) => letter.remove())]',
      replace: 'dead.map((letter) => letter.remove())',
      tests: [ENCODING],
    },
    {
      name: 'the dead letters of an export end the next one of the same rows',
      find: '[store.delete(encodingPlanKey(place)), ...dead.map((letter) => letter.remove())]',
      replace: '[store.delete(encodingPlanKey(place))]',
      tests: [ENCODING],
    },
    {
      name: 'the dead letters of another export end this one',
      find: 'return isOwn ? [',
      replace: 'return message !== null ? [',
      tests: [ENCODING],
    },
  ],
  'lib/bundle/fleet/plan-encoding.ts': [
    {
      name: 'the plan of a range does not tell other rows from these',
      find: 'JSON.stringify({ work, encoder, prepared })',
      replace: 'JSON.stringify({ encoder })',
      tests: [ENCODING],
    },
  ],
};
