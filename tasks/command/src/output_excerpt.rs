//! Retains the beginning and the end of a command's output.

use std::collections::VecDeque;

/// Retains the first and last bytes of a stream in constant memory.
pub(super) struct OutputExcerpt {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    half: usize,
    seen: u64,
}

impl OutputExcerpt {
    /// Retains at most `max_bytes` bytes, half of them from the beginning.
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { head: Vec::new(), tail: VecDeque::new(), half: max_bytes / 2, seen: 0 }
    }

    /// Adds bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        let (head, rest) = bytes.split_at(bytes.len().min(self.half - self.head.len()));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(self.half)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(self.half);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// Number of bytes not retained.
    pub(super) fn omitted(&self) -> u64 {
        let (head, tail) = self.ends();
        self.seen - (head.len() + tail.len()) as u64
    }

    /// The retained text with a note in the gap. Invalid UTF-8 becomes U+FFFD.
    pub(super) fn text(&self) -> String {
        let (head, tail) = self.ends();
        let omitted = self.omitted();
        if omitted == 0 {
            return String::from_utf8_lossy(&[head, &*tail].concat()).into_owned();
        }
        let (head, tail) = (String::from_utf8_lossy(head), String::from_utf8_lossy(&tail));
        let bytes = if omitted == 1 { "byte is" } else { "bytes are" };
        format!("{head}\n[… {omitted} {bytes} not kept …]\n{tail}")
    }

    /// Beginning and end, without the parts of characters that the gap cuts.
    fn ends(&self) -> (&[u8], Vec<u8>) {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.seen == (self.head.len() + tail.len()) as u64 {
            return (&self.head, tail);
        }
        let whole = match std::str::from_utf8(&self.head) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.head.len(),
        };
        // At most three bytes of a character follow its first one.
        let continues = |byte: &&u8| matches!(**byte, 0x80..=0xbf);
        let cut = tail.iter().take(3).take_while(continues).count();
        (&self.head[..whole], tail[cut..].to_vec())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_gap_is_named() {
        let mut excerpt = OutputExcerpt::new(8);
        excerpt.push(b"0123456789");
        excerpt.push(b"ab");
        assert_eq!(excerpt.text(), "0123\n[… 4 bytes are not kept …]\n89ab");
        assert_eq!((excerpt.seen, excerpt.omitted()), (12, 4));
    }

    #[test]
    fn no_character_is_cut_at_the_gap() {
        for max in 2..16 {
            let mut excerpt = OutputExcerpt::new(max);
            excerpt.push("aä日🦀aä日🦀aä日🦀".as_bytes());
            let text = excerpt.text();
            assert!(!text.contains('\u{fffd}'), "{max}: {text}");
            let note = format!("[… {} bytes are not kept …]", excerpt.omitted());
            assert!(text.contains(&note), "{max}: {text}");
        }
        let mut excerpt = OutputExcerpt::new(4);
        excerpt.push(b"abcde");
        assert_eq!(excerpt.text(), "ab\n[… 1 byte is not kept …]\nde");
    }

    proptest! {
        #[test]
        fn beginning_and_end_are_kept_however_it_comes(
            chunks in proptest::collection::vec(proptest::collection::vec(b'a'..=b'z', 0..20), 0..20),
            max in 2_usize..64,
        ) {
            let mut excerpt = OutputExcerpt::new(max);
            chunks.iter().for_each(|chunk| excerpt.push(chunk));
            let all = chunks.concat();
            let half = max / 2;
            prop_assert!(excerpt.head.len() + excerpt.tail.len() <= max);
            prop_assert_eq!(&excerpt.head[..], &all[..all.len().min(half)]);
            let tail: Vec<u8> = excerpt.tail.iter().copied().collect();
            prop_assert_eq!(&tail[..], &all[all.len().saturating_sub(half).max(excerpt.head.len())..]);
            prop_assert_eq!(excerpt.seen, all.len() as u64);
        }
    }
}
