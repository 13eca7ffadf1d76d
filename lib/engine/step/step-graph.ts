import type { NamedTensor, TensorData } from '../ort/session.ts';

/** One of the functions of training, which is run on named arrays: its graph in onnxruntime, or the function itself. */
export interface StepGraph {
  /**
   * Returns the outputs by name. Outputs named in `into` are written to the arrays given there, which have the shape of
   * the output.
   */
  run(
    inputs: Readonly<Record<string, NamedTensor>>,
    into: Readonly<Record<string, NamedTensor>>,
  ): Promise<Readonly<Record<string, TensorData>>>;
  /** Frees what it holds. It cannot be run afterwards. */
  release(): Promise<void>;
}

/** The graphs of a training step, of the losses alone, and of a training step whose rows share an entity's. */
export interface StepGraphs<Graph = StepGraph> {
  readonly step: Graph;
  readonly loss: Graph;
  /** `null` where no rows are shared. */
  readonly shared: Graph | null;
}
