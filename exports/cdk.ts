/** Constructs for CDK apps of one's own; needs `aws-cdk-lib` and `constructs`. */
export * from '../lib/stack/index.ts';
