/** What models are written with: stage graphs, probabilities in logits, networks as pure TF.js functions. */
export { type Calibrator, type Calibrators, calibrateLogits } from '../lib/model/calibrators.ts';
export { type EncodedTensors, embed, type Layout, layoutOf, towerInput } from '../lib/model/fields.ts';
export { declaredModel, type Model } from '../lib/model/model.ts';
export { esmm } from '../lib/model/models/esmm.ts';
export type { MaskSpec, Network, NetworkShape, ParameterSpec } from '../lib/model/network.ts';
export { logitFunction, scoreFunction, stageLosses } from '../lib/model/objective.ts';
export { bothLogit, crossEntropy, logAddExp, probability, reachLogit, type TowerLogits } from '../lib/model/reach.ts';
export { logitCount, type Output, type StageGraph, stageGraph, type Tower } from '../lib/model/stage-graph.ts';
