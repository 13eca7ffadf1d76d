/**
 * What models are written with, `entirespace/model`: stage graphs, probabilities in logits, networks as pure TF.js
 * functions, and `defineModel` for a model in a file of its own.
 */

export type { Output } from '../config/resolve/outputs.ts';
export { calibratedReach } from './calibrated-reach.ts';
export { type Calibrator, type Calibrators, calibrateLogits, type ModelCalibration } from './calibrators.ts';
export { embed, type Layout, layoutOf } from './fields.ts';
export {
  forwardFunction,
  lossFunction,
  type StepBatch,
  type StepResult,
  stepFunction,
} from './functions.ts';
export type { EncodedTensors } from './kinds/input-kind.ts';
export { crosses } from './layers/crosses.ts';
export { experts } from './layers/experts.ts';
export { linear } from './layers/linear.ts';
export { gate, mixture } from './layers/mixture.ts';
export { type TowersOptions, towers } from './layers/tower.ts';
export { conditionalLosses } from './losses/conditional-cross-entropy.ts';
export { reachLosses } from './losses/reach-cross-entropy.ts';
export { declaredModel, type Model, modelOf } from './model.ts';
export { MODELS } from './models/index.ts';
export type {
  LabelledBatch,
  Loss,
  MaskSpec,
  Network,
  NetworkShape,
  ParameterSpec,
  Tensors,
  TowerInput,
} from './network.ts';
export { modelOutputs, outputsOfReach, reachOutputs, stageReach } from './outputs.ts';
export {
  type ByTower,
  defineModel,
  type LogitsContext,
  type LossContext,
  type ModelContext,
  type ModelDefinition,
  type ModelFunction,
  type ModelOptions,
  type RowLoss,
} from './own/definition.ts';
export type { Input } from './own/input.ts';
export type { LayerSource, Layers } from './own/layers.ts';
export { bothLogit, crossEntropy, logAddExp, probability, reachLogit } from './reach.ts';
export { logitCount, type StageGraph, stageGraph, type Tower } from './stage-graph.ts';
export { type EmbeddedRows, type PoolingLayers, type SharedRows, towerInput } from './tower-input.ts';
