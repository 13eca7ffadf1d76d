/**
 * The library: what the command does, for programs of one's own. docs/library.md has an example of every function.
 */
export type { Declaration } from '../lib/config/declaration.ts';
export { DeclarationError } from '../lib/config/declaration-error.ts';
export { defineEntirespace, type EntirespaceFile } from '../lib/config/define-entirespace.ts';
export { parseDeclaration, readDeclaration } from '../lib/config/parse-declaration.ts';
export {
  type ObservedRequest,
  type OnlineRanks,
  type OnlineScorer,
  type OnlineScorerOptions,
  type OnlineScores,
  type RankChoice,
  type RankedRow,
  type RejectedRow,
  RequestError,
} from '../lib/online/online-scorer.ts';
export { type DeclarationFile, loadModelFile, type ModelFile } from '../lib/own-model/model-file.ts';
export { currentVersion, promoteVersion, rollbackVersion } from '../lib/registry/current.ts';
export { fetchVersion } from '../lib/registry/fetch-version.ts';
export type { ModelManifest } from '../lib/registry/manifest.ts';
export { listModels, listVersions, readManifest } from '../lib/registry/versions.ts';
export type { FileResult } from '../lib/scoring/local/local.ts';
export { openStore } from '../lib/store/open-store.ts';
export type { ObjectInfo, Store, StoredObject } from '../lib/store/store.ts';
export { DataError } from '../lib/table/errors.ts';
export { type TrainedModel, type TrainOptions, train } from '../lib/training/train.ts';
export { publishTrained } from '../training/publish-trained.ts';
export { openScorer } from './open-scorer.ts';
export { type ScoreCandidatesOptions, scoreCandidates } from './score-candidates.ts';
