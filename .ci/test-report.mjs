// Prints what vitest's JSON report holds: "passed failed skipped" on the first line, then a line for each test, or file
// of tests, that did not pass.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
console.log(report.numPassedTests, report.numFailedTests, report.numPendingTests + report.numTodoTests);
for (const { name, message, assertionResults } of report.testResults) {
  const file = relative('', name);
  const others = assertionResults.filter(({ status }) => status !== 'passed');
  for (const { status, fullName, failureMessages } of others) {
    const reason = failureMessages.join('\n').split('\n').slice(0, 3).join(' | ');
    console.log(`${status}: ${file}: ${fullName}: ${reason}`);
  }
  if (message && others.length === 0) console.log(`failed: ${file}: ${message.split('\n')[0]}`);
}
