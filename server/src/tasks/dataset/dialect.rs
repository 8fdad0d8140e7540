//! Which character separates the cells.
//!
//! The rule: read the beginning of the text once with each candidate; the best candidate is the one
//! with which most records have as many cells as the header (and the header more than one); between
//! equals, the one with more cells; then `,` before `;`, tab and `|`. Where none splits the header,
//! there is one column.

/// In order of preference between equals.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The beginning of the text that is looked at.
const SAMPLE_BYTES: usize = 64 * 1024;
const SAMPLE_RECORDS: usize = 100;

/// The separator of the text.
pub(super) fn delimiter(text: &str) -> u8 {
    let sample = sample(text);
    let mut best = (b',', (0, 0));
    for candidate in CANDIDATES {
        let score = score(sample, candidate);
        if score > best.1 {
            best = (candidate, score);
        }
    }
    best.0
}

/// Whole lines where possible: half a record at the end would speak against the right candidate.
fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE_BYTES {
        return text;
    }
    let sample = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
    sample.rfind('\n').map_or(sample, |end| &sample[..end])
}

/// Records in a thousand that have as many cells as the header, and the header's cells.
fn score(sample: &str, delimiter: u8) -> (usize, usize) {
    let mut reader = reader(sample, delimiter);
    let mut record = csv::ByteRecord::new();
    let (mut header, mut alike, mut seen) = (0, 0, 0);
    while seen < SAMPLE_RECORDS && matches!(reader.read_byte_record(&mut record), Ok(true)) {
        if seen == 0 {
            header = record.len();
            if header < 2 {
                return (0, 0);
            }
        }
        alike += usize::from(record.len() == header);
        seen += 1;
    }
    (alike * 1000 / seen.max(1), header)
}

/// The one way in which the text is read, so that detection and profile agree.
pub(super) fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    reader_of(text.as_bytes(), delimiter)
}

/// The same for a file.
pub(super) fn reader_of<R: std::io::Read>(file: R, delimiter: u8) -> csv::Reader<R> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(file)
}

/// On which line a record begins. The reader's own count is that of the end of the record before,
/// so blank lines and the line feed of a CR LF would be missed.
pub(super) struct Lines<'t> {
    bytes: &'t [u8],
    at: usize,
    line: u64,
}

impl<'t> Lines<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), at: 0, line: 1 }
    }

    /// The line, from 1, of a record that was read just now; records must come in order.
    pub(super) fn of(&mut self, record: &csv::StringRecord) -> u64 {
        let from = record.position().map_or(0, csv::Position::byte);
        let from = usize::try_from(from).unwrap_or(usize::MAX).clamp(self.at, self.bytes.len());
        let blank = self.bytes[from..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
        let start = from + blank.count();
        let feeds = self.bytes[self.at..start].iter().filter(|byte| **byte == b'\n').count();
        self.line += feeds as u64;
        self.at = start;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_found() {
        let cases = [
            ("input", b','),
            ("", b','),
            ("a,b\n1,2", b','),
            ("a;b\n1,5;2,5\n", b';'),
            ("a\tb\tc\n1\t2\t3", b'\t'),
            ("a|b\n1|2", b'|'),
            ("name;note\nx;\"one, two\"\ny;\"three, four, five\"", b';'),
            ("name,note\nx,a;b;c\ny,d\n", b','),
            ("\"a;b;c\",d\n1,2", b','),
            ("a,b;c\n1,2;3", b','),
            ("a;b,c;d\n1;2;3\n4;5;6\n", b';'),
        ];
        for (text, expected) in cases {
            assert_eq!(char::from(delimiter(text)), char::from(expected), "{text:?}");
        }
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        let text = "\na\r\n1\r\n\r\n\"2\r\n\"\r\n3\n\n4";
        let mut lines = Lines::new(text);
        let records = reader(text, b',').into_records();
        let found: Vec<u64> = records.map(|record| lines.of(&record.unwrap())).collect();
        assert_eq!(found, [2, 3, 5, 7, 9]);
    }

    #[test]
    fn a_long_text_is_judged_by_its_beginning() {
        let text = format!("a;b\n{}", "1,2;3\n".repeat(20_000));
        assert!(text.len() > SAMPLE_BYTES);
        assert_eq!(char::from(delimiter(&text)), ';');
    }
}
