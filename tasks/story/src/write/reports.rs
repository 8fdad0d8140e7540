//! Passes the reports of a narrator on to the task's page.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use milepost::engine::Context;

use super::super::narrator::Report;

/// Minimum time between two messages about thinking.
const THINKING_EVERY: Duration = Duration::from_secs(2);

/// Receives the reports of one step.
pub(super) struct Reports<'a> {
    ctx: &'a Context,
    /// What the step does.
    message: String,
    /// Which part of the stage it is: its number from 0, and how many there are.
    part: (usize, usize),
    shown: Mutex<Shown>,
}

/// What the page shows instead of the step's own message.
enum Shown {
    Step,
    Note,
    Thinking(Instant),
}

impl<'a> Reports<'a> {
    pub(super) fn new(ctx: &'a Context, message: &str, part: (usize, usize)) -> Self {
        Self { ctx, message: message.to_owned(), part, shown: Mutex::new(Shown::Step) }
    }

    pub(super) fn take(&self, report: Report<'_>) {
        let mut shown = self.shown.lock();
        match report {
            Report::Written(share) => {
                let (done, total) = self.part;
                self.ctx.progress((done as f64 + share.clamp(0.0, 0.99)) / total as f64);
                if !matches!(*shown, Shown::Step) {
                    *shown = Shown::Step;
                    self.ctx.message(self.message.as_str());
                }
            }
            Report::Thinking(tokens) => {
                if matches!(*shown, Shown::Thinking(at) if at.elapsed() < THINKING_EVERY) {
                    return;
                }
                *shown = Shown::Thinking(Instant::now());
                self.ctx.message(thinking(&self.message, tokens));
            }
            Report::Note(note) => {
                *shown = Shown::Note;
                self.ctx.message(note);
                self.ctx.log(note);
            }
        }
    }
}

/// `Writing chapter 2 of 5: the model is thinking, 1,240 tokens`.
fn thinking(message: &str, tokens: u64) -> String {
    let digits = tokens.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{message}: the model is thinking, {grouped} tokens")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinking_is_told_with_its_length() {
        assert_eq!(thinking("Outlining", 7), "Outlining: the model is thinking, 7 tokens");
        assert_eq!(thinking("x", 1_240), "x: the model is thinking, 1,240 tokens");
        assert_eq!(thinking("x", 1_234_567), "x: the model is thinking, 1,234,567 tokens");
    }
}
