//! A batch of more tasks than one poll covers: its counts, with one bar for all.

use std::time::Duration;

use milepost::{client::Client, poll::Freshness, task::Batch};

use super::Interrupt;
use crate::{CliError, ClientError, Exit, screen::Screen, show, signals::Signals};

/// Delay between two reads of the counts.
const PERIOD: Duration = Duration::from_secs(1);
/// Delay after a failed read, and how many may fail one after another.
const RETRY: Duration = Duration::from_secs(5);
const MAX_FAILURES: u32 = 60;

/// Follows a batch and prints how its tasks ended.
///
/// # Errors
/// If it no longer exists, or the server does not answer for five minutes.
pub(super) async fn follow(
    api: &Client,
    mut batch: Batch,
    interrupt: Interrupt,
) -> Result<Exit, CliError> {
    let (mut signals, mut screen) = (Signals::new()?, Screen::new());
    let (mut interrupted, mut failures) = (false, 0);
    while batch.unfinished > 0 {
        let freshness = if failures > 0 { Freshness::Unreachable } else { Freshness::Fresh };
        screen.draw_all(batch.progress, batch.ended_text(), freshness);
        let pause = if failures > 0 { RETRY } else { PERIOD };
        let is_time = tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = signals.next() => false,
        };
        if !is_time {
            if interrupted || interrupt == Interrupt::Leaves {
                screen.say("left; the tasks go on by themselves");
                return Ok(Exit::Cancelled);
            }
            interrupted = true;
            screen.say("cancelling; press Ctrl-C again to leave without waiting");
        }
        let answer = match is_time {
            true => api.batch(batch.id).await,
            false => api.cancel_batch(batch.id).await,
        };
        match answer {
            Ok(answer) => (batch, failures) = (answer, 0),
            Err(error) if error.is_temporary() && failures < MAX_FAILURES => failures += 1,
            Err(error) => {
                screen.clear();
                return Err(ClientError::from(error).into());
            }
        }
    }
    screen.finish(&show::sum_of(&batch.counts));
    Ok(Exit::of_batch(&batch.counts))
}
