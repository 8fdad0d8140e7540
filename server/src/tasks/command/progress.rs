//! Progress from what a command says: bytes in, signals out. No clock, no input, no output; every byte
//! is hostile.
//!
//! A command says how far it is on a channel of its own ([`Source::Channel`], JSON lines on the
//! descriptor that `MILEPOST_PROGRESS_FD` names), or [`Rules`] find it in what it prints. What it prints
//! can never speak for the channel.

mod channel;
mod escape;
mod lines;
mod mask;
mod number;
mod pattern;
mod presets;
mod reader;
mod rules;
mod tracker;

#[cfg(test)]
mod tests;

pub use mask::{Mask, MaskedStream};
pub use presets::{PresetInfo, presets};
pub use reader::{Limits, Reader};
pub use rules::{Rules, RulesError};

/// Where bytes of a command come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
    /// The descriptor that `MILEPOST_PROGRESS_FD` names.
    Channel,
}

/// What a command has said, in the order in which it is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// How far the present stage is (the whole, where there are no stages): 0..=1, never NaN.
    Fraction(f64),
    /// It has entered this stage, counted from 0. Never an earlier one than before.
    Stage(usize),
    /// What it does right now.
    Message(String),
    /// What stays if it is stopped now.
    Preserved(String),
    /// A line for the log, without its end. May hold escape sequences.
    Line {
        /// Where it was said; [`Source::Channel`] for what the reader itself has to say.
        source: Source,
        /// The line.
        text: String,
    },
}
