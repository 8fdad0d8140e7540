//! Reads the streams of one run and produces signals.

use super::{
    Rules, Signal, Source,
    channel::Channel,
    escape::plain,
    lines::{Lines, Piece},
    mask::Mask,
    pattern::{Pattern, Seen},
    tracker::Tracker,
};

/// Limits of a reader. `Default` gives the documented values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a line that are retained and matched; the rest is only counted. Default: 8,192.
    pub line_bytes: usize,
    /// Characters of a line for the log, followed by a note about omitted text. Default: 1,900, so
    /// that line and note fit into the engine's `max_message_chars`.
    pub line_chars: usize,
    /// Maximum length of a message in characters. Default: 200.
    pub message_chars: usize,
    /// Maximum length of a channel line in bytes; longer ones are invalid. Default: 16,384.
    pub channel_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line_bytes: 8_192, line_chars: 1_900, message_chars: 200, channel_bytes: 16_384 }
    }
}

/// Reads the output of one run. Memory is bounded, and chunk boundaries make no difference.
pub struct Reader {
    rules: Rules,
    limits: Limits,
    mask: Mask,
    any_stream: bool,
    stdout: Lines,
    stderr: Lines,
    /// Whether the last state of a stream contains only progress.
    hide_stdout: bool,
    hide_stderr: bool,
    channel: Channel,
    tracker: Tracker,
}

impl Reader {
    /// Creates a reader with these rules.
    pub fn new(rules: &Rules, limits: Limits) -> Self {
        let mut tracker = Tracker::new(limits.message_chars);
        tracker.set_stages(rules.stages().into_iter().map(|(name, _)| name).collect());
        if let Some(total) = rules.total() {
            tracker.declare_total(total);
        }
        Self {
            rules: rules.clone(),
            limits,
            mask: Mask::default(),
            any_stream: false,
            stdout: Lines::new(limits.line_bytes),
            stderr: Lines::new(limits.line_bytes),
            hide_stdout: false,
            hide_stderr: false,
            channel: Channel::new(limits.channel_bytes),
            tracker,
        }
    }

    /// Sets the stages of the task in order. Default: [`Rules::stages`].
    #[must_use]
    pub fn with_stages(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.tracker.set_stages(names.into_iter().collect());
        self
    }

    /// Hides these secrets in lines and messages before truncating them. Standard output and error
    /// must already be filtered by a [`super::MaskedStream`], because text cut off long lines is
    /// not searched here.
    #[must_use]
    pub fn with_mask(mut self, mask: Mask) -> Self {
        self.tracker.set_mask(mask.clone());
        self.mask = mask;
        self
    }

    /// Sets the total, which takes precedence over the output. Ignored unless positive.
    #[must_use]
    pub fn with_total(mut self, total: f64) -> Self {
        self.tracker.declare_total(total);
        self
    }

    /// Applies patterns to both streams, whichever they are meant for: a terminal merges them.
    #[must_use]
    pub fn on_any_stream(mut self) -> Self {
        self.any_stream = true;
        self
    }

    /// Processes bytes of one stream, in chunks of any size.
    pub fn push(&mut self, source: Source, bytes: &[u8], out: &mut Vec<Signal>) {
        if source == Source::Channel {
            return self.channel.push(bytes, &mut self.tracker, out);
        }
        self.on_lines(source, out, |lines, each| lines.push(bytes, each));
    }

    /// Treats the unfinished last line of a silent stream as a report. Programs that begin reports
    /// with a carriage return complete them only with the next one.
    pub fn idle(&mut self, source: Source, out: &mut Vec<Signal>) {
        if source != Source::Channel {
            self.on_lines(source, out, |lines, each| lines.idle(each));
        }
    }

    /// Ends a stream.
    pub fn end(&mut self, source: Source, out: &mut Vec<Signal>) {
        if source == Source::Channel {
            return self.channel.end(&mut self.tracker, out);
        }
        self.on_lines(source, out, |lines, each| lines.end(each));
    }

    fn on_lines(
        &mut self,
        source: Source,
        out: &mut Vec<Signal>,
        act: impl FnOnce(&mut Lines, &mut dyn FnMut(Piece<'_>)),
    ) {
        let (lines, hide) = match source {
            Source::Stderr => (&mut self.stderr, &mut self.hide_stderr),
            _ => (&mut self.stdout, &mut self.hide_stdout),
        };
        let stream = (!self.any_stream).then_some(source);
        let (rules, max_bytes) = (&self.rules, self.limits.line_chars);
        let (tracker, silent) = (&mut self.tracker, self.channel.speaks());
        let mask = &self.mask;
        act(lines, &mut |piece| match piece {
            Piece::State(text) => {
                let seen = look(rules, stream, &text);
                *hide = seen.hide;
                if !silent {
                    tracker.see(seen, out);
                }
            }
            // Its last state was already reported.
            Piece::Line(text, cut) => {
                if !std::mem::take(hide) {
                    let text = if cut > 0 { mask.hide_cut(&text) } else { mask.hide(&text) };
                    out.push(Signal::Line { source, text: for_log(&text, cut, max_bytes) });
                }
            }
        });
    }
}

/// Matches the patterns for this stream, or all of them, in a text. Of a preset's, the first match
/// counts.
fn look(rules: &Rules, stream: Option<Source>, text: &str) -> Seen {
    let mut seen = Seen::default();
    if rules.patterns().is_empty() {
        return seen;
    }
    let plain = plain(text);
    let fits = |pattern: &&Pattern| stream.is_none_or(|stream| pattern.streams.has(stream));
    let (own, preset) = rules.patterns().split_at(rules.own_patterns());
    for pattern in own.iter().filter(fits) {
        pattern.look(&plain, &mut seen);
    }
    let _ = preset.iter().filter(fits).any(|pattern| pattern.look(&plain, &mut seen));
    seen
}

/// Line for the log: without trailing blanks, and with a note about omitted text.
fn for_log(text: &str, cut: u64, max_bytes: usize) -> String {
    let text = text.trim_end();
    let retained = text.char_indices().nth(max_bytes).map_or(text.len(), |(end, _)| end);
    let cut = cut + (text.len() - retained) as u64;
    if cut == 0 {
        return text.to_owned();
    }
    let bytes = if cut == 1 { "byte is" } else { "bytes are" };
    format!("{} … (a long line: {cut} more {bytes} left out)", &text[..retained])
}
