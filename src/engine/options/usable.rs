//! Options with which no engine can run. The ranges of settings are narrower: a test may use a lease
//! of half a second, an operator may not.

use std::time::Duration;

use super::{EngineOptions, Invalid};

/// Far beyond any use, and far below what overflows when it is multiplied or added to a time.
const MAX: Duration = Duration::from_secs(100 * 365 * 86_400);

impl EngineOptions {
    /// Returns the options with which no engine can run, with their paths: periods of zero,
    /// durations beyond 100 years, and what [`EngineOptions::invalid`] calls contradictory.
    pub(in crate::engine) fn unusable(&self) -> Vec<Invalid> {
        let Self { files, long_poll, retention, .. } = self;
        let periods = [
            ("lease", self.lease),
            ("heartbeat", self.heartbeat),
            ("flush", self.flush),
            ("queue_poll", self.queue_poll),
            ("files.upload_idle_timeout", files.upload_idle_timeout),
            ("files.writer_idle_timeout", files.writer_idle_timeout),
            ("long_poll.tick", long_poll.tick),
            ("long_poll.poll", long_poll.poll),
            ("retention.prune_interval", retention.prune_interval),
        ];
        let durations = [
            ("drain", self.drain),
            ("retry_base", self.retry_base),
            ("retry_max", self.retry_max),
            ("queue_order", self.queue_order),
            ("max_share_lifetime", self.max_share_lifetime),
            ("preview_interval", self.preview_interval),
            ("files.keep_uploads", files.keep_uploads),
            ("long_poll.max_wait", long_poll.max_wait),
            ("long_poll.drain_spread", long_poll.drain_spread),
            ("retention.keep", retention.keep),
            ("retention.extend", retention.extend),
            ("retention.tombstones", retention.tombstones),
        ];
        let zero = periods.iter().filter(|(_, period)| period.is_zero());
        let zero = zero.map(|(key, _)| (*key, "more than 0".to_owned()));
        let long = periods.iter().chain(&durations).filter(|(_, duration)| *duration > MAX);
        let long = long.map(|(key, _)| (*key, "at most 100 years".to_owned()));
        let heartbeat = ("heartbeat", "at most a third of the lease");
        zero.chain(long).chain(self.contradictory(self.heartbeat_fits(), heartbeat)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{FileOptions, LongPollOptions, RetentionOptions};

    fn keys(options: &EngineOptions) -> Vec<&'static str> {
        options.unusable().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn the_defaults_and_what_tests_use_are_usable() {
        let quick = EngineOptions {
            lease: Duration::from_millis(500),
            heartbeat: Duration::from_millis(50),
            flush: Duration::from_millis(10),
            drain: Duration::ZERO,
            ..EngineOptions::default()
        };
        assert_eq!(keys(&EngineOptions::default()), [""; 0]);
        assert_eq!(keys(&quick), [""; 0]);
    }

    #[test]
    fn what_would_overflow_or_never_rest_is_named() {
        let all = |period: Duration, duration: Duration| EngineOptions {
            lease: period,
            heartbeat: period,
            flush: period,
            queue_poll: period,
            drain: duration,
            retry_base: duration,
            retry_max: duration,
            queue_order: duration,
            preview_interval: duration,
            files: FileOptions {
                upload_idle_timeout: period,
                writer_idle_timeout: period,
                keep_uploads: duration,
                ..FileOptions::default()
            },
            long_poll: LongPollOptions {
                tick: period,
                poll: period,
                max_wait: duration,
                drain_spread: duration,
                ..LongPollOptions::default()
            },
            retention: RetentionOptions {
                prune_interval: period,
                keep: duration,
                extend: duration,
                tombstones: duration,
                ..RetentionOptions::default()
            },
            ..EngineOptions::default()
        };
        assert_eq!(keys(&all(Duration::MAX, Duration::MAX)).len(), 9 + 11);
        assert_eq!(keys(&all(Duration::ZERO, Duration::ZERO)).len(), 9);
        assert_eq!(keys(&all(MAX, MAX)), ["heartbeat"]);
    }

    #[test]
    fn contradictions_are_named_once() {
        let options = EngineOptions {
            heartbeat: Duration::from_secs(11),
            concurrency: 0,
            max_batch: 10_001,
            list_rows: 0,
            ..EngineOptions::default()
        };
        assert_eq!(keys(&options), ["concurrency", "heartbeat", "max_batch", "list_rows"]);
        assert_eq!(options.invalid().len(), 4);
    }
}
