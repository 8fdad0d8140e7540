//! Interprets bytes as a terminal would: lines whose content changes. Memory is bounded, and chunk
//! boundaries make no difference.
//!
//! A movement of the cursor ends a state of a line, as a carriage return does. Colours stay in the
//! text; all other escape sequences are removed.

use std::borrow::Cow;

use super::escape::{Effect, Escape, is_blank, plain};

const BACKSPACE: u8 = 8;
const ESCAPE: u8 = 0x1b;

/// Work allowance per byte: reporting a state at a backspace costs as much as the line is long, so
/// each byte received pays for this much. Carriage returns need no limit, because each ends content
/// that had to be received first.
const CREDIT_PER_BYTE: usize = 32;
const MAX_CREDIT: usize = 1 << 18;

/// Something to match.
pub(super) enum Piece<'a> {
    /// State of a line, completed by a carriage return, a movement of the cursor, a backspace or a
    /// line ending.
    State(Cow<'a, str>),
    /// A complete line in its last state, and the number of bytes omitted.
    Line(Cow<'a, str>, u64),
}

/// Content of a line.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    /// Bytes beyond the limit.
    cut: u64,
}

impl Held {
    fn clear(&mut self) {
        self.bytes.clear();
        self.cut = 0;
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.cut == 0
    }

    /// Whether it shows nothing: programs erase lines with blanks.
    fn is_blank(&self) -> bool {
        self.cut == 0 && is_blank(&self.bytes)
    }

    /// The text. Invalid UTF-8 is replaced; a cut-off character is omitted.
    fn text(&self, may_go_on: bool) -> Cow<'_, str> {
        let bytes = match std::str::from_utf8(&self.bytes) {
            Err(error) if error.error_len().is_none() && (may_go_on || self.cut > 0) => {
                &self.bytes[..error.valid_up_to()]
            }
            _ => &self.bytes[..],
        };
        String::from_utf8_lossy(bytes)
    }

    fn rub_out(&mut self) {
        if self.cut > 0 {
            self.cut -= 1;
            return;
        }
        for _ in 0..4 {
            match self.bytes.pop() {
                // Continuation byte of the previous character.
                Some(0x80..=0xBF) => {}
                _ => return,
            }
        }
    }
}

/// See the module.
pub(super) struct Lines {
    max_bytes: usize,
    now: Held,
    /// Last state of a line restarted by a carriage return that showed anything.
    before: Held,
    /// Escape sequence that has not ended.
    escape: Option<Escape>,
    /// Whether the last character was a backspace.
    rubbing: bool,
    credit: usize,
}

impl Lines {
    /// Retains at most `max_bytes` bytes per line.
    pub(super) fn new(max_bytes: usize) -> Self {
        let (now, before) = (Held::default(), Held::default());
        Self { max_bytes, now, before, escape: None, rubbing: false, credit: MAX_CREDIT }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) {
        while !bytes.is_empty() {
            if self.escape.is_some() {
                bytes = self.go_on_with_escape(bytes, each);
                continue;
            }
            let special = |b: &u8| matches!(*b, b'\n' | b'\r' | BACKSPACE | ESCAPE);
            let at = bytes.iter().position(special).unwrap_or(bytes.len());
            self.take(&bytes[..at]);
            match bytes.get(at) {
                Some(b'\n') => self.end_line(each),
                Some(b'\r') => self.begin_anew(each),
                Some(&ESCAPE) => self.escape = Some(Escape::default()),
                Some(_) => self.rub_out(each),
                None => return,
            }
            bytes = &bytes[at + 1..];
        }
    }

    /// Reads on in an escape sequence; returns the bytes after what was read.
    fn go_on_with_escape<'b>(
        &mut self,
        bytes: &'b [u8],
        each: &mut dyn FnMut(Piece<'_>),
    ) -> &'b [u8] {
        let Some(mut escape) = self.escape.take() else { return bytes };
        for (at, byte) in bytes.iter().enumerate() {
            match escape.push(*byte) {
                Effect::Incomplete => continue,
                Effect::Style => {
                    self.take(&[ESCAPE]);
                    self.take(escape.bytes());
                }
                Effect::Moves => self.begin_anew(each),
                Effect::Nothing => {}
                // The byte belongs to the text.
                Effect::Broken => return &bytes[at..],
            }
            return &bytes[at + 1..];
        }
        self.escape = Some(escape);
        &[]
    }

    /// Ends the stream.
    pub(super) fn end(&mut self, each: &mut dyn FnMut(Piece<'_>)) {
        self.escape = None;
        if !self.now.is_empty() || !self.before.is_empty() {
            self.end_line(each);
        }
    }

    /// Reports the current content as if it were complete; it may still grow.
    pub(super) fn idle(&self, each: &mut dyn FnMut(Piece<'_>)) {
        if !self.now.is_empty() {
            each(Piece::State(self.now.text(true)));
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.rubbing = false;
        self.credit =
            self.credit.saturating_add(bytes.len().saturating_mul(CREDIT_PER_BYTE)).min(MAX_CREDIT);
        let room = self.max_bytes.saturating_sub(self.now.bytes.len());
        // Text after the omitted part must not be joined to the text before it.
        let taken = if self.now.cut > 0 { 0 } else { room.min(bytes.len()) };
        self.now.bytes.extend_from_slice(&bytes[..taken]);
        self.now.cut += (bytes.len() - taken) as u64;
    }

    fn end_line(&mut self, each: &mut dyn FnMut(Piece<'_>)) {
        if !self.now.is_empty() {
            each(Piece::State(self.now.text(false)));
        }
        let erased = self.now.is_blank() && !self.before.is_empty();
        let last = if erased { &self.before } else { &self.now };
        each(Piece::Line(last.text(false), last.cut));
        self.now.clear();
        self.before.clear();
        self.rubbing = false;
    }

    fn begin_anew(&mut self, each: &mut dyn FnMut(Piece<'_>)) {
        if !self.now.is_empty() {
            each(Piece::State(self.now.text(false)));
            if !self.now.is_blank() {
                std::mem::swap(&mut self.now, &mut self.before);
            }
            self.now.clear();
        }
        self.rubbing = false;
    }

    fn rub_out(&mut self, each: &mut dyn FnMut(Piece<'_>)) {
        let cost = self.now.bytes.len();
        if !self.rubbing && cost > 0 && cost <= self.credit {
            self.credit -= cost;
            each(Piece::State(self.now.text(false)));
        }
        self.rubbing = true;
        self.now.rub_out();
    }
}

/// A whole output as a terminal would show it at the end: the last state of each line, without
/// escape sequences.
pub fn final_text(text: &str) -> String {
    let mut last = String::with_capacity(text.len());
    let mut lines = Lines::new(usize::MAX);
    let mut each = |piece: Piece<'_>| {
        if let Piece::Line(line, _) = piece {
            let visible = |c: &char| !c.is_control() || *c == '\t';
            last.extend(plain(&line).chars().filter(visible));
            last.push('\n');
        }
    };
    lines.push(text.as_bytes(), &mut each);
    lines.end(&mut each);
    if !text.ends_with('\n') {
        last.pop();
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_final_text_is_what_a_terminal_shows_at_the_end() {
        for (output, shown) in [
            ("10%\r 20%\r30% done\r\n\u{1b}[31mred\u{1b}[0m\n", "30% done\nred\n"),
            ("\u{1b}]0;a title\u{7}\tlast", "\tlast"),
            ("a 1%\u{8}\u{8}20%\u{1b}[1Gb\nc\u{7}\0d", "b\ncd"),
            ("", ""),
            ("\n\n", "\n\n"),
            ("a\n\u{1b}[", "a"),
        ] {
            assert_eq!(final_text(output), shown, "{output:?}");
        }
    }
}
