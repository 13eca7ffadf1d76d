import { describePolling } from './polling.ts';

describePolling('ministack', { eventBus: true });
