//! Progress from a command's output: bytes in, signals out. No clock and no I/O; all bytes are
//! untrusted.
//!
//! A command reports progress on a channel of its own ([`Source::Channel`], JSON lines on the
//! descriptor named by `MILEPOST_PROGRESS_FD`), or [`Rules`] recognise it in the output. Output can
//! never be mistaken for the channel.

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
mod whole;

#[cfg(test)]
mod tests;

pub use escape::plain;
pub use lines::final_text;
pub use mask::{Mask, MaskedStream};
pub(crate) use pattern::regex_error;
pub use presets::{PresetInfo, presets};
pub use reader::{Limits, Reader};
pub(crate) use rules::RawRules;
pub use rules::{Rules, RulesError};

/// Source of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// The descriptor named by `MILEPOST_PROGRESS_FD`.
    Channel,
}

/// Event recognised in the output; handle events in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// Progress of the current stage, or of the whole without stages: 0..=1, never NaN.
    Fraction(f64),
    /// The progress of the whole is not known any more, until the next fraction or stage.
    Unknown,
    /// Index of the stage entered, from 0. Never decreases.
    Stage(usize),
    /// Current activity.
    Message(String),
    /// What is preserved if the command is stopped now.
    Preserved(String),
    /// Line for the log, without its line ending. May contain escape sequences.
    Line {
        /// Source of the line; [`Source::Channel`] for messages of the reader itself.
        source: Source,
        /// The line.
        text: String,
    },
}
