import { expect, it } from 'vitest';
import { createOrtEngine } from '../../../lib/engine/ort/engine.ts';
import { traceStep } from '../../../lib/engine/ort/step-model.ts';
import { graphText } from '../../../lib/graph/graph.ts';
import { describeEngineContract } from '../engine-contract.ts';
import { FEW, smallModel } from '../small-model.ts';
import { describeStepGraphs } from './step-graph.ts';

// `npm run test:proof` has the other variants, and batches of more rows.
describeEngineContract('the engine on onnxruntime', createOrtEngine, FEW, [1, 3, 20]);

describeStepGraphs([3]);

it('the step graph of the small model equals the one stored in step-graph.txt', async () => {
  await expect(graphText(traceStep(smallModel(), { hasMasks: false, shared: null }).graph)).toMatchFileSnapshot(
    'step-graph.txt',
  );
});
