//! Formats tasks as text. Control characters from the server are removed, because a terminal would
//! interpret them.

mod batch;
mod past;

use std::fmt::Write as _;

use milepost::{
    task::{FileInfo, Snapshot, Status},
    view::text,
};

pub(super) use batch::{batch, counts, sum, sum_of};
pub(super) use past::{receipt, resumed};

/// Replaces control characters in a single line by spaces.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Removes control characters from a text with several lines.
pub(super) fn printable_text(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// `Step 2 of 4: Processing data`.
pub(super) fn step(snapshot: &Snapshot) -> Option<String> {
    let name = printable(snapshot.current_step.as_deref()?);
    Some(match (snapshot.step, snapshot.total_steps) {
        (Some(step), Some(total)) => format!("Step {step} of {total}: {name}"),
        _ => name,
    })
}

/// One line per file: size, media type and name.
pub(super) fn files(files: &[FileInfo]) -> String {
    let size = |file: &FileInfo| text::bytes(file.size_bytes);
    let media_type = |file: &FileInfo| printable(&file.media_type);
    let wide = files.iter().map(|file| size(file).chars().count()).max().unwrap_or(0);
    let wide_type = files.iter().map(|file| media_type(file).chars().count()).max().unwrap_or(0);
    let mut lines = String::new();
    for file in files {
        let (size, media_type, name) = (size(file), media_type(file), printable(&file.name));
        let _ = writeln!(lines, "{size:>wide$}  {media_type:wide_type$}  {name}");
    }
    lines
}

/// As on the pages, with tenths of a second at first: `3.4 s`, `2 min 5 s`, `1 h 2 min`.
pub(super) fn duration(ms: i64) -> String {
    match ms.max(0) {
        ms @ 0..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        ms => text::duration(ms),
    }
}

/// How a task ended (or its state), in one line.
pub(super) fn end(snapshot: &Snapshot) -> String {
    let spent = duration(snapshot.elapsed_ms);
    match (snapshot.status, &snapshot.error) {
        (Status::Completed, _) => format!("completed in {spent}"),
        (Status::Cancelled, _) => format!("cancelled after {spent}"),
        (Status::Error, Some(failure)) => {
            let code = printable(&failure.code);
            format!("failed after {spent}: {} ({code})", printable(&failure.message))
        }
        (Status::Error, None) => format!("failed after {spent}"),
        (status, _) => format!("{status} for {spent}"),
    }
}

/// Expiry of an ended task.
pub(super) fn kept(snapshot: &Snapshot) -> String {
    match &snapshot.expires_at {
        Some(at) => format!("kept until {}", printable(&text::date_time(at))),
        None => "kept".to_owned(),
    }
}

/// Details of one task, one line each.
pub(super) fn details(snapshot: &Snapshot) -> String {
    let mut all = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(all, "{name:<9}{}", printable(value));
    };
    line("task", &snapshot.id.to_string());
    line("title", &snapshot.title);
    line("status", snapshot.status.as_str());
    if let Some(progress) = snapshot.progress {
        line("progress", &format!("{progress:.0} %"));
    }
    if let Some(place) = snapshot.queue_position {
        line("place", &format!("{} in line", text::ordinal(place)));
    }
    if let Some(starts_in_ms) = snapshot.starts_in_ms {
        line("starts", &starts(snapshot, starts_in_ms));
    }
    if let Some(step) = step(snapshot) {
        line("step", &step);
    }
    if let Some(message) = &snapshot.message {
        line("message", message);
    }
    line("elapsed", &duration(snapshot.elapsed_ms));
    if let Some(eta_ms) = snapshot.eta_ms.filter(|_| !super::is_over(snapshot)) {
        line("left", &format!("about {}", duration(eta_ms)));
    }
    if let Some(failure) = &snapshot.error {
        line("error", &format!("{} ({})", failure.message, failure.code));
    }
    if let Some(result) = &snapshot.result {
        line("result", &format!("{}, {} bytes", result.media_type, result.size_bytes));
    }
    if snapshot.expires_at.is_some() {
        line("expiry", &kept(snapshot));
    }
    if let Some(resumed) = resumed(snapshot) {
        line("resumed", &resumed);
    }
    all.push_str(&labels(snapshot));
    all.push_str(&receipt(snapshot));
    all
}

/// `at 2026-12-24 14:02:11 UTC, in 2 h`.
fn starts(snapshot: &Snapshot, starts_in_ms: i64) -> String {
    let at = snapshot.starts_at.as_deref().map(text::date_time);
    let at = at.map(|at| format!("at {at}, ")).unwrap_or_default();
    format!("{at}in {}", duration(starts_in_ms))
}

/// Who started it, tags and note, one line each.
pub(super) fn labels(snapshot: &Snapshot) -> String {
    let mut all = String::new();
    if let Some(name) = &snapshot.started_by {
        let _ = writeln!(all, "{:<9}{}", "by", printable(name));
    }
    if !snapshot.tags.is_empty() {
        let _ = writeln!(all, "{:<9}{}", "tags", printable(&snapshot.tags.join(", ")));
    }
    if let Some(note) = &snapshot.note {
        let _ = writeln!(all, "{:<9}{}", "note", printable(note));
    }
    all
}

/// One line per task.
pub(super) fn table(tasks: &[Snapshot]) -> String {
    let mut all = String::new();
    for task in tasks {
        let progress = match (task.queue_position, task.progress) {
            (Some(place), _) => text::ordinal(place),
            (None, Some(progress)) => format!("{progress:.0} %"),
            (None, None) => "-".to_owned(),
        };
        let starts = task.starts_at.as_deref().filter(|_| task.attempt == 0);
        let starts = starts.map(|at| format!(", starts at {}", printable(&text::date_time(at))));
        let _ = writeln!(
            all,
            "{}  {:<10}  {progress:>5}  {}  {}{}",
            task.id,
            task.status,
            printable(&task.created_at),
            printable(&task.title),
            starts.unwrap_or_default()
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_readable() {
        let cases = [
            (-5, "0.0 s"),
            (3_450, "3.4 s"),
            (59_999, "59 s"),
            (120_000, "2 min"),
            (125_000, "2 min 5 s"),
            (3_720_000, "1 h 2 min"),
        ];
        for (ms, expected) in cases {
            assert_eq!(duration(ms), expected);
        }
    }

    #[test]
    fn a_terminal_gets_nothing_to_obey() {
        assert_eq!(printable("a\x1b[2Jb\nc"), "a [2Jb c");
        assert_eq!(printable_text("a\x1b[2J\nb\r\u{9b}c"), "a[2J\nbc");
    }
}
