/** At the same time: each has a bucket of its own, and most of them wait for a minute until their bucket is back. */
import './retraining.ts';
import './training-faults.ts';
