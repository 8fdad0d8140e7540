//! Detects the delimiter of the cells.
//!
//! Rule: parse the beginning of the text with each candidate. The best candidate gives the most
//! records with as many cells as the header, which must have more than one. Ties are broken by the
//! number of cells, then by the order `,`, `;`, tab, `|`. If no candidate splits the header, there
//! is one column.

/// Candidates in order of preference.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Size of the sample at the beginning of the text.
const SAMPLE_BYTES: usize = 64 * 1024;
const SAMPLE_RECORDS: usize = 100;

/// Detects the delimiter of a text.
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

/// Ends with a complete line if possible: a partial record would count against the right candidate.
fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE_BYTES {
        return text;
    }
    let sample = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
    sample.rfind('\n').map_or(sample, |end| &sample[..end])
}

/// Records per thousand with as many cells as the header, and the number of header cells.
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

/// Reads a text in memory; yields the same records as `Records`.
pub(super) fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes())
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
    fn a_long_text_is_judged_by_its_beginning() {
        let text = format!("a;b\n{}", "1,2;3\n".repeat(20_000));
        assert!(text.len() > SAMPLE_BYTES);
        assert_eq!(char::from(delimiter(&text)), ';');
    }
}
