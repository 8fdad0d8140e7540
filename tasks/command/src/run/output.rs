//! From the bytes of a command to its log, its progress and its stored output.

use milepost::task::LogStream;

use super::{Run, cause::Cause};
use crate::{
    decode::{Decoder, Encoding},
    progress::{Mask, MaskedStream, Source},
};

/// What happens to the bytes of one stream before they are read.
pub(super) struct Filter {
    decoder: Decoder,
    masked: MaskedStream,
    cause: Cause,
}

impl Filter {
    pub(super) fn new(encoding: Option<Encoding>, mask: &Mask) -> Self {
        Self { decoder: Decoder::new(encoding), masked: mask.stream(), cause: Cause::default() }
    }

    /// Why the command failed, as far as this stream tells.
    pub(super) const fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl Run {
    /// Processes bytes read; an empty slice is the end.
    pub(super) fn take(&mut self, source: Source, bytes: &[u8]) {
        let filter = match source {
            Source::Stdout => &mut self.filters[0],
            Source::Stderr => &mut self.filters[1],
            // JSON lines are parsed before secrets are hidden.
            Source::Channel if bytes.is_empty() => {
                return self.reader.end(source, &mut self.signals);
            }
            Source::Channel => return self.reader.push(source, bytes, &mut self.signals),
        };
        self.output_bytes = self.output_bytes.saturating_add(bytes.len() as u64);
        let is_over = bytes.is_empty();
        let text = if is_over { filter.decoder.end() } else { filter.decoder.push(bytes) };
        let mut bytes = filter.masked.push(&text);
        if is_over {
            bytes.extend_from_slice(&filter.masked.end());
        }
        self.excerpt.push(&bytes);
        self.reader.push(source, &bytes, &mut self.signals);
        if is_over {
            self.reader.end(source, &mut self.signals);
        }
    }

    /// The command says nothing: what waits for the end of a line is looked at.
    pub(super) fn idle(&mut self) {
        for (source, filter) in [Source::Stdout, Source::Stderr].into_iter().zip(&mut self.filters)
        {
            let text = filter.decoder.idle();
            let bytes = filter.masked.push(&text);
            self.excerpt.push(&bytes);
            self.reader.push(source, &bytes, &mut self.signals);
            self.reader.idle(source, &mut self.signals);
        }
    }

    /// Adds a line to the log.
    pub(super) fn line(&mut self, source: Source, text: String) {
        match source {
            Source::Stdout => self.filters[0].cause.push(&text),
            Source::Stderr => self.filters[1].cause.push(&text),
            Source::Channel => {}
        }
        let stream = match source {
            Source::Stdout => LogStream::Stdout,
            Source::Stderr => LogStream::Stderr,
            Source::Channel => LogStream::Task,
        };
        self.screen.push(&text);
        self.ctx.log_from(stream, text);
    }
}
