/** Every command, in the order of the help. What a command needs is loaded where the command is called. */
import type { BinaryLibrary } from './binaries.ts';
import type { DefineCommand } from './define-command.ts';

interface CommandEntry {
  readonly name: string;
  readonly description: string;
  /** What the work of the command needs, loaded before it begins. */
  readonly binaries: readonly BinaryLibrary[];
  readonly load: () => Promise<DefineCommand>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    description: 'write a first declaration of a log, from its columns and their values, that trains as it is',
    binaries: ['DuckDB'],
    load: async () => (await import('./commands/log/init.ts')).defineInit,
  },
  {
    name: 'validate',
    description: 'check a declaration, and a log against it, without training',
    binaries: ['DuckDB'],
    load: async () => (await import('./commands/log/validate.ts')).defineValidate,
  },
  {
    name: 'render',
    description: 'print a declaration with every default filled in, and what each of its features becomes',
    binaries: ['DuckDB'],
    load: async () => (await import('./commands/log/render.ts')).defineRender,
  },
  {
    name: 'train',
    description:
      'train on a log, evaluate on its held-out rows, publish a model version and make it the current one if it is better',
    binaries: ['DuckDB', 'onnxruntime'],
    load: async () => (await import('./commands/train.ts')).defineTrain,
  },
  {
    name: 'export-training',
    description: 'write what a trainer outside needs of a log: graphs, initial weights and encoded rows, for PyTorch',
    binaries: ['DuckDB', 'onnxruntime'],
    load: async () => (await import('./commands/export-training.ts')).defineExportTraining,
  },
  {
    name: 'tune',
    description: 'search learning rate, L2 on embeddings, dropout, width and batch on the validation rows of a log',
    binaries: ['DuckDB', 'onnxruntime'],
    load: async () => (await import('./commands/tune.ts')).defineTune,
  },
  {
    name: 'compare',
    description: 'train the models of the family on a log, and tell which is best, by how much and how surely',
    binaries: ['DuckDB', 'onnxruntime'],
    load: async () => (await import('./commands/compare.ts')).defineCompare,
  },
  {
    name: 'synth',
    description: 'write a log of any size from a known truth, with a declaration, to measure models against the truth',
    binaries: ['DuckDB'],
    load: async () => (await import('./commands/log/synth.ts')).defineSynth,
  },
  {
    name: 'evaluate',
    description: 'measure a published model version on a log',
    binaries: ['DuckDB', 'onnxruntime'],
    load: async () => (await import('./commands/evaluate.ts')).defineEvaluate,
  },
  {
    name: 'features',
    description: "put a table of the users' or the items' features in the bucket, for candidate files without them",
    binaries: ['DuckDB'],
    load: async () => (await import('./commands/features.ts')).defineFeatures,
  },
  {
    name: 'convert',
    description: 'convert a public data set into a log: Ali-CCP, as it is published',
    binaries: ['DuckDB'],
    load: async () => (await import('./commands/log/convert.ts')).defineConvert,
  },
  {
    name: 'score',
    description:
      'score candidate files with the current model version; files outside the bucket are copied into its candidates/',
    // It loads its own, while its threads start.
    binaries: [],
    load: async () => (await import('./commands/score.ts')).defineScore,
  },
  {
    name: 'monitor',
    description: 'compare what was scored with what happened then: a page, its numbers and a verdict for each model',
    binaries: ['DuckDB'],
    load: async () => (await import('./commands/monitor.ts')).defineMonitor,
  },
  {
    name: 'serve',
    description:
      'score single requests over HTTP in milliseconds, with the current version and the newest feature tables',
    binaries: ['DuckDB', 'onnxruntime'],
    load: async () => (await import('./commands/serve.ts')).defineServe,
  },
  {
    name: 'models',
    description: 'list and show model versions, promote one, roll back, pin, tell why',
    binaries: [],
    load: async () => (await import('./commands/models.ts')).defineModels,
  },
  {
    name: 'local',
    description: "score every file under the bucket's candidates/ that has no outcome yet, as the cloud would",
    binaries: ['DuckDB', 'onnxruntime'],
    load: async () => (await import('./commands/local.ts')).defineLocal,
  },
  {
    name: 'status',
    description:
      'how candidate files stand: waiting, planned, in flight with the time left, done, failed; dead letters',
    binaries: [],
    load: async () => (await import('./commands/stack/status.ts')).defineStatus,
  },
  {
    name: 'redrive',
    description: 'try again what the dead letters of a deployed stack stand for, once their cause is mended',
    binaries: [],
    load: async () => (await import('./commands/stack/redrive.ts')).defineRedrive,
  },
  {
    name: 'retrain',
    description: "start a deployed stack's retraining by hand: the same run as by its schedule",
    binaries: [],
    load: async () => (await import('./commands/stack/retrain.ts')).defineRetrain,
  },
  {
    name: 'build-lambda',
    description: "build the asset of the stack's functions, for Linux, on any machine; needs npm, and no Docker",
    binaries: [],
    load: async () => (await import('./commands/stack/build-lambda.ts')).defineBuildLambda,
  },
  {
    name: 'doctor',
    description: 'check a deployed stack: bucket, queues, model, and a candidate file of one row that it must score',
    binaries: ['DuckDB'],
    load: async () => (await import('./commands/stack/doctor.ts')).defineDoctor,
  },
  {
    name: 'demo',
    description: 'the whole path on a real e-mail campaign of 64,000 customers: validate, train, publish, score',
    binaries: ['DuckDB', 'onnxruntime'],
    load: async () => (await import('./commands/demo.ts')).defineDemo,
  },
];
