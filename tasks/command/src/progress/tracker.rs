//! Progress so far, and the signals that follow from new reports.

use super::{Mask, Signal, pattern::Seen};

/// Maximum fraction that exceeds one only by rounding.
pub(super) const HARDLY_ABOVE_ONE: f64 = 1.001;

/// See the module.
pub(super) struct Tracker {
    stages: Vec<String>,
    stage: Option<usize>,
    total: Option<f64>,
    message: Option<String>,
    message_chars: usize,
    mask: Mask,
    fraction: Option<f64>,
    /// Whether the total still grows.
    unsure: bool,
}

/// Reference to a stage.
pub(super) enum StageRef<'a> {
    Name(&'a str),
    /// From 1.
    Number(u64),
}

/// Position of a stage relative to the current one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is, or has become, the current stage.
    Present,
    /// It is over: stages never go back.
    Behind,
    /// The stage does not exist.
    Nowhere,
}

impl Tracker {
    pub(super) fn new(message_chars: usize) -> Self {
        Self {
            stages: Vec::new(),
            stage: None,
            total: None,
            message: None,
            message_chars,
            mask: Mask::default(),
            fraction: None,
            unsure: false,
        }
    }

    pub(super) fn set_stages(&mut self, stages: Vec<String>) {
        self.stages = stages;
    }

    pub(super) fn set_mask(&mut self, mask: Mask) {
        self.mask = mask;
    }

    /// The text in one line, without secrets and truncated.
    pub(super) fn shown(&self, text: &str, most: usize) -> String {
        // A line may end inside a secret.
        one_line(&self.mask.hide_cut(text), most)
    }

    pub(super) fn stages(&self) -> &[String] {
        &self.stages
    }

    pub(super) fn set_total(&mut self, total: f64) {
        if total.is_finite() && total > 0.0 {
            self.total = Some(total);
        }
    }

    /// Processes the matches in one piece of output.
    pub(super) fn see(&mut self, seen: Seen, out: &mut Vec<Signal>) {
        if let Some(sure) = seen.sure {
            self.unsure = !sure;
        }
        let place = match &seen.stage {
            Some(name) => self.enter(&StageRef::Name(name), out),
            None => Place::Present,
        };
        if let Some(total) = seen.total {
            let before = self.total.filter(|_| seen.largest).unwrap_or(0.0);
            self.set_total(total.max(before));
        }
        let fraction = seen.fraction.or_else(|| self.count(seen.done, seen.left));
        let fraction = fraction.filter(|_| place == Place::Present && !self.unsure);
        let known = fraction.is_some_and(|fraction| self.move_to(fraction, out));
        let message = seen.message.or_else(|| seen.instead.filter(|_| !known));
        if let Some(message) = message.filter(|_| place != Place::Behind) {
            self.say(&message, out);
        }
    }

    /// Fraction of the total, from the amount done or left.
    fn count(&self, done: Option<f64>, left: Option<f64>) -> Option<f64> {
        let total = self.total?;
        Some(done.or_else(|| left.map(|left| total - left))? / total)
    }

    /// Processes counts of the channel, which may arrive separately.
    pub(super) fn counted(&mut self, done: Option<f64>, out: &mut Vec<Signal>) {
        if let Some(fraction) = self.count(done, None) {
            self.move_to(fraction, out);
        }
    }

    /// Reports a fraction; false if it is invalid.
    pub(super) fn move_to(&mut self, fraction: f64, out: &mut Vec<Signal>) -> bool {
        if !fraction.is_finite() || fraction < 0.0 {
            return false;
        }
        let fraction = fraction.min(1.0);
        if self.fraction != Some(fraction) {
            self.fraction = Some(fraction);
            out.push(Signal::Fraction(fraction));
        }
        true
    }

    /// Enters a stage, unless it is an earlier one.
    pub(super) fn enter(&mut self, stage: &StageRef<'_>, out: &mut Vec<Signal>) -> Place {
        let index = match *stage {
            StageRef::Name(name) => {
                let same =
                    |stage: &String| stage.trim().to_lowercase() == name.trim().to_lowercase();
                self.stages.iter().position(same)
            }
            StageRef::Number(number) => {
                let index = number.checked_sub(1).and_then(|index| usize::try_from(index).ok());
                index.filter(|index| *index < self.stages.len())
            }
        };
        let Some(index) = index else { return Place::Nowhere };
        match self.stage {
            Some(present) if index < present => return Place::Behind,
            Some(present) if index == present => return Place::Present,
            _ => {}
        }
        self.stage = Some(index);
        self.fraction = None;
        // Messages belong to a stage and end with it.
        self.message = None;
        out.push(Signal::Stage(index));
        Place::Present
    }

    /// Reports a message, unless it is unchanged.
    pub(super) fn say(&mut self, text: &str, out: &mut Vec<Signal>) {
        let text = self.shown(text, self.message_chars);
        if !text.is_empty() && self.message.as_ref() != Some(&text) {
            self.message = Some(text.clone());
            out.push(Signal::Message(text));
        }
    }

    pub(super) fn keep(&self, text: &str, out: &mut Vec<Signal>) {
        let text = self.shown(text, self.message_chars);
        if !text.is_empty() {
            out.push(Signal::Preserved(text));
        }
    }
}

/// Removes control characters and surrounding blanks, and truncates.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut plain: String = plain.skip_while(|c| c.is_whitespace()).take(most + 1).collect();
    if let Some((end, _)) = plain.char_indices().nth(most) {
        plain.truncate(end);
        plain.push('…');
    }
    plain.truncate(plain.trim_end().len());
    plain
}
