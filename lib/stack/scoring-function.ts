import type { RemovalPolicy } from 'aws-cdk-lib';
import { type Duration, Size, Validations } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  type Architecture,
  type AssetCode,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type GrantedResources, prefixesOf, type RoleName, statementsOf } from './grants.ts';

export interface ScoringFunctionProps {
  readonly role: RoleName;
  readonly resources: GrantedResources;
  /** Name of the bundle in the asset. */
  readonly entry: string;
  readonly code: AssetCode;
  readonly architecture: Architecture;
  readonly memoryMiB: number;
  readonly scratchMiB: number;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
}

/** A function with its log group and a role that may do what the grants say and nothing else. */
export class ScoringFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: ScoringFunctionProps) {
    super(scope, id);
    const { role: roleName, resources, entry, memoryMiB, scratchMiB, logRetention, removalPolicy, ...rest } = props;
    const logGroup = new LogGroup(this, 'Logs', { retention: logRetention, removalPolicy });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${entry} may do`,
      // Statements are part of the role itself, so that it is complete before a queue is connected.
      inlinePolicies: {
        Grants: new PolicyDocument({
          statements: [
            ...statementsOf(roleName, resources),
            new PolicyStatement({
              actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              resources: [logGroup.logGroupArn],
            }),
          ],
        }),
      },
    });
    acknowledgePrefixes(role, roleName, resources);
    this.function = new LambdaFunction(this, 'Function', {
      ...rest,
      runtime: Runtime.NODEJS_24_X,
      handler: `${entry}.handler`,
      memorySize: memoryMiB,
      ephemeralStorageSize: Size.mebibytes(scratchMiB),
      // What constructs grant by themselves is in the table already, or must not be.
      role: role.withoutPolicyUpdates(),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
    });
  }
}

function acknowledgePrefixes(role: Role, name: RoleName, { bucket }: GrantedResources): void {
  for (const prefix of prefixesOf(name)) {
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${bucket.stack.getLogicalId(bucket.node.defaultChild as never)}.Arn>/${prefix}*]`,
      reason: `The keys under ${prefix} are not known beforehand: S3 has no narrower resource for "all of a prefix"`,
    });
  }
}
