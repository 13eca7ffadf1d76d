/** Every way in which a model file is wrong, and the line that tells it. Line 4 is the first of a function's body. */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelFiles, modelOf, OWN_DECLARATION, OWN_ESMM } from './model-files.ts';

const files = modelFiles();
const TOWERS = `  const click = layers.tower('click', inputs.click);
  const conversion = layers.tower('conversion', inputs.conversion);`;
const GOOD = `${TOWERS}\n  return { click, conversion };`;
const PURE = 'expected a model that computes the same in every run';
const OWN_ROWS =
  'expected values of each row alone: no mean, softmax, normalisation or shuffle over the rows of a batch';

interface Case {
  readonly what: string;
  readonly source: string;
  readonly message: string | RegExp;
  readonly more?: Readonly<Record<string, string>>;
}

async function refusal(source: string, more: Case['more'] = {}): Promise<string> {
  return files.load({ 'my-model.ts': source, ...more }).then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && error.name === 'ModelFileError' ? error.message : String(error)),
  );
}

function refuses(cases: readonly Case[]): void {
  it.each(cases)('$what', async ({ source, message, more }) => {
    const got = await refusal(source, more);
    if (typeof message === 'string') expect(got).toBe(message);
    else expect(got).toMatch(message);
    expect(got.split('\n')).toHaveLength(1);
  });
}

it('accepts what the cases below are changed from', async () => {
  const { parameters } = await files.load({ 'my-model.ts': modelOf(GOOD) });
  expect(parameters.map(({ name }) => name)).toContain('conversion.1.bias');
});

describe('a model file that does not compile is refused', () => {
  refuses([
    {
      what: 'for its syntax',
      source: modelOf('  return { click: };'),
      message: 'my-model.ts:4:19 unexpected "}"',
    },
    {
      what: 'for its syntax, behind characters of several bytes',
      source: modelOf('  return { /* ä€ */ click: };'),
      message: 'my-model.ts:4:28 unexpected "}"',
    },
    {
      what: 'for an import of a file that is not there',
      source: `import { helper } from './helper.ts';\n${modelOf(`${GOOD.replace('return', 'helper(); return')}`)}`,
      message: 'my-model.ts:1:24 could not resolve "./helper.ts"',
    },
    {
      what: 'for an import of a package that is not there',
      source: `import { helper } from 'no-such-package';\n${modelOf('  return helper();')}`,
      message: 'my-model.ts:1:24 could not resolve "no-such-package"',
    },
    {
      what: 'for an import that its helper does not export',
      source: `import { helper } from './helper.ts';\n${modelOf('  return helper();')}`,
      more: { 'helper.ts': 'export const other = 1;\n' },
      message: 'my-model.ts:1:10 no matching export in "helper.ts" for import "helper"',
    },
    {
      what: 'for the syntax of a helper',
      source: `import { helper } from './models/helper.ts';\n${modelOf('  return helper();')}`,
      more: { 'models/helper.ts': 'export const helper = ;\n' },
      message: 'models/helper.ts:1:23 unexpected ";"',
    },
    {
      what: 'for an await at its top',
      source: `await 1;\n${modelOf(GOOD)}`,
      message: 'my-model.ts:1:1 top-level await is currently not supported with the "cjs" output format',
    },
    {
      what: 'for an import of Node.js',
      source: `import { readFileSync } from 'node:fs';\n${modelOf(`  readFileSync('x');\n${GOOD}`)}`,
      message:
        'my-model.ts:1:30 imports node:fs, expected nothing of Node.js: a model depends on its inputs and parameters alone',
    },
    {
      what: 'for an import of another TensorFlow.js',
      source: `import * as tfl from '@tensorflow/tfjs-layers';\n${modelOf('  return tfl;')}`,
      message: 'my-model.ts:1:22 imports @tensorflow/tfjs-layers, expected @tensorflow/tfjs-core',
    },
    {
      what: 'for an import of the whole product',
      source: `import { train } from 'entirespace';\n${modelOf('  return train;')}`,
      message: 'my-model.ts:1:23 imports entirespace, expected entirespace/model',
    },
  ]);
});

describe('a model file that exports no model is refused', () => {
  const expected = 'expected export default defineModel(...)';
  refuses([
    { what: 'if it is empty', source: '', message: `my-model.ts:1:1 exports no default, ${expected}` },
    {
      what: 'if the model has no export',
      source: OWN_ESMM.replace('export default', 'const model ='),
      message: `my-model.ts:1:1 exports no default, ${expected}`,
    },
    {
      what: 'if it exports the function alone',
      source: 'export default ({ inputs }) => inputs;\n',
      message: `my-model.ts:1:1 exports a function as its default, ${expected}`,
    },
    {
      what: 'if it exports an object',
      source: 'export default { click: 1 };\n',
      message: `my-model.ts:1:1 exports a object as its default, ${expected}`,
    },
  ]);
});

describe('a model file that throws is refused at that place', () => {
  refuses([
    {
      what: 'at its top',
      source: `const size = [1, 2];\nconst first = size.missing.length;\n${modelOf(GOOD)}`,
      message: "my-model.ts:2:28 throws: Cannot read properties of undefined (reading 'length')",
    },
    {
      what: 'in its function',
      source: modelOf(`  throw new RangeError('too deep\\nfor this');\n${GOOD}`),
      message: 'my-model.ts:4:9 throws: too deep',
    },
    {
      what: 'in a helper',
      source: `import { helper } from './helper.ts';\n${modelOf(`  helper(inputs);\n${GOOD}`)}`,
      more: { 'helper.ts': '\nexport function helper(x: unknown): never {\n  throw new Error(typeof x);\n}\n' },
      message: 'helper.ts:3:9 throws: object',
    },
    {
      what: 'something that is no error',
      source: modelOf(`  throw 'nothing';\n${GOOD}`),
      message: 'my-model.ts:3:16 throws "nothing"',
    },
    {
      what: 'in an operation of TF.js',
      source: modelOf(`  tf.reshape(tf.zeros([4]), [3]);\n${GOOD}`),
      message: 'my-model.ts:4:6 throws: Size(4) must match the product of shape 3',
    },
    {
      what: 'by recursion without end',
      source: modelOf(`  const again = (): number => again() + 1;\n  again();\n${GOOD}`),
      message: /^my-model\.ts:4:\d+ throws: Maximum call stack size exceeded$/,
    },
  ]);
});

describe('a model file that returns another thing than logits is refused', () => {
  refuses([
    {
      what: 'if a tower is missing',
      source: modelOf(GOOD.replace('click, ', '')),
      message: 'my-model.ts:3:16 the function of defineModel returned conversion, expected click, conversion',
    },
    {
      what: 'if a tower is not of the funnel',
      source: modelOf(GOOD.replace('conversion };', 'conversion, purchase: click };')),
      message:
        'my-model.ts:3:16 the function of defineModel returned click, conversion, purchase, expected click, conversion',
    },
    {
      what: 'if logits have one dimension',
      source: modelOf(GOOD.replace('{ click,', '{ click: tf.squeeze(click, [1]),')),
      message: 'my-model.ts:3:16 logits of click: got a tensor [batch], expected a tensor [batch, 1]',
    },
    {
      what: 'if logits are too many',
      source: modelOf(GOOD.replace('{ click,', '{ click: tf.concat([click, click], 1),')),
      message: 'my-model.ts:3:16 logits of click: got a tensor [batch, 2], expected a tensor [batch, 1]',
    },
    {
      what: 'if logits are not of rows',
      source: modelOf(GOOD.replace('{ click,', '{ click: tf.zeros([1, 1]),')),
      message: 'my-model.ts:3:16 logits of click: got a tensor [1, 1], expected a tensor [batch, 1]',
    },
    {
      what: 'if logits are of another type',
      source: modelOf(GOOD.replace('{ click,', "{ click: tf.cast(click, 'int32'),")),
      message: 'my-model.ts:3:16 logits of click: got a tensor of int32, expected float32',
    },
    {
      what: 'if logits are no tensor',
      source: modelOf(GOOD.replace('{ click,', '{ click: 0.5,')),
      message: 'my-model.ts:3:16 logits of click: got a number, expected a tensor [batch, 1]',
    },
    {
      what: 'if it is a list',
      source: modelOf(GOOD.replace('{ click, conversion }', '[click, conversion]')),
      message: 'my-model.ts:3:16 the function of defineModel returned a list, expected tensors by name',
    },
    {
      what: 'if it is nothing',
      source: modelOf(TOWERS),
      message: 'my-model.ts:3:16 the function of defineModel returned undefined, expected tensors by name',
    },
    {
      what: 'if it is a promise',
      source: modelOf(GOOD.replace('return {', 'return Promise.resolve({').replace('};', '});')),
      message:
        'my-model.ts:3:16 the function of defineModel returned a promise, expected tensors by name: nothing can be awaited in a trace',
    },
    {
      what: 'if the function is async',
      source: modelOf(GOOD).replace('defineModel((', 'defineModel(async ('),
      message:
        'my-model.ts:3:16 defineModel: got AsyncFunction, expected a plain function, because nothing can be awaited in a trace',
    },
    {
      what: 'if there is no function',
      source: "import { defineModel } from 'entirespace/model';\nexport default defineModel({ click: 1 } as never);\n",
      message: 'my-model.ts:2:16 defineModel: got object, expected a function',
    },
    {
      what: 'if logits are not numbers',
      source: modelOf(GOOD.replace('{ click,', '{ click: tf.log(tf.neg(tf.square(click))),')),
      message: /^my-model\.ts:3:16 (loss click|click) is NaN (on rows|for a row) of ordinary values$/,
    },
    {
      what: 'if logits are infinite',
      source: modelOf(GOOD.replace('{ click,', '{ click: tf.mul(click, Infinity),')),
      message: /^my-model\.ts:3:16 (loss click|click) is -?(Infinity|NaN) (on rows|for a row) of ordinary values$/,
    },
  ]);
});

describe('a model file whose inputs or layers are wrong is refused at that place', () => {
  refuses([
    {
      what: 'for a tower that there is not',
      source: modelOf(GOOD.replace('inputs.click)', 'inputs.clik)')),
      message: 'my-model.ts:4:46 inputs.clik: expected one of click, conversion',
    },
    {
      what: 'for a layer of a tower that there is not',
      source: modelOf(GOOD.replace("tower('click'", "tower('clik'")),
      message: 'my-model.ts:4:24 tower: got "clik", expected one of click, conversion',
    },
    {
      what: 'for a feature that there is not',
      source: modelOf(`  inputs.click.feature('agee');\n${GOOD}`),
      message: 'my-model.ts:4:16 feature: got "agee", expected one of history, item, age',
    },
    {
      what: 'for an entity without features',
      source: modelOf(`  inputs.click.entity('context');\n${GOOD}`),
      message: 'my-model.ts:4:16 entity: got "context", expected one with features: user, item',
    },
    {
      what: 'for a feature of another entity',
      source: modelOf(`  inputs.click.entity('user').feature('item');\n${GOOD}`),
      message: 'my-model.ts:4:31 features item: not among the columns of this input, expected the input of a tower',
    },
    {
      what: 'for two layers of one name',
      source: modelOf(
        `  layers.dense('a', inputs.click, { units: 2 });\n  layers.dense('a', inputs.click, { units: 2 });\n${GOOD}`,
      ),
      message: 'my-model.ts:5:10 parameter a.weight is made twice, expected a name of its own for each layer',
    },
    {
      what: 'for a name that is none',
      source: modelOf(`  layers.dense('a b', inputs.click, { units: 2 });\n${GOOD}`),
      message:
        'my-model.ts:4:10 parameter name: got "a b.weight", expected letters, 0-9, _, - and dots, beginning with a letter and not with "embedding."',
    },
    {
      what: 'for units that are no number',
      source: modelOf(`  layers.dense('a', inputs.click, { units: 1.5 });\n${GOOD}`),
      message: 'my-model.ts:4:10 layer a: got units 1.5, expected a whole number from 1 to 65,536',
    },
    {
      what: 'for an activation that there is not',
      source: modelOf(`  layers.mlp('a', inputs.click, { units: [2], activation: 'rleu' as never });\n${GOOD}`),
      message:
        'my-model.ts:4:10 layer a: got activation "rleu", expected one of linear, relu, elu, selu, leaky_relu, swish, sigmoid, tanh, softplus',
    },
    {
      what: 'for a layer of a tensor of another rank',
      source: modelOf(`  layers.dense('a', tf.zeros([2, 2, 2]), { units: 1 });\n${GOOD}`),
      message: 'my-model.ts:4:10 layer a: got a tensor of rank 3, expected [batch, n]',
    },
    {
      what: 'for a parameter without a size',
      source: modelOf(`  layers.parameter('a', [3, 0]);\n${GOOD}`),
      message:
        'my-model.ts:4:10 parameter a.value: got shape [3, 0], expected whole numbers above 0, and at most 268,435,456 values',
    },
    {
      what: 'for an option that there is not',
      source: modelOf(GOOD, "{ table: 'shared' } as never"),
      message: 'my-model.ts:3:16 defineModel: got option table, expected tables, extras, losses, outputs',
    },
    {
      what: 'for a parameter that nothing uses',
      source: modelOf(`  layers.dense('idle', inputs.click, { units: 2 });\n${GOOD}`),
      message: 'my-model.ts:3:16 parameters that no loss depends on: idle.weight, idle.bias',
    },
    {
      what: 'for a parameter without a gradient',
      source: modelOf(
        GOOD.replace('return { click,', "return { click: tf.mul(click, tf.floor(layers.parameter('p', [1]))),"),
      ),
      message: 'my-model.ts:3:16 parameters whose gradient is 0, and which would never be trained: p.value',
    },
    {
      what: 'for features that nothing uses',
      source: modelOf(
        "  const age = inputs.click.feature('age');\n  return { click: layers.tower('click', age), conversion: layers.tower('conversion', age) };",
      ),
      message: 'my-model.ts:3:16 features that no loss depends on: history, item',
    },
    {
      what: 'for the features of users that nothing uses',
      source: modelOf(
        "  const item = inputs.click.entity('item');\n  return { click: layers.tower('click', item), conversion: layers.tower('conversion', item) };",
      ),
      message: 'my-model.ts:3:16 features that no loss depends on: history',
    },
  ]);
});

describe('a model file that does not compute the same each time is refused', () => {
  const readers: readonly (readonly [string, string, string])[] = [
    ['Math.random', 'Math.random()', 'a random number (Math.random)'],
    ['Math.random by another name', "globalThis['Ma' + 'th'].random()", 'a random number (Math.random)'],
    ['Date.now', 'Date.now()', 'the clock (Date.now)'],
    ['new Date', 'new Date().getTime()', 'the clock (new Date)'],
    ['Date as a function', 'Date()', 'the clock (Date)'],
    ['performance.now', 'performance.now()', 'the clock (performance.now)'],
    ['crypto.randomUUID', 'crypto.randomUUID()', 'a random number (crypto.randomUUID)'],
    ['crypto.getRandomValues', 'crypto.getRandomValues(new Uint8Array(1))', 'random numbers (crypto.getRandomValues)'],
    ['the environment', 'process.env.HOME', 'process.env'],
    ['the process', 'process.hrtime()', 'process.hrtime'],
    ['the network', "fetch('http://127.0.0.1:1')", 'the network (fetch)'],
    ['random tensors of TF.js', 'tf.randomNormal([3])', 'a random number (Math.random)'],
    ['dropout of TF.js', 'tf.dropout(inputs.click.tensor(), 0.5)', 'a random number (Math.random)'],
  ];
  refuses([
    ...readers.map(([what, code, reads]) => ({
      what: `because it reads ${what}`,
      source: modelOf(`  ${code};\n${GOOD}`),
      message: new RegExp(`^my-model\\.ts:4:\\d+ ${escaped(`reads ${reads}, ${PURE}`)}$`),
    })),
    ...readers.slice(0, 11).map(([what, code, reads]) => ({
      what: `because it reads ${what} at its top`,
      source: `export const value = ${code};\n${modelOf(GOOD)}`,
      message: new RegExp(`^my-model\\.ts:1:\\d+ ${escaped(`reads ${reads}, ${PURE}`)}$`),
    })),
    {
      what: 'even if it catches that',
      source: modelOf(`  try {\n    Math.random();\n  } catch {}\n${GOOD}`),
      message: `my-model.ts:5:10 reads a random number (Math.random), ${PURE}`,
    },
    {
      what: 'because it counts its runs',
      source: `let runs = 0;\n${modelOf(GOOD.replace('return { click,', 'runs += 1;\n  return { click: tf.mul(click, runs),'))}`,
      message: /^my-model\.ts:8:22 kernel Multiply has a constant that /,
    },
    {
      what: 'because it makes parameters by turns',
      source: `let runs = 0;\n${modelOf(`  runs += 1;\n  if (runs % 2 === 0) layers.dense('even', inputs.click, { units: 2 });\n${GOOD}`)}`,
      message:
        'my-model.ts:4:16 parameters differ from run to run: even.weight [10,2], even.bias [2], expected the same in each',
    },
    {
      what: 'because it makes a parameter in its first runs only',
      source: `let runs = 0;\n${modelOf(`  runs += 1;\n  const extra = runs < 3 ? layers.parameter('early', [1]) : 0;\n${GOOD.replace('return { click,', 'return { click: tf.add(click, extra),')}`)}`,
      message: 'my-model.ts:4:16 parameter early.value is not made in every run, expected the same parameters in each',
    },
  ]);

  it('and nothing stays closed after it', async () => {
    await refusal(modelOf(`  Math.random();\n${GOOD}`));
    expect([Math.random(), Date.now(), new Date(), performance.now()].map(Number).every(Number.isFinite)).toBe(true);
    expect(crypto.randomUUID()).toHaveLength(36);
  });
});

describe('a model file whose graph would depend on values or on the batch is refused', () => {
  refuses([
    {
      what: 'because it reads a value',
      source: modelOf(`  const [first] = inputs.click.tensor().dataSync();\n${GOOD}`),
      message: /^my-model\.ts:4:41 a value is read while tracing/,
    },
    {
      what: 'because a shape depends on a value',
      source: modelOf(
        `  const size = tf.sum(inputs.click.tensor()).arraySync() as number;\n  tf.zeros([size]);\n${GOOD}`,
      ),
      message: /^my-model\.ts:4:19 a value is read while tracing/,
    },
    {
      what: 'because a constant is the number of rows',
      source: modelOf(GOOD.replace('return { click,', 'return { click: tf.div(click, click.shape[0]),')),
      message: /^my-model\.ts:6:22 kernel RealDiv has a constant that depends on the batch size: 5 at 5 rows, 7 at 7/,
    },
    {
      what: 'because matrices do not fit',
      source: modelOf(GOOD.replace('return { click,', 'return { click: tf.matMul(click, tf.ones([2, 1])),')),
      message: /^my-model\.ts:[\d:]+ .*(matMul|matrix)/,
    },
    {
      what: 'because it uses a kernel without a rule',
      source: modelOf(`  const y = tf.fft(tf.complex(tf.zeros([4]), tf.zeros([4])));\n${GOOD}`),
      message: /^my-model\.ts:4:\d+ .*(Complex|complex)/,
    },
    {
      what: 'because it uses a tensor that it made before',
      source: `import * as tf from '@tensorflow/tfjs-core';\nlet kept: tf.Tensor | undefined;\n${modelOf(GOOD.replace('return { click,', 'kept ??= tf.tensor1d([1, 2]);\n  return { click: tf.add(click, tf.sum(kept)),')).replace('({ tf, ', '({ ')}`,
      message: /^my-model\.ts:\d+:\d+ (a tensor made outside the traced function|throws: .*disposed)/,
    },
  ]);
});

describe('a model file whose rows depend on each other is refused', () => {
  refuses([
    {
      what: 'for a softmax over the batch',
      source: modelOf(
        GOOD.replace('return { click,', 'return { click: tf.transpose(tf.softmax(tf.transpose(click))),'),
      ),
      message: /^my-model\.ts:3:16 loss click is [\d.]+ for rows together and [\d.]+ for the same rows apart, expected/,
    },
    {
      what: 'for the statistics of a batch',
      source: modelOf(GOOD.replace('return { click,', 'return { click: tf.sub(click, tf.max(click, 0, true)),')),
      message: /^my-model\.ts:3:16 loss click is [\d.]+ for rows together and [\d.]+ for the same rows apart, expected/,
    },
    {
      what: 'for outputs alone',
      source: modelOf(
        GOOD,
        '{ outputs: ({ tf, logits }) => ({ p_click: tf.sigmoid(tf.sub(logits.click, tf.max(logits.click, 0, true))) }) }',
      ).replaceAll('p_click', 'pctr'),
      message: /^my-model\.ts:3:16 pctr of a row is [\d.]+ among other rows and [\d.]+ alone, expected/,
    },
    {
      what: 'for a loss over pairs of rows',
      source: modelOf(
        GOOD,
        "{ losses: ({ tf, logits, labels, crossEntropy, reach }) => ({ click: tf.mul(tf.sum(labels.click), crossEntropy(labels.click, logits.click)), conversion: crossEntropy(labels.conversion, reach('conversion')) }) }",
      ),
      message: new RegExp(`^my-model\\.ts:3:16 loss click is .*${escaped(OWN_ROWS)}$`),
    },
  ]);
});

describe('a model file whose losses or outputs are wrong is refused', () => {
  const losses = (code: string) =>
    modelOf(GOOD, `{\n  losses: ({ tf, logits, labels, reach, crossEntropy }) => (${code}),\n}`);
  const outputs = (code: string) => modelOf(GOOD, `{\n  outputs: ({ tf, logits, reach }) => (${code}),\n}`);
  refuses([
    {
      what: 'for a loss that is a scalar',
      source: losses('{ click: tf.sum(crossEntropy(labels.click, logits.click)) }'),
      message: 'my-model.ts:3:16 loss click: got a tensor [], expected a tensor [batch, 1]',
    },
    {
      what: 'for a loss of no stage',
      source: losses('{ ranking: crossEntropy(labels.click, logits.click) }'),
      message: 'my-model.ts:3:16 loss ranking: got no stage, expected { rows, stage } with one of click, conversion',
    },
    {
      what: 'for a loss of another stage',
      source: losses("{ ranking: { rows: logits.click, stage: 'clik' } }"),
      message:
        'my-model.ts:3:16 loss ranking: got stage "clik", expected { rows, stage } with one of click, conversion',
    },
    {
      what: 'for no loss',
      source: losses('{}'),
      message: 'my-model.ts:3:16 losses: got none, expected one or more by name',
    },
    {
      what: 'for a label that there is not',
      source: losses('{ click: crossEntropy(labels.clicked, logits.click) }'),
      message: 'my-model.ts:8:90 labels.clicked: expected one of click, conversion',
    },
    {
      what: 'for a stage that cannot be reached',
      source: losses("{ click: crossEntropy(labels.click, reach('clik')) }"),
      message: /^my-model\.ts:8:\d+ throws: .*clik/,
    },
    {
      what: 'for an output that there is not',
      source: outputs('{ p_buy: tf.sigmoid(logits.click) }'),
      message: 'my-model.ts:3:16 outputs returned p_buy, expected pctr, pcvr, pctcvr',
    },
    {
      what: 'for an output that is no probability',
      source: outputs('{ pctr: tf.add(tf.sigmoid(logits.click), 1) }'),
      message: /^my-model\.ts:3:16 output pctr is 1\.\d+, expected a probability$/,
    },
    {
      what: 'for outputs that contradict each other',
      source: outputs('{ pctr: tf.sigmoid(tf.add(logits.click, 3)) }'),
      message: /^my-model\.ts:3:16 output pctcvr is 0\.\d+, expected pctr \* pcvr, which is 0\.\d+$/,
    },
    {
      what: 'for an output of another shape',
      source: outputs('{ pctr: tf.sum(tf.sigmoid(logits.click)) }'),
      message: 'my-model.ts:3:16 output pctr: got a tensor [], expected a tensor [batch, 1]',
    },
  ]);
});

describe('a declaration is refused at its own place', () => {
  const refusalOf = (text: string, own: Readonly<Record<string, string | Uint8Array>> = {}) =>
    files.load(own, text).catch((error: Error) => error.message);

  it('if its model file is not there, is a folder, or is too large', async () => {
    expect(await refusalOf(OWN_DECLARATION)).toBe('shop.yaml:11:16 model.file: got ./my-model.ts, no file my-model.ts');
    expect(await refusalOf(OWN_DECLARATION, { 'my-model.ts/x': '' })).toBe(
      'shop.yaml:11:16 model.file: got ./my-model.ts, which is no file',
    );
    expect(await refusalOf(OWN_DECLARATION, { 'my-model.ts': ' '.repeat(2 ** 20 + 1) })).toBe(
      "shop.yaml:11:16 model.file: got ./my-model.ts of 1.0 MiB, expected a model's source of at most 1 MiB",
    );
  });

  it('if the path goes through a link in a circle', async () => {
    const path = join(files.folder(), 'circle.ts');
    await symlink(path, path);
    expect(await refusalOf(OWN_DECLARATION.replace('./my-model.ts', '../circle.ts'))).toBe(
      'shop.yaml:11:16 model.file: got ../circle.ts, which cannot be read: ELOOP',
    );
  });

  it('if it states another digest', async () => {
    const { bundle } = await files.load({ 'my-model.ts': OWN_ESMM });
    const text = (sha256: string) => OWN_DECLARATION.replace('./my-model.ts', `./my-model.ts, sha256: ${sha256}`);
    const wrong = '0'.repeat(64);
    expect(await refusalOf(text(`"${wrong}"`), { 'my-model.ts': OWN_ESMM })).toBe(
      `shop.yaml:11:39 model.sha256: got ${wrong}, expected that of my-model.ts, ${bundle.sha256}`,
    );
    expect((await files.load({ 'my-model.ts': OWN_ESMM }, text(bundle.sha256))).bundle).toEqual(bundle);
  });
});

it('a model is the same whatever the layout, comments and types of its file, and the files above it', async () => {
  const { bundle } = await files.load({ 'my-model.ts': OWN_ESMM });
  const other = `// a comment\n${OWN_ESMM.replaceAll('  ', '\t').replace('export default', 'type Unused = string;\n\nexport default')}`;
  const same = await files.load({
    'my-model.ts': other,
    'tsconfig.json': '{ "compilerOptions": { "target": "es5" } }',
  });
  expect(same.bundle.sha256).toBe(bundle.sha256);
  const changed = await files.load({
    'my-model.ts': OWN_ESMM.replace("'click', inputs", "'click' , inputs.click && inputs"),
  });
  expect(changed.bundle.sha256).not.toBe(bundle.sha256);
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
