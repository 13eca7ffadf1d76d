/** Model files with some of their words exchanged, left out or said twice: a model, or one line that says what is wrong. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, DECLARATION, expect, Violation, type World } from './world.ts';

const SOURCE = `import { defineModel } from 'entirespace/model';

const UNITS = [8, 4];

export default defineModel(
  ({ tf, graph, input, inputs, layers, hiddenUnits }) => {
    const experts = layers.experts('experts', input, { count: 2, units: hiddenUnits });
    const wide = layers.dense('wide', input.feature('age', 'brand'), { units: 4, activation: 'tanh' });
    const crossed = layers.crosses('crosses', layers.normalize('norm', wide), { count: 1 });
    const users = layers.mlp('users', inputs.click.entity('user'), { units: UNITS });
    return Object.fromEntries(
      graph.towers.map(({ name }, i) => {
        const mixed = layers.mixture('gates.' + name, input, experts);
        const all = tf.concat([mixed, crossed, tf.mul(users, tf.sigmoid(users))], 1);
        return [name, layers.tower(name, layers.dropout('drop.' + i, all), { units: [4] })];
      }),
    );
  },
  {
    losses: ({ tf, logits, labels, reach, crossEntropy }) => ({
      click: crossEntropy(labels.click, logits.click),
      conversion: tf.mul(crossEntropy(labels.conversion, reach('conversion')), 0.5),
    }),
    outputs: ({ tf, logits }) => ({ pctr: tf.sigmoid(logits.click) }),
  },
);
`;

/** Words that a hand may write in the place of another. */
const WORDS = [
  ...['0', '1', '-1', '2.5', '5', '7', 'null', 'undefined', 'NaN', '[]', '{}', "'click'", "'age'", 'tf', 'i', 'name'],
  ...['Math.random()', 'Date.now()', 'input.tensor()', 'input.tensor().dataSync()', 'tf.mean(users, 0)', 'async'],
  ...['tf.softmax(users, 0)', 'tf.zeros([5, 4])', 'tf.scalar(Infinity)', 'await', 'process.env', 'users.shape[0]'],
];

/** Checks that a damaged model file is a model, or is refused by its place. */
export async function damagedModelFile({ random, folder, note }: World): Promise<void> {
  const words = SOURCE.match(/\w+|'[^']*'|\s+|[^\w\s]/g) as string[];
  for (let times = random.between(1, 3); times > 0; times -= 1) {
    const at = random.between(0, words.length - 1);
    const written = random.pick([
      '',
      `${words[at]} ${words[at]}`,
      random.pick(WORDS),
      words[random.between(0, words.length - 1)] as string,
    ]);
    note(`word ${at}, ${JSON.stringify(words[at])}, is ${JSON.stringify(written)}`);
    words[at] = written;
  }
  await writeFile(join(folder, 'my-model.ts'), words.join(''));
  await writeFile(join(folder, 'shop.yaml'), DECLARATION.replace('model: { ', 'model: { file: ./my-model.ts, '));
  const ended = await command(folder, 'validate', 'shop.yaml');
  expect(ended.code, [0, 3], `validate said ${ended.stdout}${ended.stderr}`);
  const lines = ended.stderr.trimEnd().split('\n');
  if (ended.code === 3 && !lines.every((line) => /^(entirespace: )?my-model\.ts:\d+:\d+ \S/.test(line)))
    throw new Violation(`no place in ${ended.stderr}`);
  if (ended.code === 3 && lines.some((line) => /undefined$|\[object|throws: $/.test(line)))
    throw new Violation(`nothing said in ${ended.stderr}`);
}
