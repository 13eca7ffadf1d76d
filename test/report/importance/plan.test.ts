import { describe, expect, it } from 'vitest';
import { planImportance, SHUFFLES } from '../../../lib/report/importance/plan.ts';

describe('the plan of the importance', () => {
  it('has the fewer rows, the more features there are, and then measures some of them', () => {
    const plans = [1, 20, 200, 770, 5000].map((features) => ({ of: features, ...planImportance(features) }));
    expect(plans).toEqual([
      { of: 1, rows: 20_000, features: 1, screenedRows: 64 },
      { of: 20, rows: 3333, features: 20, screenedRows: 64 },
      { of: 200, rows: 500, features: 200, screenedRows: 64 },
      { of: 770, rows: 500, features: 51, screenedRows: 33 },
      { of: 5000, rows: 500, features: 10, screenedRows: 4 },
    ]);
  });

  it('never scores more than 90 million values for as many as a thousand features', () => {
    for (let features = 1; features <= 1000; features++) {
      const { rows, features: measured, screenedRows } = planImportance(features);
      const screened = measured < features ? features * screenedRows : 0;
      expect((SHUFFLES * measured * rows + screened) * features).toBeLessThan(9e7);
    }
  });
});
