import { describePolling } from '../aws/polling.ts';

describePolling('localstack');
