//! Writes a text word by word at a steady rate.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// Update interval: short enough to look steady, long enough to be cheap.
const TICK: Duration = Duration::from_millis(50);
/// Longer runs of letters count as several words, for example in Chinese, which has no spaces.
const LETTERS_PER_WORD: usize = 12;

/// Returns the text at the given rate and reports the completed share. Dropping the future stops
/// it. A late tick catches up with the clock.
pub(super) async fn tell(text: &str, words_per_second: f64, told: impl Fn(f64)) -> String {
    if words_per_second <= 0.0 {
        told(1.0);
        return text.to_owned();
    }
    let total: usize = pieces(text).map(weight).sum();
    let mut out = String::with_capacity(text.len());
    let (start, mut words) = (Instant::now(), 0_usize);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut rest = pieces(text).peekable();
    while rest.peek().is_some() {
        ticks.tick().await;
        let due = start.elapsed().as_secs_f64() * words_per_second;
        while let Some(piece) = rest.next_if(|piece| (words + weight(piece)) as f64 <= due) {
            words += weight(piece);
            out.push_str(piece);
        }
        told(words as f64 / total as f64);
    }
    out
}

/// Words with the white space after them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}

fn weight(piece: &str) -> usize {
    piece.chars().count().div_ceil(LETTERS_PER_WORD).max(1)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const TEXT: &str = "one two three\n\nfour five six seven eight nine ten";

    #[tokio::test(start_paused = true)]
    async fn words_come_at_the_rate_asked_for() {
        let start = Instant::now();
        let shares = Mutex::new(Vec::new());
        let text = tell(TEXT, 4.0, |share| shares.lock().unwrap().push(share)).await;
        assert_eq!(text, TEXT);
        let words: usize = pieces(TEXT).map(weight).sum();
        let wanted = words as f64 / 4.0;
        let took = start.elapsed().as_secs_f64();
        assert!((took - wanted).abs() < 0.1, "{took} s instead of {wanted} s");
        let shares = shares.into_inner().unwrap();
        assert!(shares.is_sorted() && shares.last() == Some(&1.0));
        assert!(shares.len() > 10, "told only {} times", shares.len());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_there_is_no_waiting() {
        let start = Instant::now();
        assert_eq!(tell(TEXT, 0.0, |_| ()).await, TEXT);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_telling_is_silent_at_once() {
        let told = Mutex::new(0.0);
        let telling = tell(TEXT, 1.0, |share| *told.lock().unwrap() = share);
        let stopped = tokio::time::timeout(Duration::from_secs(3), telling).await;
        assert!(stopped.is_err());
        let share = *told.lock().unwrap();
        assert!(share > 0.0 && share < 0.5, "{share}");
    }
}
