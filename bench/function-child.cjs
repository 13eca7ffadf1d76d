// What Lambda does with a new process: load a function's bundle, hand it batches of messages, take the answers.
const { handler } = require(`./${process.argv[2]}.js`);

process.on('message', ({ records, timeoutMs }) => {
  const end = Date.now() + timeoutMs;
  const context = { getRemainingTimeInMillis: () => end - Date.now() };
  handler({ Records: records }, context).then(
    ({ batchItemFailures }) => process.send({ failures: batchItemFailures.length }),
    (error) => process.send({ error: String(error) }),
  );
});
