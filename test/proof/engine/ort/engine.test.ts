/** The engine on onnxruntime on whole batches. These tests are slow: tfjs-cpu takes seconds for each batch. */
import { createOrtEngine } from '../../../../lib/engine/ort/engine.ts';
import { describeStepGraphs } from '../../../engine/ort/step-graph.ts';
import { describeStepsOfTfjs } from '../../../engine/steps-of-tfjs.ts';

const BATCH_ROWS = 4096;

describeStepsOfTfjs('the engine on onnxruntime', createOrtEngine, [BATCH_ROWS]);
describeStepGraphs([1, 200, BATCH_ROWS]);
