/**
 * The engine on onnxruntime on whole batches, and with every variant of the small model. These tests are slow: tfjs-cpu
 * takes seconds for each batch.
 */
import { createOrtEngine } from '../../../../lib/engine/ort/engine.ts';
import { describeVariants } from '../../../engine/engine-contract.ts';
import { describeStepGraphs } from '../../../engine/ort/step-graph.ts';
import { REST } from '../../../engine/small-model.ts';
import { describeStepsOfTfjs } from '../../../engine/steps-of-tfjs.ts';

const BATCH_ROWS = 4096;

describeStepsOfTfjs('the engine on onnxruntime', createOrtEngine, [200, BATCH_ROWS]);
describeVariants('the engine on onnxruntime', createOrtEngine, REST);
describeStepGraphs([1, 200, BATCH_ROWS]);
