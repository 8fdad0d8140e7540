//! Interprets bytes as a terminal would: lines whose content changes. Memory is bounded, and chunk
//! boundaries make no difference.

use std::borrow::Cow;

const BACKSPACE: u8 = 8;

/// Work allowance per byte: reporting a state at a backspace costs as much as the line is long, so
/// each byte received pays for this much. Carriage returns need no limit, because each ends content
/// that had to be received first.
const CREDIT_PER_BYTE: usize = 32;
const MAX_CREDIT: usize = 1 << 18;

/// Something to match.
pub(super) enum Piece<'a> {
    /// State of a line, completed by a carriage return, a backspace or a line ending.
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
    most: usize,
    now: Held,
    /// Last non-empty state of a line restarted by a carriage return.
    before: Held,
    /// Whether the last character was a backspace.
    rubbing: bool,
    credit: usize,
}

impl Lines {
    /// Retains at most `most` bytes per line.
    pub(super) fn new(most: usize) -> Self {
        let (now, before) = (Held::default(), Held::default());
        Self { most, now, before, rubbing: false, credit: MAX_CREDIT }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) {
        while let Some(at) = bytes.iter().position(|b| matches!(*b, b'\n' | b'\r' | BACKSPACE)) {
            self.take(&bytes[..at]);
            match bytes[at] {
                b'\n' => self.end_line(each),
                b'\r' => self.begin_anew(each),
                _ => self.rub_out(each),
            }
            bytes = &bytes[at + 1..];
        }
        self.take(bytes);
    }

    /// Ends the stream.
    pub(super) fn end(&mut self, each: &mut dyn FnMut(Piece<'_>)) {
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
        let room = self.most.saturating_sub(self.now.bytes.len());
        // Text after the omitted part must not be joined to the text before it.
        let taken = if self.now.cut > 0 { 0 } else { room.min(bytes.len()) };
        self.now.bytes.extend_from_slice(&bytes[..taken]);
        self.now.cut += (bytes.len() - taken) as u64;
    }

    fn end_line(&mut self, each: &mut dyn FnMut(Piece<'_>)) {
        let last = if self.now.is_empty() {
            &self.before
        } else {
            each(Piece::State(self.now.text(false)));
            &self.now
        };
        each(Piece::Line(last.text(false), last.cut));
        self.now.clear();
        self.before.clear();
        self.rubbing = false;
    }

    fn begin_anew(&mut self, each: &mut dyn FnMut(Piece<'_>)) {
        if !self.now.is_empty() {
            each(Piece::State(self.now.text(false)));
            std::mem::swap(&mut self.now, &mut self.before);
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
