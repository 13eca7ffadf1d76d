import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, errorOf, mistakesIn } from '../declare.ts';

const features = '{ price: { type: number, entity: item }, ctr: { type: number, entity: item, column: ctr_7d } }';
const scoring = (text: string) => ({ features, scoring: text });

describe('scoring.score', () => {
  it('is parsed, with the outputs and columns that it reads', () => {
    const { scoring: parsed } = parseDeclaration(declare(scoring('{ score: "pctcvr * price + boost * pctcvr" }')), 'x');
    expect(parsed.score).toMatchObject({ outputs: ['pctcvr'], columns: ['price', 'boost'] });
    expect(parsed.rank).toBeNull();
  });

  it.each([
    ['pctcvr ** price', 'at character 9, got *, expected a number, a name, a function or an opening parenthesis'],
    ['3 * 4', 'got 3 * 4, expected an output or a column in it'],
    [
      'pctcrv * price',
      'at character 1, no output pctcrv, did you mean pctcvr? a column of that name is written "pctcrv", in quotes',
    ],
    ['price * p_clck', 'at character 9, no output p_clck, expected one of pctr, pcvr, pctcvr'],
    ['price * PCVR', 'at character 9, no output PCVR, expected one of pctr, pcvr, pctcvr'],
    ['score * 2', 'at character 1, got score, which is what the expression gives, expected a column'],
    ['"pctr" * 2', 'at character 1, got "pctr", the name of an output, expected another column, or no quotes'],
    ['pctr / (2 - 2)', 'at character 1, pctr / (2 - 2) divides by zero'],
    ['1 + (pcvr + 2 / 0)', 'at character 13, 2 / 0 divides by zero'],
    ['pctr + log(3 - 4)', 'at character 8, log(3 - 4) has no value'],
    ['pctr * exp(1e3)', 'at character 8, exp(1e3) is too large for a double'],
    ['pctr + clicked', 'got clicked, which is stages.click.label, expected a column known at scoring'],
  ])('%s is refused with its place', (score, message) => {
    expect(mistakesIn(scoring(`{ score: ${JSON.stringify(score)} }`))).toEqual([`scoring.score: ${message}`]);
  });

  it('may read a column whose name is like an output, in quotes or as a feature does', () => {
    const columnsOf = (score: string) =>
      parseDeclaration(declare(scoring(`{ score: ${score} }`)), 'x').scoring.score?.columns;
    expect(columnsOf(`'pctr * "pctcrv" + ctr_7d'`)).toEqual(['pctcrv', 'ctr_7d']);
    expect(columnsOf('ctr * sim_score')).toEqual(['ctr', 'sim_score']);
  });

  it('is refused with line and column', () => {
    expect(errorOf(declare(scoring('{ score: "pctr +" }'))).message).toBe(
      'entirespace.yaml:5:19 scoring.score: at character 7, got the end, expected a number, a name, a function or an opening parenthesis',
    );
  });
});

describe('scoring.rank', () => {
  it('is by the score within the file, of all rows, unless it says otherwise', () => {
    const rank = (text: string) => parseDeclaration(declare(scoring(text)), 'x').scoring.rank;
    expect(rank('{ score: pctr * price, rank: {} }')).toEqual({ by: 'score', within: [], top: null });
    expect(rank('{ rank: { by: pctcvr, within: user_id, top: 50 } }')).toEqual({
      by: 'pctcvr',
      within: ['user_id'],
      top: 50,
    });
  });

  it.each([
    ['{ rank: {} }', 'scoring.rank.by: got score, expected scoring.score, or an output: pctr, pcvr, pctcvr'],
    [
      '{ rank: { by: pctv } }',
      'scoring.rank.by: no output pctv, did you mean pctr? expected one of pctr, pcvr, pctcvr',
    ],
    ['{ rank: { by: pctr, within: [a, A] } }', 'scoring.rank.within: got A twice, expected it once'],
    [
      '{ rank: { by: pctr, within: bought } }',
      'scoring.rank.within: got bought, which is stages.conversion.label, expected a column known at scoring',
    ],
    ['{ rank: { by: pctr, top: 0 } }', 'scoring.rank.top: got 0, expected a whole number of at least 1'],
    [
      '{ rank: { by: pctr, tops: 5 } }',
      'scoring.rank.tops: unknown key, did you mean top? expected one of by, within, top',
    ],
  ])('%s is refused', (text, message) => {
    expect(mistakesIn(scoring(text))).toEqual([message]);
  });

  it('leaves the names of its columns to the scores', () => {
    const sections = { log: '{ keys: [rank, Score] }', scoring: '{ score: pctr * 2, rank: {} }' };
    expect(mistakesIn(sections)).toEqual([
      'log.keys[0]: got rank, the column of the scores that scoring.rank declares, expected another',
      'log.keys[1]: got Score, the column of the scores that scoring.score declares, expected another',
    ]);
    expect(parseDeclaration(declare({ log: '{ keys: [rank, score] }' }), 'x').log.keys).toEqual(['rank', 'score']);
  });
});
