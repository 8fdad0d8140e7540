//! What is finished so far of a running task: set by the task, coalesced, stored piece by piece, and sent
//! to clients from the first byte that changed.
//!
//! A piece begins where the preview before it ends, or at the beginning of an earlier piece, which it
//! replaces with all later ones. Versions grow along the pieces, so what a client with a version lacks is
//! one tail of the text.

use std::time::{Duration, Instant};

use super::store::PreviewPiece;
use crate::task::{Preview, TaskId};

/// Number of pieces from which on the later half becomes one piece.
const MAX_PIECES: usize = 512;

/// Content of a preview: a text of any media type, or rows, the first of which has the names of the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreviewContent {
    /// A text.
    Text(String),
    /// Rows of a table, shown as `text/csv`.
    Rows(Vec<Vec<String>>),
}

impl From<String> for PreviewContent {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for PreviewContent {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<Vec<String>>> for PreviewContent {
    fn from(rows: Vec<Vec<String>>) -> Self {
        Self::Rows(rows)
    }
}

impl PreviewContent {
    /// The content as at most `max` bytes of text that every database can store.
    pub(super) fn into_text(self, max: usize) -> String {
        let mut text = match self {
            Self::Text(text) => text,
            Self::Rows(rows) => csv(&rows, max),
        };
        if text.contains('\0') {
            text = text.replace('\0', "\u{fffd}");
        }
        text.truncate(text.floor_char_boundary(max));
        text
    }
}

/// Rows as CSV, as far as whole rows fit.
fn csv(rows: &[Vec<String>], max: usize) -> String {
    let mut text = String::new();
    for row in rows {
        let before = text.len();
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            if cell.contains(['"', ',', '\n', '\r']) {
                text.push('"');
                text.push_str(&cell.replace('"', "\"\""));
                text.push('"');
            } else {
                text.push_str(cell);
            }
        }
        text.push('\n');
        if text.len() > max {
            text.truncate(before);
            break;
        }
    }
    text
}

/// The preview of a run: what the store has, and what waits to be written.
#[derive(Debug, Default)]
pub(super) struct RunPreview {
    media_type: String,
    text: String,
    /// Beginning and version of each piece.
    pieces: Vec<(usize, i64)>,
    /// Whether the store has exactly these pieces. A new run does not know until it has read them.
    known: bool,
    /// Media type and text that are not written yet.
    waiting: Option<(String, String)>,
    taken_at: Option<Instant>,
}

impl RunPreview {
    /// The preview of a run; before the `first` there is none in the store.
    pub(super) fn new(is_first: bool) -> Self {
        Self { known: is_first, ..Self::default() }
    }

    /// Whether it is what the store has.
    pub(super) const fn is_known(&self) -> bool {
        self.known
    }

    /// Sets the preview; it is written with the next report.
    pub(super) fn set(&mut self, media_type: String, text: String) {
        self.waiting = Some((media_type, text));
    }

    /// Takes over what an earlier run has stored.
    pub(super) fn restore(&mut self, pieces: Vec<PreviewPiece>) {
        self.known = true;
        for piece in pieces {
            self.stored(&piece);
        }
    }

    /// Returns the piece to write, with version 0: at most one in `interval`, unless this is the `last`.
    pub(super) fn take(
        &mut self,
        now: Instant,
        interval: Duration,
        last: bool,
    ) -> Option<PreviewPiece> {
        let early = self.taken_at.is_some_and(|at| now.saturating_duration_since(at) < interval);
        if early && !last {
            return None;
        }
        let (media_type, text) = self.waiting.take()?;
        let same_type = self.known && media_type == self.media_type;
        if same_type && text == self.text {
            return None;
        }
        self.taken_at = Some(now);
        let start = if same_type { self.start_of(&text) } else { 0 };
        Some(PreviewPiece { start, version: 0, media_type, text: text.get(start..)?.to_owned() })
    }

    /// Where the piece begins that makes the stored text this one.
    fn start_of(&self, text: &str) -> usize {
        let same = self.text.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
        if same == self.text.len() && self.pieces.len() < MAX_PIECES {
            return same;
        }
        let same = if self.pieces.len() < MAX_PIECES {
            same
        } else {
            same.min(self.pieces[MAX_PIECES / 2].0)
        };
        let before = self.pieces.iter().rev().find(|(start, _)| *start <= same);
        before.map_or(0, |(start, _)| *start)
    }

    /// A piece has reached the store.
    pub(super) fn stored(&mut self, piece: &PreviewPiece) {
        self.known = true;
        self.media_type.clone_from(&piece.media_type);
        self.text.truncate(self.text.floor_char_boundary(piece.start));
        self.text.push_str(&piece.text);
        self.pieces.retain(|(start, _)| *start < piece.start);
        self.pieces.push((piece.start, piece.version));
    }

    /// A piece has perhaps not reached the store.
    pub(super) fn not_stored(&mut self, piece: PreviewPiece) {
        let before = self.text.get(..piece.start).unwrap_or_default();
        let text = [before, &piece.text].concat();
        self.waiting.get_or_insert((piece.media_type, text));
        // A commit that was not answered may have been made.
        self.known = false;
        self.taken_at = None;
    }

    /// What a client with this version lacks; `None`: nothing.
    pub(super) fn after(&self, id: TaskId, version: i64) -> Option<Preview> {
        let (start, _) = self.pieces.iter().find(|(_, of)| *of > version)?;
        let (_, newest) = self.pieces.last()?;
        let whole = Preview::new(id, *newest, self.media_type.clone(), self.text.clone());
        Some(whole.from(i64::try_from(*start).unwrap_or(i64::MAX)))
    }
}

/// What a client with `version` lacks of these pieces, the newest of the preview; `None`: nothing.
pub(super) fn of_pieces(id: TaskId, pieces: Vec<PreviewPiece>) -> Option<Preview> {
    let offset = i64::try_from(pieces.first()?.start).unwrap_or(i64::MAX);
    let last = pieces.last()?;
    let (version, media_type) = (last.version, last.media_type.clone());
    let text: String = pieces.into_iter().map(|piece| piece.text).collect();
    let mut preview = Preview::new(id, version, media_type, text);
    preview.offset = offset;
    preview.size_bytes = preview.size_bytes.saturating_add(offset);
    Some(preview)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn id() -> TaskId {
        "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().expect("an id")
    }

    /// Writes what waits, `at` seconds after the first; returns what is written.
    fn write(
        preview: &mut RunPreview,
        from: Instant,
        at: u64,
        version: i64,
    ) -> Option<(usize, String)> {
        let mut piece = preview.take(from + SECOND * u32::try_from(at).ok()?, SECOND, false)?;
        piece.version = version;
        preview.stored(&piece);
        Some((piece.start, piece.text))
    }

    fn part(preview: &RunPreview, version: i64) -> Option<(i64, i64, String)> {
        preview.after(id(), version).map(|part| (part.version, part.offset, part.text))
    }

    #[test]
    fn what_only_grows_is_written_and_sent_once() {
        let (mut preview, from) = (RunPreview::default(), Instant::now());
        preview.set("text/markdown".to_owned(), "one ".to_owned());
        assert_eq!(write(&mut preview, from, 0, 5), Some((0, "one ".to_owned())));
        preview.set("text/markdown".to_owned(), "one two ".to_owned());
        assert_eq!(preview.take(from, SECOND, false), None, "within the interval");
        preview.set("text/markdown".to_owned(), "one two thrée".to_owned());
        assert_eq!(write(&mut preview, from, 1, 8), Some((4, "two thrée".to_owned())));
        preview.set("text/markdown".to_owned(), "one two thrée".to_owned());
        assert_eq!(write(&mut preview, from, 2, 9), None, "nothing has changed");
        assert_eq!(part(&preview, 0), Some((8, 0, "one two thrée".to_owned())));
        assert_eq!(part(&preview, 5), Some((8, 4, "two thrée".to_owned())));
        assert_eq!(part(&preview, 8), None);
    }

    #[test]
    fn a_change_in_the_middle_replaces_from_the_piece_that_has_it() {
        let (mut preview, from) = (RunPreview::default(), Instant::now());
        for (at, text) in [(0, "aaa"), (1, "aaabbb"), (2, "aaabbbccc")] {
            preview.set("text/plain".to_owned(), text.to_owned());
            write(&mut preview, from, at, 10 + i64::try_from(at).expect("small"));
        }
        preview.set("text/plain".to_owned(), "aaabbXccc".to_owned());
        assert_eq!(write(&mut preview, from, 3, 20), Some((3, "bbXccc".to_owned())));
        assert_eq!(part(&preview, 12), Some((20, 3, "bbXccc".to_owned())));
        // Shorter than before, and of another type.
        preview.set("text/plain".to_owned(), "aaa".to_owned());
        assert_eq!(write(&mut preview, from, 4, 21), Some((3, String::new())));
        assert_eq!(part(&preview, 20), Some((21, 3, String::new())));
        preview.set("text/csv".to_owned(), "aaa".to_owned());
        assert_eq!(write(&mut preview, from, 5, 22), Some((0, "aaa".to_owned())));
    }

    #[test]
    fn what_was_not_written_is_written_whole_with_the_next() {
        let (mut preview, from) = (RunPreview::default(), Instant::now());
        preview.set("text/plain".to_owned(), "one".to_owned());
        write(&mut preview, from, 0, 1);
        preview.set("text/plain".to_owned(), "one two".to_owned());
        let piece = preview.take(from + SECOND, SECOND, false).expect("a piece");
        assert_eq!(part(&preview, 1), None, "not sent before it is stored");
        preview.not_stored(piece);
        assert_eq!(write(&mut preview, from, 1, 2), Some((0, "one two".to_owned())));
    }

    #[test]
    fn the_pieces_are_bounded_and_a_new_run_goes_on_from_those_stored() {
        let (mut preview, from, mut text) = (RunPreview::default(), Instant::now(), String::new());
        for at in 0..2_000 {
            text.push_str("ü ");
            preview.set("text/plain".to_owned(), text.clone());
            write(&mut preview, from, at, i64::try_from(at).expect("small") + 1);
            assert!(preview.pieces.len() <= MAX_PIECES);
        }
        let whole = preview.after(id(), 0).expect("a preview");
        assert_eq!((whole.text.as_str(), whole.offset), (text.as_str(), 0));
        let mut next = RunPreview::default();
        let piece = |start, version, text: &str| PreviewPiece {
            start,
            version,
            media_type: "text/plain".to_owned(),
            text: text.to_owned(),
        };
        next.restore(vec![piece(0, 1, "ab"), piece(2, 2, "cd")]);
        next.set("text/plain".to_owned(), "abcdef".to_owned());
        assert_eq!(write(&mut next, from, 0, 1 << 20), Some((4, "ef".to_owned())));
    }

    #[test]
    fn content_is_cut_at_a_character_and_at_a_row() {
        assert_eq!(PreviewContent::from("aü\0b").into_text(2), "a");
        assert_eq!(PreviewContent::from("a\0b").into_text(99), "a\u{fffd}b");
        let rows =
            vec![vec!["a,b".to_owned(), "\"x\"".to_owned()], vec!["1".to_owned(), String::new()]];
        let rows = PreviewContent::from(rows);
        assert_eq!(rows.clone().into_text(99), "\"a,b\",\"\"\"x\"\"\"\n1,\n");
        assert_eq!(rows.into_text(16), "\"a,b\",\"\"\"x\"\"\"\n");
    }
}
