/** An onnxruntime session whose inputs and outputs are addressed by name. */
import * as ort from 'onnxruntime-node';

// Otherwise onnxruntime sends telemetry to its developers and leaves log files in the temporary folder.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

/** Elements of a tensor in row-major order; booleans are bytes of 0 or 1. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** An input or output of a run. Its element type follows from the type of the array. */
export interface NamedTensor {
  readonly data: TensorData;
  readonly shape: readonly number[];
}

/** Settings of a session. */
export interface SessionOptions {
  /** Threads of one operator (onnxruntime's intra-op threads). */
  readonly threads: number;
  /** Folder of the files that a model given as bytes refers to. @default it refers to none */
  readonly dataFolder?: string;
}

/** An open model. */
export class Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Shapes of the outputs, as far as they are known; a dimension that is not fixed has a name. */
  readonly shapes: Readonly<Record<string, readonly (number | string)[]>>;
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
    this.inputs = session.inputNames;
    this.outputs = session.outputNames;
    this.shapes = Object.fromEntries(
      session.outputMetadata.flatMap((output) => (output.isTensor ? [[output.name, output.shape]] : [])),
    );
  }

  /** Opens a model from a file (with its external data beside it) or from bytes. */
  static async open(model: string | Uint8Array, { threads, dataFolder }: SessionOptions): Promise<Session> {
    const options: ort.InferenceSession.SessionOptions = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // Errors only: warnings, such as those about unused initializers, would appear on the user's terminal.
      logSeverityLevel: 3,
      ...(dataFolder !== undefined && {
        extra: { session: { model_external_initializers_file_folder_path: dataFolder } },
      }),
    };
    return new Session(
      await (typeof model === 'string'
        ? ort.InferenceSession.create(model, options)
        : ort.InferenceSession.create(model, options)),
    );
  }

  /**
   * Runs the model and returns its outputs by name. Every input is required. Outputs named in `into` are written to the
   * arrays given there, which must have the shape of the output; the others are new arrays.
   */
  async run(
    inputs: Readonly<Record<string, NamedTensor>>,
    into: Readonly<Record<string, NamedTensor>> = {},
  ): Promise<Record<string, TensorData>> {
    const feeds = ortTensors(inputs);
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of this.outputs) fetches[name] = into[name] === undefined ? null : ortTensor(into[name]);
    const results = await this.#session.run(feeds, fetches);
    const outputs: Record<string, TensorData> = {};
    for (const name of this.outputs) outputs[name] = results[name]?.data as TensorData;
    return outputs;
  }

  /**
   * Returns a run that reads its inputs from the same arrays each time, and writes its outputs, of which every one is
   * required, to the same arrays.
   */
  prepare(
    inputs: Readonly<Record<string, NamedTensor>>,
    outputs: Readonly<Record<string, NamedTensor>>,
  ): () => Promise<void> {
    const [feeds, fetches] = [ortTensors(inputs), ortTensors(outputs)];
    return async () => void (await this.#session.run(feeds, fetches));
  }

  /** Frees the session's memory. It cannot be used afterwards. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

function ortTensors(tensors: Readonly<Record<string, NamedTensor>>): Record<string, ort.Tensor> {
  const made: Record<string, ort.Tensor> = {};
  for (const name of Object.keys(tensors)) made[name] = ortTensor(tensors[name] as NamedTensor);
  return made;
}

function ortTensor({ data, shape }: NamedTensor): ort.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, shape);
  if (data instanceof BigInt64Array) return new ort.Tensor('int64', data, shape);
  if (data instanceof Int32Array) return new ort.Tensor('int32', data, shape);
  return new ort.Tensor('bool', data, shape);
}
