import { RemovalPolicy } from 'aws-cdk-lib';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import {
  FUNCTION_MEMORY_MIB,
  FUNCTION_SCRATCH_MIB,
  GPU_TASK,
  MAX_CONCURRENCY,
  MONITORING_TASK,
  TRAINING_DEFAULTS,
  TRAINING_TASK,
} from '../contract/limits.ts';
import type { BatchScoringProps, Part } from './batch-scoring.ts';
import type { TrainingProps } from './training/training.ts';

/** Names that `-c` takes, with what they mean. */
export const CONTEXT = {
  model: 'name of the model, as its declaration has it',
  parts: 'parts to deploy, by commas: data,scoring,alarms; monitoring, training and online besides',
  stack: 'name of the stack (entirespace)',
  arch: 'x64 or arm64 (x64)',
  asset: "folder of the functions' asset (.entirespace/lambda-x64)",
  email: 'address for alarms',
  concurrency: `shards that are scored at the same time (${MAX_CONCURRENCY})`,
  memory: `memory of the functions that plan and score, MiB (${FUNCTION_MEMORY_MIB.default})`,
  scratch: `scratch disk of the functions, MiB (${FUNCTION_SCRATCH_MIB})`,
  filesBy: 'hour of the day, UTC, by which a file must have been scored',
  image: 'URI of the training image (built from training/Dockerfile, with Docker)',
  schedule: 'when to train: cron(0 3 * * ? *)',
  timeZone: 'of the schedules (Etc/UTC)',
  monitoringSchedule: 'when to look: cron(0 6 * * ? *)',
  monitoringDays: "days of the log that monitoring reads (what the declaration's delays need)",
  monitoringCpu: `processor units of the monitoring task (${MONITORING_TASK.cpu})`,
  monitoringMemory: `memory of the monitoring task, MiB (${MONITORING_TASK.memoryMiB})`,
  monitoringScratch: `scratch disk of the monitoring task, GiB (${MONITORING_TASK.scratchGiB})`,
  windowDays: `days of data to train on (${TRAINING_DEFAULTS.windowDays})`,
  trainingCpu: `processor units of the training task, 1024 to a vCPU (${TRAINING_TASK.cpu})`,
  trainingMemory: `memory of the training task, MiB (${TRAINING_TASK.memoryMiB})`,
  trainingScratch: `scratch disk of the training task, GiB (${TRAINING_TASK.scratchGiB})`,
  trainer: 'cpu, or gpu: training by PyTorch in AWS Batch (cpu)',
  gpuImage: 'URI of the image that trains on a GPU (built from training/torch/Dockerfile, with Docker)',
  gpuInstances: `instance types with a GPU, by commas (${GPU_TASK.instances.join(',')})`,
  gpuMemory: `memory of the container on them, MiB (${GPU_TASK.memoryMiB})`,
  gpus: `GPUs of an instance that train together (${GPU_TASK.gpus})`,
  encoders: 'functions that encode the rows of an export at the same time, 2 to 1000 (0: the task does, by processes)',
  gpuScratch: `scratch disk of the instance, GiB (${GPU_TASK.scratchGiB})`,
  warmStart: 'true: training begins with the weights of the version in use',
  onlineMemory: `memory of the function that scores single requests, MiB (${FUNCTION_MEMORY_MIB.default})`,
  scoresDays: 'days after which scores and rejected rows are deleted (never)',
  remove: 'true: the bucket goes with the stack where it is empty',
} as const;

type ContextName = keyof typeof CONTEXT;

/**
 * The construct's properties from the context of a CDK app.
 * @throws {Error} naming every value that cannot be taken.
 */
export function propsFromContext(
  read: (name: ContextName) => unknown,
): BatchScoringProps & { readonly stackName: string } {
  const problems: string[] = [];
  const text = (name: ContextName) => {
    const value = read(name);
    return value === undefined || value === '' ? undefined : String(value);
  };
  const number = (name: ContextName) => {
    const value = text(name);
    if (value === undefined || /^\d+$/.test(value)) return value === undefined ? undefined : Number(value);
    problems.push(`${name} must be a whole number, got ${value}`);
  };
  const arch = text('arch') ?? 'x64';
  if (arch !== 'x64' && arch !== 'arm64') problems.push(`arch must be x64 or arm64, got ${arch}`);
  const trainer = text('trainer');
  if (trainer !== undefined && trainer !== 'cpu' && trainer !== 'gpu')
    problems.push(`trainer must be cpu or gpu, got ${trainer}`);
  const gpuImage = text('gpuImage');
  const parts = text('parts')?.split(',') as Part[] | undefined;
  const modelName = text('model');
  if (modelName === undefined && (parts ?? ['scoring']).includes('scoring'))
    problems.push('model is missing: pass -c model=<name>, as in its declaration');
  const image = text('image');
  const optional = {
    parts,
    modelName,
    assetFolder: text('asset'),
    email: text('email'),
    maxConcurrency: number('concurrency'),
    memoryMiB: number('memory'),
    scratchMiB: number('scratch'),
    filesByHour: number('filesBy'),
    scoresDays: number('scoresDays'),
    removalPolicy: text('remove') === 'true' ? RemovalPolicy.DESTROY : undefined,
    architecture: arch === 'arm64' ? Architecture.ARM_64 : undefined,
    image: image === undefined ? undefined : ContainerImage.fromRegistry(image),
    trainingSchedule: text('schedule'),
    timeZone: text('timeZone'),
    monitoringSchedule: text('monitoringSchedule'),
    monitoringDays: number('monitoringDays'),
    monitoringCpu: number('monitoringCpu'),
    monitoringMemoryMiB: number('monitoringMemory'),
    monitoringScratchGiB: number('monitoringScratch'),
    windowDays: number('windowDays'),
    trainingCpu: number('trainingCpu'),
    trainingMemoryMiB: number('trainingMemory'),
    trainingScratchGiB: number('trainingScratch'),
    trainer: trainer as TrainingProps['trainer'],
    gpuImage: gpuImage === undefined ? undefined : ContainerImage.fromRegistry(gpuImage),
    gpuInstances: text('gpuInstances')?.split(','),
    gpuMemoryMiB: number('gpuMemory'),
    gpus: number('gpus'),
    gpuScratchGiB: number('gpuScratch'),
    encoders: number('encoders'),
    onlineMemoryMiB: number('onlineMemory'),
    warmStart: text('warmStart') === 'true' ? true : undefined,
  };
  if (problems.length > 0) throw new Error(`context is not as expected: ${problems.join('; ')}`);
  return { stackName: text('stack') ?? 'entirespace', ...withoutUndefined(optional) };
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>;
}
