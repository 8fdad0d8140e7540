//! Prints the log of a task.

use std::time::Duration;

use milepost::{
    client::Client,
    task::{LogLine, TaskId, plain},
};

use super::{Format, is_over, show};
use crate::{CliError, Exit};

/// Shortest and longest pause between two looks at the log of a task that runs.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// Prints the log, as JSON one line of it per document; with `follow`, until the task has ended.
///
/// # Errors
/// If the task does not exist, or the server cannot be reached.
pub async fn log(api: &Client, id: TaskId, follow: bool, format: Format) -> Result<Exit, CliError> {
    let mut after = 0;
    loop {
        // Read before the log, so that no line of an ended task is missed.
        let snapshot = api.status(id).await?;
        loop {
            let page = api.log(id, after).await?;
            for line in &page.lines {
                format.show(line, text)?;
            }
            if page.lines.is_empty() || page.next <= after {
                break;
            }
            after = page.next;
        }
        if !follow || is_over(&snapshot) {
            return Ok(Exit::Done);
        }
        let pause = Duration::from_millis(snapshot.poll_after_ms.unsigned_abs());
        tokio::time::sleep(pause.clamp(PAUSE.0, PAUSE.1)).await;
    }
}

/// A line without what a terminal obeys.
fn text(line: &LogLine) -> String {
    line.to_text(|part| show::printable(&plain(part)))
}

#[cfg(test)]
mod tests {
    use milepost::task::LogStream;

    use super::*;

    #[test]
    fn a_line_has_its_time_and_stream_and_nothing_that_a_terminal_obeys() {
        let raw = "\u{1b}[31mred\u{1b}[0m \u{9b}x";
        let line = LogLine::new(7, "2026-11-25T14:02:11.123Z", raw).with(|line| {
            line.stream = LogStream::Stderr;
            line.left_out = 3;
        });
        let shown = text(&line);
        let end = "2026-11-25T14:02:11.123Z stderr  red";
        assert!(shown.starts_with(&format!("... 3 lines are left out ...\n{end}")), "{shown:?}");
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{9b}'), "{shown:?}");
    }
}
