/** The constructs, for CDK apps of one's own. */
export { Alarms, type AlarmsProps } from './alarms/alarms.ts';
export { BatchScoring, type BatchScoringProps, PARTS, type Part } from './batch-scoring.ts';
export { Data, type DataProps, type QueuePair } from './bucket-and-queues.ts';
export { Monitoring, type MonitoringProps } from './monitoring/monitoring.ts';
export { Online, type OnlineProps } from './online/online.ts';
export { type Cost, costOfRows, idleCost, PRICES, type ScoringSize } from './prices.ts';
export { Scoring, type ScoringFunctions, type ScoringProps } from './scoring.ts';
export { TaskCluster } from './tasks/task-cluster.ts';
export { Training, type TrainingProps } from './training/training.ts';
