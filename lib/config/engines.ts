/** The engines that can compute training steps. Each has an entry in `lib/engine/create-engine.ts`. */
export const ENGINES = ['onnxruntime', 'tfjs-node'] as const;

/** Name of a training engine. */
export type EngineName = (typeof ENGINES)[number];
