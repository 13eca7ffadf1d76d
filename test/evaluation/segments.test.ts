import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { positivesOf, taskTally } from '../../lib/evaluation/funnel.ts';
import { areaUnderCurve } from '../../lib/evaluation/ranking.ts';
import { measureSegments } from '../../lib/evaluation/segments.ts';

const TASK = { name: 'cvr', title: 'CVR', output: 'pcvr', label: 'conversion', given: 'click' };

describe('measureSegments', () => {
  const anyRow = fc.record({
    // On a grid, so that ties are common, within a segment and across.
    probability: fc.nat(4).map((quarters) => quarters / 4),
    click: fc.constantFrom(0, 1),
    conversion: fc.constantFrom(0, 1, -1),
    weight: fc.constantFrom(1, 2, 0.5),
    segments: fc.tuple(fc.constantFrom(-1, 0, 1), fc.constantFrom(0, -1)),
  });

  it('has for each segment what measuring its rows alone gives', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 60 }), (rows) => {
        const funnel = (some: typeof rows) => ({
          probabilities: { pcvr: Float32Array.from(some, ({ probability }) => probability) },
          labels: {
            click: Int8Array.from(some, ({ click }) => click),
            conversion: Int8Array.from(some, ({ conversion }) => conversion),
          },
          weight: Float32Array.from(some, ({ weight }) => weight),
          group: null,
        });
        const columns = [0, 1].map((column) => Int8Array.from(rows, ({ segments }) => segments[column] as number));
        const measured = measureSegments(funnel(rows), TASK, columns, [2, 1]);
        for (const [column, codes] of [
          [0, [0, 1, -1]],
          [1, [0, -1]],
        ] as const) {
          const alone = codes.map((code) => funnel(rows.filter(({ segments }) => segments[column] === code)));
          expect(measured[column]).toEqual(
            alone.map((some) => ({
              positives: positivesOf(some.labels, TASK),
              auc: areaUnderCurve(taskTally(some, TASK)).value,
            })),
          );
        }
      }),
    );
  });
});
