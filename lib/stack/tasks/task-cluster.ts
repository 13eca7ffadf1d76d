import { Validations } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { type CfnCluster, Cluster } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

/** Where the tasks of a stack run: a network that lets nothing in, and a cluster of Fargate and Fargate Spot. */
export class TaskCluster extends Construct {
  readonly cluster: Cluster;
  readonly vpc: IVpc;
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    // Public subnets that let nothing in, so that no NAT gateway costs by the hour; S3 has an endpoint of its own.
    this.vpc = new Vpc(this, 'Network', {
      maxAzs: 2,
      natGateways: 0,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [{ name: 'Public', subnetType: SubnetType.PUBLIC }],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
    }) as IVpc;
    Validations.of(this.vpc).acknowledge({
      id: 'AwsSolutions-VPC7',
      reason:
        'Nothing listens in this network; a flow log would say that a task speaks with AWS, and cost more than it',
    });
    this.securityGroup = new SecurityGroup(this, 'NoInbound', {
      vpc: this.vpc,
      allowAllOutbound: false,
      description: 'A task: nothing comes in, AWS is called',
    });
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'AWS over TLS');
    this.cluster = new Cluster(this, 'Cluster', { vpc: this.vpc });
    // Set on the cluster's own resource, since CDK would otherwise add a separate resource for the providers.
    (this.cluster.node.defaultChild as CfnCluster).capacityProviders = ['FARGATE', 'FARGATE_SPOT'];
    Validations.of(this.cluster).acknowledge({
      id: 'AwsSolutions-ECS4',
      reason: 'The run itself writes metrics and progress; Container Insights would cost by the hour of every task',
    });
  }
}
