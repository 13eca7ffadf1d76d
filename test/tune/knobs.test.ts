import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { KNOBS, type Knob, knobName } from '../../lib/tune/knobs.ts';
import { DECLARATION } from '../bin/small-log.ts';

const DECLARED = parseDeclaration(DECLARATION, 'shop.yaml');
const ROWS = 20_000;
const drawn = (knob: Knob, rows = ROWS) =>
  Array.from({ length: 1000 }, (_, i) => knob.draw(i / 1000, knob.declared(DECLARED, rows), rows));
const knobOf = (name: string) => KNOBS.find((knob) => knobName(knob) === name) as Knob;

describe('the settings that are searched', () => {
  it('are five', () => {
    expect(KNOBS.map(knobName)).toEqual([
      'training.learning_rate',
      'training.l2_embeddings',
      'training.dropout',
      'model.hidden_units',
      'training.batch_size',
    ]);
  });

  it.each(KNOBS.map((knob) => [knobName(knob), knob] as const))('are set as they are read: %s', (_, knob) => {
    for (const value of new Set(drawn(knob).map((each) => JSON.stringify(each))))
      expect(knob.declared(knob.apply(DECLARED, JSON.parse(value)), ROWS)).toEqual(JSON.parse(value));
  });

  it('are drawn from their ranges', () => {
    const rates = drawn(knobOf('training.learning_rate')).map(Number);
    expect([Math.min(...rates), Math.max(...rates)]).toEqual([1e-4, 0.00995]);
    expect(rates[500]).toBeCloseTo(1e-3, 10);
    const penalties = drawn(knobOf('training.l2_embeddings')).map(Number);
    expect(penalties.filter((value) => value === 0)).toHaveLength(250);
    expect(penalties[250]).toBe(1e-5);
    expect(penalties.at(-1)).toBeCloseTo(0.296, 3);
    expect([...new Set(drawn(knobOf('training.dropout')))]).toEqual([0, 0.1, 0.2, 0.3, 0.5]);
    expect([...new Set(drawn(knobOf('model.hidden_units')).map(String))]).toEqual(['4', '8', '16']);
  });

  it('keep a batch within a tenth of the training rows, and of at least 16', () => {
    const batches = (rows: number) => [...new Set(drawn(knobOf('training.batch_size'), rows))];
    expect(batches(ROWS)).toEqual([128, 256, 512, 1024]);
    expect(batches(3000)).toEqual([128, 256, 300]);
    expect(batches(50)).toEqual([16]);
  });
});
