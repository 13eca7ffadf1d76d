// Does what Lambda does with a new process: loads the bundle of a function, and calls it with batches of messages.
const { handler } = require(`./${process.argv[2]}.js`);

process.on('message', ({ records, timeoutMs }) => {
  const end = Date.now() + timeoutMs;
  const context = { getRemainingTimeInMillis: () => end - Date.now() };
  handler({ Records: records }, context).then(
    ({ batchItemFailures }) => process.send({ failures: batchItemFailures.length }),
    (error) => process.send({ error: String(error) }),
  );
});
