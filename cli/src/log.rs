//! Prints the log of a task.

use std::time::Duration;

use milepost::{
    client::Client,
    poll::Config,
    task::{LogLine, Snapshot, TaskId, plain},
};
use tokio::time::Instant;

use super::{Format, is_over, show};
use crate::{CliError, ClientError, Exit};

/// Shortest and longest pause between two looks at the log of a task that runs.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// Prints the log, as JSON one line of it per document; with `follow`, until the task has ended. A server that is
/// restarted meanwhile is asked again.
///
/// # Errors
/// If the task does not exist, or the server cannot be reached.
pub async fn log(api: &Client, id: TaskId, follow: bool, format: Format) -> Result<Exit, CliError> {
    // As long as where a task is followed by polls.
    let patience = Duration::from_millis(Config::default().give_up_after_ms);
    // When it was last reached; not yet at first.
    let (mut after, mut reached, mut is_lost) = (0, None::<Instant>, false);
    loop {
        let pause = match print_new(api, id, &mut after, format).await {
            Ok(snapshot) if !follow || is_over(&snapshot) => return Ok(Exit::Done),
            Ok(snapshot) => {
                (reached, is_lost) = (Some(Instant::now()), false);
                Duration::from_millis(snapshot.poll_after_ms.unsigned_abs())
            }
            Err(CliError::Client(ClientError::Api(error)))
                if error.is_temporary() && reached.is_some_and(|at| at.elapsed() < patience) =>
            {
                if !std::mem::replace(&mut is_lost, true) {
                    super::note(&format!("{error}; trying again"));
                }
                PAUSE.0
            }
            Err(error) => return Err(error),
        };
        tokio::time::sleep(pause.clamp(PAUSE.0, PAUSE.1)).await;
    }
}

/// Prints the lines after this one, and returns the state before them: no line of an ended task is missed.
async fn print_new(
    api: &Client,
    id: TaskId,
    after: &mut i64,
    format: Format,
) -> Result<Snapshot, CliError> {
    let snapshot = api.status(id).await?;
    loop {
        let page = api.log(id, *after).await?;
        for line in &page.lines {
            format.show(line, text)?;
        }
        if page.lines.is_empty() || page.next <= *after {
            return Ok(snapshot);
        }
        *after = page.next;
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
