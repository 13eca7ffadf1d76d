// What Lambda does with a new process: load the planner's bundle, hand it a message, take the answer.
const { key, versionId, model, memoryMiB } = JSON.parse(process.argv[2]);
Object.assign(process.env, {
  BUCKET: 's3://bench',
  MODEL_NAME: model,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMiB),
  POWERTOOLS_SERVICE_NAME: 'bench',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  ARRIVALS_URL: `${process.env.AWS_ENDPOINT_URL}/000000000000/arrivals`,
  SHARDS_URL: `${process.env.AWS_ENDPOINT_URL}/000000000000/shards`,
});
const { handler } = require('./plan-shards.js');

const object = { key, versionId, sequencer: '00' };
const body = JSON.stringify({
  Records: [{ eventName: 'ObjectCreated:Put', eventTime: '', s3: { bucket: { name: 'bench' }, object } }],
});
const record = { messageId: '1', receiptHandle: '1', body, attributes: { ApproximateReceiveCount: '1' } };
const context = { getRemainingTimeInMillis: () => 300_000 };
handler({ Records: [record] }, context).then(({ batchItemFailures }) =>
  process.send({ failures: batchItemFailures.length }),
);
