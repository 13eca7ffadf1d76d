import { describePolling } from '../aws/stack/polling.ts';

describePolling('localstack', { eventBus: false });
