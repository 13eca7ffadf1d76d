import { describe, expect, it } from 'vitest';
import { familyOf, modelText } from '../../lib/compare/family.ts';
import { trialSettings } from '../../lib/compare/knobs.ts';
import { allNames, declaredName } from '../../lib/compare/model-name.ts';
import { comparedDeclaration, comparedRoles, protocolOf } from '../../lib/compare/protocol.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { CROSSES, MODEL_TYPES, TOWERS } from '../../lib/config/sections/model.ts';
import { DECLARATION } from '../bin/small-log.ts';

const fileOf = (text = DECLARATION) => {
  const declaration = parseDeclaration(text, 'shop.yaml');
  return { text, declaration, fileName: 'shop.yaml', folder: '.', modelSha256: null };
};
const withModel = (model: string) => fileOf(DECLARATION.replace('model: { hidden_units: [8] }', `model: { ${model} }`));
const modelOf = (file: ReturnType<typeof fileOf>, name: string, settings = {}) =>
  parseDeclaration(modelText(file, name, settings), 'shop.yaml').model;

describe('the family', () => {
  it('is every type, and esmm with every tower and with crosses', () => {
    const towers = [...TOWERS, ...CROSSES].filter((part) => part !== 'mlp' && part !== 'none');
    expect(allNames(fileOf().declaration)).toEqual([...MODEL_TYPES, ...towers.map((part) => `esmm+${part}`)]);
  });

  it('has the declared model, too, with its own settings', () => {
    const file = withModel('type: aman, rate: 0.4, crosses: dcn, hidden_units: [8]');
    expect(allNames(file.declaration)).toContain('aman+dcn');
    expect(modelText(file, 'aman+dcn', {})).toBe(file.text);
    expect(modelOf(file, 'aman')).toMatchObject({ type: 'aman', crosses: null, hiddenUnits: [8] });
    expect(modelOf(file, 'aman').rate).toBeUndefined();
  });

  it.each([
    ['hidden_units: [8]', 'esmm'],
    ['type: base', 'base'],
    ['tower: mmoe', 'esmm+mmoe'],
    ['tower: ple, crosses: dcn', 'esmm+ple+dcn'],
    ['crosses: dcn', 'esmm+dcn'],
  ])('calls { %s } %s', (model, name) => {
    expect(declaredName(withModel(model).declaration)).toBe(name);
  });

  it('takes a type, towers and crosses by name, and settings by their place', () => {
    const model = modelOf(fileOf(), 'esmm+ple+dcn', { 'model.cross_layers': 3 });
    expect(model).toMatchObject({ type: 'esmm', hiddenUnits: [8], experts: { own: 2 }, crosses: { layers: 3 } });
  });

  it.each([
    ['esm', 'got esm, did you mean esmm? expected all, esmm, '],
    ['esmm+mmo', 'got esmm+mmo, '],
    ['esmm+mmoe+ple', 'got esmm+mmoe+ple, '],
    ['esmm+dcn+dcn', 'got esmm+dcn+dcn, '],
    ['file', 'got file, '],
    ['toString', 'got toString, expected all, '],
  ])('does not know %s', (name, message) => {
    expect(() => familyOf(fileOf(), [name])).toThrow(message);
  });

  it('leaves out of all what the funnel does not allow, and refuses it by name', () => {
    const text = DECLARATION.replace(
      'stages:\n  click: { label: clicked }\n  conversion: { label: bought }',
      'stages:\n  click: { label: clicked }\n  cart: {}\n  conversion: { label: bought, from: cart }',
    ).replace('  cart: {}', '  cart: { from: click }');
    const { competitors, leftOut } = familyOf(fileOf(text), ['all']);
    expect(leftOut).toContainEqual({
      name: 'division',
      why: 'model.type: got division with cart without a label, expected stages that have a label and one stage before them each',
    });
    expect(competitors.map(({ name }) => name)).not.toContain('division');
    expect(() => familyOf(fileOf(text), ['division'])).toThrow(
      'division does not suit this declaration: model.type: got division with cart without a label',
    );
  });

  it('knows a run again by its model and its training', () => {
    const of = (text: string) => familyOf(fileOf(text), ['base']).competitors[0]?.identity({});
    expect(of(DECLARATION)).toBe(of(`# A comment.\n${DECLARATION}`));
    expect(of(DECLARATION)).not.toBe(of(DECLARATION.replace('epochs: 2', 'epochs: 3')));
  });
});

describe('a funnel with post-click actions', () => {
  const withStages = (stages: string, model = '') =>
    fileOf(
      DECLARATION.replace(/stages:[\s\S]*?(?=log:)/, `stages:\n  click: { label: clicked }\n${stages}`).replace(
        'model: {',
        `model: { ${model}`,
      ),
    );
  const ONE = `  cart: { label: carted, weight: 2 }
  other: { complement_of: cart }
  conversion: { label: bought, from: [cart, other] }
`;
  const TWO = `  cart: { label: carted }
  not_cart: { complement_of: cart }
  wish: { from: not_cart, label: wished, inconsistent: and, max_inconsistent: 1 }
  neither: { complement_of: wish }
  conversion: { label: bought, from: [cart, wish, neither] }
`;
  const stagesOf = (file: ReturnType<typeof fileOf>, name: string) =>
    parseDeclaration(modelText(file, name, {}), 'shop.yaml').stages.map((stage) => [stage.name, ...stage.from]);

  it('is that of esm2, the declared model, and of no other type', () => {
    const file = withStages(ONE);
    expect(declaredName(file.declaration)).toBe('esm2');
    expect(modelText(file, 'esm2', {})).toBe(file.text);
    for (const name of ['esmm', 'base', 'division', 'aitm', 'esmm+mmoe'])
      expect(stagesOf(file, name)).toEqual([
        ['click', 'impression'],
        ['conversion', 'click'],
      ]);
    expect(allNames(file.declaration).slice(-1)).toEqual(['esm2']);
    // The log tells no times of its conversions.
    expect(familyOf(file, ['all']).leftOut.map(({ name }) => name)).toEqual(['delayed', 'delay-buckets']);
  });

  it('has one that other types have where their name says so', () => {
    const file = withStages(ONE, 'type: base, ');
    expect(declaredName(file.declaration)).toBe('base+actions');
    expect(stagesOf(file, 'oversampling+actions')).toEqual(stagesOf(file, 'esm2+ple'));
    expect(stagesOf(file, 'esm2')).toHaveLength(4);
    expect(modelOf(file, 'esm2+ple')).toMatchObject({ type: 'esmm', experts: { own: 2 } });
  });

  it('is taken apart into each set of its actions', () => {
    const file = withStages(TWO);
    expect(allNames(file.declaration).slice(-3)).toEqual(['esm2', 'esm2-cart', 'esm2-wish']);
    expect(stagesOf(file, 'esmm')).toEqual([
      ['click', 'impression'],
      ['conversion', 'click'],
    ]);
    expect(stagesOf(file, 'esm2-cart')).toEqual([
      ['click', 'impression'],
      ['cart', 'click'],
      ['not_cart', 'click'],
      ['conversion', 'cart', 'not_cart'],
    ]);
    expect(stagesOf(file, 'esm2-wish')).toEqual([
      ['click', 'impression'],
      ['wish', 'click'],
      ['neither', 'click'],
      ['conversion', 'wish', 'neither'],
    ]);
  });

  it('may have an exclusive group of actions', () => {
    const group = `  cart: { label: carted, from: click, exclusive: after }
  other: { from: click, exclusive: after }
  conversion: { label: bought, from: [cart, other] }
`;
    const file = withStages(group);
    expect(declaredName(file.declaration)).toBe('esm2');
    expect(stagesOf(file, 'esmm')).toHaveLength(2);
  });

  it.each(['esm2-wish', 'esm2-cart', 'esm2+actions', 'esmm+actions', 'esm2-', 'esm2+mmoe+ple'])(
    'has no %s where its only action is the cart',
    (name) => {
      expect(() => familyOf(withStages(ONE), [name])).toThrow(`got ${name},`);
    },
  );

  it('has no actions where each row must reach a stage, or more follows on it', () => {
    const chain = '  cart: { label: carted }\n  conversion: { label: bought }\n';
    expect(declaredName(withStages(chain).declaration)).toBe('esmm');
    expect(() => familyOf(withStages(chain), ['esm2'])).toThrow('got esm2, did you mean esmm? expected all, ');
    const more = `${ONE}  refund: { label: refunded, from: cart }\n`;
    expect(declaredName(withStages(more).declaration)).toBe('esmm');
  });
});

describe('trials', () => {
  it('begin with the declared settings, and vary those of the type', () => {
    const { declaration } = withModel('type: aman, rate: 0.5');
    const trials = trialSettings(declaration, 4, 1000);
    expect(trials[0]).toEqual({});
    expect(
      trials
        .slice(1)
        .map((settings) => settings['model.rate'])
        .toSorted(),
    ).toEqual([0.1, 0.2, 1]);
  });

  it('vary learning rate and L2 where the type has no settings', () => {
    const trials = trialSettings(fileOf().declaration, 3, 1000);
    expect(trials.map((settings) => Object.keys(settings))).toEqual([
      [],
      ['training.learning_rate', 'training.l2_embeddings'],
      ['training.learning_rate', 'training.l2_embeddings'],
    ]);
  });

  it.each(MODEL_TYPES)('of %s are valid declarations', (type) => {
    const file = fileOf(
      DECLARATION.replace('model: { hidden_units: [8] }', `model: { type: ${type} }`)
        .replace('{ label: bought }', '{ label: bought, at: bought_at, within: 7d }')
        .replace('{ keys: [row] }', '{ keys: [row], time: at }'),
    );
    for (const settings of trialSettings(file.declaration, 6, 1000))
      expect(modelOf(file, type, settings)).toMatchObject({ type });
  });

  it('of a longer search are those of a shorter one, and more', () => {
    const { declaration } = withModel('type: dcmt');
    expect(trialSettings(declaration, 6, 1000).slice(0, 3)).toEqual(trialSettings(declaration, 3, 1000));
  });
});

describe('the protocol', () => {
  it('trains on the first half of time, and keeps the declared split of a log without a time', () => {
    const { declaration } = fileOf(DECLARATION.replace('keys: [row]', 'keys: [row], time: at'));
    expect(protocolOf(declaration)).toBe('halves of time');
    expect(comparedDeclaration(declaration).split).toEqual({
      by: 'time',
      validation: { share: 0.1 },
      test: { share: 0.5 },
    });
    const other = fileOf().declaration;
    expect(protocolOf(other)).toBe('declared split');
    expect(comparedDeclaration(other).split).toEqual(other.split);
    expect(comparedDeclaration(other).training).toMatchObject({ calibration: 'none', engine: 'onnxruntime' });
  });

  it('needs a click and a conversion', () => {
    expect(() => comparedRoles({ ...fileOf().declaration, roles: null })).toThrow(
      'roles: got none, expected the stages that are impression, click and conversion',
    );
  });
});
