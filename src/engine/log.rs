//! The log of one run: its first and its latest lines are retained, and the gap between them is
//! known. Memory and writes are bounded at any rate.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::store::{LogEntry, LogGap};
use crate::task::LogStream;

/// The high bits of a line's number hold the run. A later run therefore needs no lookup of where an
/// earlier one stopped, a line written twice is stored once, and missing numbers count the lines
/// left out.
const RUN_SHIFT: u32 = 36;
const NUMBER_MASK: i64 = (1 << RUN_SHIFT) - 1;

/// Up to this many late lines are written with the next flush. More than that wait until
/// `FLOOD_PAUSE` has passed since the last such write, so that a flood is written once a second,
/// not four times.
const CALM_LINES: usize = 1_000;
const FLOOD_PAUSE: Duration = Duration::from_secs(1);

/// How much of a run's log is retained.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogLimits {
    /// Number of lines; half of them are the first ones.
    pub(crate) lines: u32,
    /// Bytes of text, halved the same way.
    pub(crate) bytes: usize,
}

/// What has to be written to the store.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    pub(crate) lines: Vec<LogEntry>,
    pub(crate) gap: Option<LogGap>,
}

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct RunLog {
    run_seq: i64,
    /// Number of lines so far.
    count: i64,
    /// The last line of the head; `None` while the head still grows.
    head_end: Option<i64>,
    head_bytes: usize,
    /// Unwritten lines of the head.
    head: Vec<LogEntry>,
    /// Numbers and sizes of the latest lines, written or not.
    tail: VecDeque<(i64, usize)>,
    tail_bytes: usize,
    /// Unwritten lines of the tail.
    late: VecDeque<LogEntry>,
    late_written: Option<Instant>,
    /// Whether lines were dropped since the last write.
    dropped: bool,
}

impl RunLog {
    pub(crate) fn new(run_seq: i64) -> Self {
        Self {
            run_seq,
            count: 0,
            head_end: None,
            head_bytes: 0,
            head: Vec::new(),
            tail: VecDeque::new(),
            tail_bytes: 0,
            late: VecDeque::new(),
            late_written: None,
            dropped: false,
        }
    }

    /// Adds a line.
    pub(crate) fn add(&mut self, stream: LogStream, text: String, at: i64, limits: LogLimits) {
        if self.count >= NUMBER_MASK {
            return;
        }
        self.count += 1;
        let seq = (self.run_seq << RUN_SHIFT) + self.count;
        let size = text.len();
        let entry = LogEntry { seq, at, stream, text };
        // Retain at least one line at each end.
        let half = (i64::from(limits.lines) / 2).max(1);
        if self.head_end.is_none() {
            let full = self.count > half || self.head_bytes + size > limits.bytes / 2;
            if !full || self.count == 1 {
                self.head_bytes += size;
                self.head.push(entry);
                return;
            }
            self.head_end = Some(seq - 1);
        }
        self.tail.push_back((seq, size));
        self.tail_bytes += size;
        self.late.push_back(entry);
        let rest = (i64::from(limits.lines) - half).max(1);
        let rest = usize::try_from(rest).unwrap_or(usize::MAX);
        while self.tail.len() > rest || (self.tail_bytes > limits.bytes / 2 && self.tail.len() > 1)
        {
            let Some((gone, size)) = self.tail.pop_front() else { break };
            self.tail_bytes -= size;
            self.dropped = true;
            if self.late.front().is_some_and(|line| line.seq <= gone) {
                self.late.pop_front();
            }
        }
    }

    fn late_may_go(&self, now: Instant, all: bool) -> bool {
        let waited = |at: Instant| now.saturating_duration_since(at) >= FLOOD_PAUSE;
        all || self.late.len() <= CALM_LINES || self.late_written.is_none_or(waited)
    }

    /// Takes what has to be written; with `all` also lines that a flood delays.
    pub(crate) fn take(&mut self, now: Instant, all: bool) -> Unwritten {
        let mut lines = std::mem::take(&mut self.head);
        if self.late.is_empty() || !self.late_may_go(now, all) {
            return Unwritten { lines, gap: None };
        }
        lines.extend(self.late.drain(..));
        self.late_written = Some(now);
        let dropped = std::mem::take(&mut self.dropped);
        Unwritten { lines, gap: self.gap().filter(|_| dropped) }
    }

    /// The gap between the head and the tail.
    fn gap(&self) -> Option<LogGap> {
        let (head_end, (tail_begin, _)) = (self.head_end?, self.tail.front()?);
        (head_end + 1 < *tail_begin).then_some(LogGap { after: head_end, before: *tail_begin })
    }

    /// Takes back lines that did not reach the store.
    pub(crate) fn put_back(&mut self, lines: Vec<LogEntry>) {
        let head_end = self.head_end.unwrap_or(i64::MAX);
        let tail_begin = self.tail.front().map_or(i64::MAX, |(seq, _)| *seq);
        let (mut head, late): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|line| line.seq <= head_end);
        head.append(&mut self.head);
        self.head = head;
        for line in late.into_iter().rev().filter(|line| line.seq >= tail_begin) {
            self.late.push_front(line);
        }
        // Lines that an earlier write should have removed may still be stored.
        self.dropped = true;
        self.late_written = None;
    }
}

/// Returns how many lines are missing between a line (or the beginning, 0) and the next one found.
pub(crate) fn left_out(before: i64, seq: i64) -> i64 {
    // Numbers written by an earlier version of this program have no gaps.
    if seq <= NUMBER_MASK {
        return 0;
    }
    let number = seq & NUMBER_MASK;
    let same_run = before >> RUN_SHIFT == seq >> RUN_SHIFT;
    let known = if same_run { before & NUMBER_MASK } else { 0 };
    (number - known - 1).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: LogLimits = LogLimits { lines: 6, bytes: 1 << 20 };
    const BASE: i64 = 2 << RUN_SHIFT;

    fn add(log: &mut RunLog, numbers: std::ops::RangeInclusive<i64>, limits: LogLimits) {
        for number in numbers {
            log.add(LogStream::Stdout, format!("line {number}"), number, limits);
        }
    }

    fn numbers(unwritten: &Unwritten) -> Vec<i64> {
        unwritten.lines.iter().map(|line| line.seq - BASE).collect()
    }

    #[test]
    fn the_first_and_the_latest_lines_are_kept_and_the_gap_is_named() {
        let (mut log, now) = (RunLog::new(2), Instant::now());
        add(&mut log, 1..=6, LIMITS);
        let first = log.take(now, false);
        assert_eq!((numbers(&first), first.gap), (vec![1, 2, 3, 4, 5, 6], None));
        assert_eq!(log.take(now, true).lines.len(), 0);
        add(&mut log, 7..=100, LIMITS);
        let next = log.take(now, false);
        assert_eq!(numbers(&next), [98, 99, 100]);
        assert_eq!(next.gap, Some(LogGap { after: BASE + 3, before: BASE + 98 }));
        assert_eq!(left_out(BASE + 3, BASE + 98), 94);
        assert_eq!(left_out(BASE + 98, BASE + 99), 0);
        assert_eq!(left_out(0, BASE + 1), 0);
        assert_eq!(
            left_out((1 << RUN_SHIFT) + 9, BASE + 3),
            2,
            "of the run before nothing is said"
        );
        assert_eq!(left_out(0, 17_000_000), 0, "a number of old");
    }

    #[test]
    fn a_flood_is_held_in_bounds_and_written_once_a_second() {
        let limits = LogLimits { lines: 10_000, bytes: 1 << 22 };
        let (mut log, now) = (RunLog::new(2), Instant::now());
        add(&mut log, 1..=100_000, limits);
        assert!(log.head.len() + log.late.len() <= 10_000 && log.tail.len() <= 5_000);
        assert_eq!(log.take(now, false).lines.len(), 10_000);
        add(&mut log, 100_001..=125_000, limits);
        let soon = now + Duration::from_millis(250);
        assert_eq!(log.take(soon, false).lines.len(), 0);
        let later = now + FLOOD_PAUSE;
        let lines = log.take(later, false);
        assert_eq!(lines.gap, Some(LogGap { after: BASE + 5_000, before: BASE + 120_001 }));
        assert_eq!(lines.lines.len(), 5_000);
        add(&mut log, 125_001..=127_000, limits);
        assert_eq!(log.take(later, true).lines.len(), 2_000, "an end does not wait");
    }

    #[test]
    fn bytes_are_bounded_too() {
        let limits = LogLimits { lines: 1_000, bytes: 100 };
        let (mut log, now) = (RunLog::new(2), Instant::now());
        for number in 1..=50 {
            log.add(LogStream::Task, "x".repeat(20), number, limits);
        }
        assert_eq!(numbers(&log.take(now, false)), [1, 2, 49, 50]);
        log.add(LogStream::Task, "y".repeat(1_000), 51, limits);
        let one = log.take(now, false);
        assert_eq!((numbers(&one), log.tail.len()), (vec![51], 1), "the latest always stays");
    }

    #[test]
    fn what_was_not_written_is_written_with_the_next() {
        let (mut log, now) = (RunLog::new(2), Instant::now());
        add(&mut log, 1..=5, LIMITS);
        let failed = log.take(now, false);
        add(&mut log, 6..=7, LIMITS);
        log.put_back(failed.lines);
        let again = log.take(now, false);
        assert_eq!(numbers(&again), [1, 2, 3, 5, 6, 7]);
        assert_eq!(again.gap, Some(LogGap { after: BASE + 3, before: BASE + 5 }));
    }
}
