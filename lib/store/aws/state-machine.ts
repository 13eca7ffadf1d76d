/** Executions of a state machine of AWS Step Functions: to start one, and to learn how it ended. */
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { describeError } from '../s3/errors.ts';
import { type AwsConnection, awsSettings } from './aws-settings.ts';

export type { SFNClient as StatesClient } from '@aws-sdk/client-sfn';

export interface ExecutionState {
  readonly status: string;
  /** Code and sentence of a failure; empty otherwise. */
  readonly failure: string;
}

/** Returns a client of Step Functions in the region that an ARN names, or of a compatible service at an endpoint. */
export function statesClient(stateMachineArn: string, connection: AwsConnection = {}): SFNClient {
  const [, , , region = ''] = stateMachineArn.split(':');
  return new SFNClient(awsSettings('SFN', { region, ...connection }));
}

/** Starts an execution and returns its ARN; an execution of that name that runs already is not started again. */
export async function startExecution(client: SFNClient, stateMachineArn: string, name: string): Promise<string> {
  const request = new StartExecutionCommand({ stateMachineArn, name, input: '{}' });
  const { executionArn = '' } = await client.send(request).catch((error: unknown) => {
    throw describeError(error, 'start', stateMachineArn);
  });
  return executionArn;
}

/** `RUNNING`, or how it ended. */
export async function executionState(client: SFNClient, executionArn: string): Promise<ExecutionState> {
  const request = new DescribeExecutionCommand({ executionArn });
  const {
    status = '',
    error,
    cause,
  } = await client.send(request).catch((reason: unknown) => {
    throw describeError(reason, 'look at', executionArn);
  });
  return { status, failure: [error, cause].filter((text) => text !== undefined && text !== '').join(': ') };
}
