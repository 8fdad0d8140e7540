//! Logs: many lines at once, and lines that are left out.

use crate::{
    engine::store::{LogEntry, LogGap},
    task::LogStream,
};

use super::super::fixture::{Fixture, START};
use super::runs::report;

fn line(seq: i64, text: &str) -> LogEntry {
    LogEntry { seq, at: START, stream: LogStream::Stderr, text: text.to_owned() }
}

fn numbers(lines: &[LogEntry]) -> Vec<i64> {
    lines.iter().map(|line| line.seq).collect()
}

pub async fn log_lines_are_kept_once_and_in_order(f: &Fixture) {
    let row = f.running("w").await;
    let line = |seq, text: &str| {
        let stream = [LogStream::Task, LogStream::Stdout, LogStream::Stderr][seq as usize % 3];
        LogEntry { seq, at: START + seq, stream, text: text.to_owned() }
    };
    let mut write = report(&row, row.version + 1, 0.1);
    write.log = vec![line(1, "one"), line(2, "two")];
    f.store.save_progress(std::slice::from_ref(&write)).await.unwrap();
    write.version += 1;
    write.log = vec![line(2, "two"), line(3, "three")];
    f.store.save_progress(&[write]).await.unwrap();
    let all = f.store.log(row.id, 0, 10).await.unwrap();
    assert_eq!(all, vec![line(1, "one"), line(2, "two"), line(3, "three")]);
    assert_eq!(f.store.log(row.id, 1, 1).await.unwrap(), vec![line(2, "two")]);
    let end = f.store.log_end(row.id, 2).await.unwrap();
    assert_eq!(end, vec![line(2, "two"), line(3, "three")]);
}

pub async fn when_a_run_last_said_something_is_known_to_all(f: &Fixture) {
    let row = f.running("w").await;
    assert_eq!(row.output_version, 0);
    let mut write = report(&row, row.version + 2, 0.1);
    write.output_version = row.version + 1;
    f.store.save_progress(std::slice::from_ref(&write)).await.unwrap();
    assert_eq!(f.get(row.id).await.output_version, row.version + 1);
    // Older than what is known.
    write.version -= 1;
    write.output_version = row.version;
    f.store.save_progress(&[write]).await.unwrap();
    assert_eq!(f.get(row.id).await.output_version, row.version + 1);
}

pub async fn lines_that_are_left_out_are_gone(f: &Fixture) {
    let row = f.running("w").await;
    let mut write = report(&row, row.version + 1, 0.1);
    write.log = (1..=9).map(|seq| line(seq, "x")).collect();
    f.store.save_progress(std::slice::from_ref(&write)).await.unwrap();
    write.version += 1;
    write.log = vec![line(10, "x")];
    write.log_gap = Some(LogGap { after: 2, before: 9 });
    f.store.save_progress(std::slice::from_ref(&write)).await.unwrap();
    assert_eq!(numbers(&f.store.log(row.id, 0, 99).await.unwrap()), [1, 2, 9, 10]);
    // A run that was lost removes nothing.
    write.run_seq += 1;
    write.log_gap = Some(LogGap { after: 0, before: 99 });
    f.store.save_progress(&[write]).await.unwrap();
    assert_eq!(numbers(&f.store.log_end(row.id, 99).await.unwrap()), [1, 2, 9, 10]);
}

pub async fn ten_thousand_lines_are_one_write(f: &Fixture) {
    let row = f.running("w").await;
    let mut write = report(&row, row.version + 1, 0.1);
    let text = "\u{1b}[31m\"quoted\" \\ back ü 🦀 \t end";
    write.log = (1..=10_000).map(|seq| line(seq, text)).collect();
    write.log.push(line(10_001, "a\0b"));
    f.store.save_progress(&[write]).await.unwrap();
    let end = f.store.log(row.id, 9_999, 10).await.unwrap();
    assert_eq!(end, [line(10_000, text), line(10_001, "a\u{fffd}b")]);
}
