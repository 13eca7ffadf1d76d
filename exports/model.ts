/** What models are written with: stage graphs, probabilities in logits, networks as pure TF.js functions. */
export { calibratedReach } from '../lib/model/calibrated-reach.ts';
export { type Calibrator, type Calibrators, calibrateLogits, type ModelCalibration } from '../lib/model/calibrators.ts';
export { type EmbeddedRows, embed, type Layout, layoutOf, type SharedRows, towerInput } from '../lib/model/fields.ts';
export {
  forwardFunction,
  lossFunction,
  type StepBatch,
  type StepResult,
  stepFunction,
} from '../lib/model/functions.ts';
export type { EncodedTensors } from '../lib/model/kinds/input-kind.ts';
export { crosses } from '../lib/model/layers/crosses.ts';
export { experts } from '../lib/model/layers/experts.ts';
export { linear } from '../lib/model/layers/linear.ts';
export { gate, mixture } from '../lib/model/layers/mixture.ts';
export { type TowersOptions, towers } from '../lib/model/layers/tower.ts';
export { conditionalLosses } from '../lib/model/losses/conditional-cross-entropy.ts';
export { reachLosses } from '../lib/model/losses/reach-cross-entropy.ts';
export { declaredModel, type Model, modelOf } from '../lib/model/model.ts';
export { MODELS } from '../lib/model/models/index.ts';
export type {
  LabelledBatch,
  Loss,
  MaskSpec,
  Network,
  NetworkShape,
  ParameterSpec,
  Tensors,
  TowerInput,
} from '../lib/model/network.ts';
export { modelOutputs, outputsOfReach, reachOutputs, stageReach } from '../lib/model/outputs.ts';
export { bothLogit, crossEntropy, logAddExp, probability, reachLogit } from '../lib/model/reach.ts';
export { logitCount, type Output, type StageGraph, stageGraph, type Tower } from '../lib/model/stage-graph.ts';
