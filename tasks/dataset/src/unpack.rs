//! Decompresses gzip, Zstandard and ZIP files, which are detected by their first bytes.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use flate2::bufread::GzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::{warnings::Warnings, zip::Archive};

const BUFFER: usize = 64 << 10;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Magic of a skippable frame, with which Zstandard files may begin.
const ZSTD_SKIPPED: &[u8] = &[0x2a, 0x4d, 0x18];
/// Maximum window size of a Zstandard file: what the format requires of every decoder, and what its
/// program uses up to level 19.
const MAX_WINDOW: u64 = 8 << 20;

/// Other formats that are mistaken for CSV, with advice.
const OTHERS: [(&[u8], &str); 21] = [
    (b"\xd0\xcf\x11\xe0", "it is an old spreadsheet; save the sheet as CSV"),
    (b"PAR1", "it is a Parquet file; write it as CSV"),
    (b"\xfd7zXZ", "it is packed with xz; pack it with gzip or zstd, or not at all"),
    (b"BZh", "it is packed with bzip2; pack it with gzip or zstd, or not at all"),
    (b"7z\xbc\xaf\x27\x1c", "it is packed with 7-Zip; pack it with gzip or zstd, or not at all"),
    (b"Rar!\x1a\x07", "it is packed with RAR; pack it with gzip or zstd, or not at all"),
    (b"\x04\x22\x4d\x18", "it is packed with LZ4; pack it with gzip or zstd, or not at all"),
    (b"\x1f\x9d", "it is packed with compress; pack it with gzip or zstd, or not at all"),
    (b"SQLite format 3\0", "it is a database; write its table as CSV"),
    (b"%PDF-", "it is a PDF"),
    (b"ARROW1", "it is an Arrow file; write it as CSV"),
    (b"FEA1", "it is a Feather file; write it as CSV"),
    (b"ORC", "it is an ORC file; write it as CSV"),
    (b"Obj\x01", "it is an Avro file; write it as CSV"),
    (b"\x89HDF\r\n", "it is an HDF5 file; write its table as CSV"),
    (b"\x89PNG\r\n", "it is an image"),
    (b"\xff\xd8\xff", "it is an image"),
    (b"GIF8", "it is an image"),
    (b"\xff\xfe\0\0", "it is text in UTF-32; save it as UTF-8"),
    (b"\0\0\xfe\xff", "it is text in UTF-32; save it as UTF-8"),
    (b"$FL2", "it is a file of SPSS; write it as CSV"),
];

/// Detected content of a file.
pub(super) struct Unpacked<'f> {
    /// The uncompressed bytes.
    pub(super) bytes: Box<dyn Read + Send + 'f>,
    /// Name of the compression.
    pub(super) packing: Option<&'static str>,
    /// Why it cannot be CSV.
    pub(super) other: Option<String>,
    /// Whether something follows the compressed data.
    pub(super) trailing: Trailing,
}

/// Whether bytes that are no compressed data follow the compressed data; known at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Trailing(Arc<AtomicBool>);

impl Trailing {
    /// Adds a warning at the end.
    pub(super) fn warn(&self, warnings: &mut Warnings) {
        if self.0.load(Ordering::Relaxed) {
            let what = "Bytes that are no compressed data follow the compressed data, such as \
                        padding; they were not read.";
            warnings.add_whole("trailing_bytes", None, what.to_owned());
        }
    }
}

/// Decompresses a file if it is compressed.
pub(super) fn unpack<'f>(file: impl Read + Send + 'f) -> io::Result<Unpacked<'f>> {
    // A single read may return only a few bytes.
    let mut start = Vec::with_capacity(16);
    let mut file = file;
    (&mut file).take(16).read_to_end(&mut start)?;
    let other = OTHERS.iter().find(|(magic, _)| is_of(&start, magic));
    let mut other = other.map(|(_, what)| (*what).to_owned());
    let is_gzip = start.starts_with(GZIP);
    let is_zstd = start.starts_with(ZSTD)
        || start.first().is_some_and(is_skipped) && start[1..].starts_with(ZSTD_SKIPPED);
    let is_zip = start.starts_with(b"PK\x03\x04");
    let file = BufReader::with_capacity(BUFFER, io::Cursor::new(start).chain(file));
    let trailing = Trailing::default();
    let (bytes, packing): (Box<dyn Read + Send + 'f>, _) = if is_gzip {
        let member = Some(Member::Within(GzDecoder::new(file)));
        (Box::new(Members { member, trailing: trailing.clone() }), Some("gzip"))
    } else if is_zstd {
        let state = Some(State::Between(file));
        (
            Box::new(Frames { state, has_input: false, trailing: trailing.clone() }),
            Some("Zstandard"),
        )
    } else if is_zip {
        match Archive::open(file)? {
            Ok(archive) => (Box::new(archive), Some("ZIP")),
            Err(what) => {
                other = Some(what);
                (Box::new(io::empty()), None)
            }
        }
    } else {
        (Box::new(file), None)
    };
    Ok(Unpacked { bytes, packing, other, trailing })
}

/// Whether a file begins with a magic; one of letters must not be the beginning of a word.
fn is_of(start: &[u8], magic: &[u8]) -> bool {
    let next = start.get(magic.len());
    let is_word = magic.iter().all(u8::is_ascii_alphanumeric)
        && next.is_some_and(|byte| {
            matches!(byte, b',' | b';' | b'\t' | b'|' | b'\r' | b'\n' | b'_' | b' ' | b'"')
        });
    start.starts_with(magic)
        && !is_word
        && !(magic == b"ORC" && next.is_none_or(u8::is_ascii_alphanumeric))
}

/// Reads gzip members one after the other, up to what is none.
struct Members<R: BufRead> {
    member: Option<Member<R>>,
    trailing: Trailing,
}

enum Member<R: BufRead> {
    Between(R),
    Within(GzDecoder<R>),
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.member.take() {
                None => return Ok(0),
                Some(Member::Between(mut rest)) => match rest.fill_buf()?.first() {
                    None => return Ok(0),
                    Some(first) if *first == GZIP[0] => {
                        self.member = Some(Member::Within(GzDecoder::new(rest)));
                    }
                    Some(_) => {
                        self.trailing.0.store(true, Ordering::Relaxed);
                        return Ok(0);
                    }
                },
                Some(Member::Within(mut member)) => match member.read(buffer)? {
                    0 if !buffer.is_empty() => {
                        self.member = Some(Member::Between(member.into_inner()));
                    }
                    read => {
                        self.member = Some(Member::Within(member));
                        return Ok(read);
                    }
                },
            }
        }
    }
}

/// First byte of a skippable frame.
const fn is_skipped(byte: &u8) -> bool {
    *byte & 0xf0 == 0x50
}

/// Reads Zstandard frames one after the other.
struct Frames<R: BufRead> {
    state: Option<State<R>>,
    has_input: bool,
    trailing: Trailing,
}

enum State<R: BufRead> {
    Between(R),
    Within(Box<StreamingDecoder<R, FrameDecoder>>),
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state.take() {
                None => return Ok(0),
                Some(State::Between(mut rest)) => {
                    let Some(first) = rest.fill_buf()?.first() else { return Ok(0) };
                    if self.has_input && !is_skipped(first) && *first != ZSTD[0] {
                        self.trailing.0.store(true, Ordering::Relaxed);
                        return Ok(0);
                    }
                    self.has_input = true;
                    self.state = Some(if is_skipped(first) {
                        pass(&mut rest)?;
                        State::Between(rest)
                    } else {
                        let frame = StreamingDecoder::new_with_max_window_size(rest, MAX_WINDOW);
                        State::Within(Box::new(frame.map_err(io::Error::other)?))
                    });
                }
                Some(State::Within(mut frame)) => match frame.read(buffer)? {
                    0 if !buffer.is_empty() => {
                        self.state = Some(State::Between(frame.into_inner()));
                    }
                    read => {
                        self.state = Some(State::Within(frame));
                        return Ok(read);
                    }
                },
            }
        }
    }
}

/// Skips a skippable frame: four bytes of magic, its length, and its content.
fn pass(file: &mut impl Read) -> io::Result<()> {
    let mut head = [0; 8];
    file.read_exact(&mut head)?;
    let length = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
    match io::copy(&mut file.take(length), &mut io::sink())? {
        passed if passed == length => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn unpacked(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        unpack(bytes)?.bytes.read_to_string(&mut text)?;
        Ok(text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap()
    }

    fn zstd(text: &str) -> Vec<u8> {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(text.as_bytes(), level)
    }

    #[test]
    fn packed_files_are_unpacked_also_where_several_stand_in_one() {
        let long = "a,b\n1,2\n".repeat(50_000);
        assert_eq!(unpacked(b"a,b").unwrap(), "a,b");
        assert_eq!(unpacked(b"").unwrap(), "");
        for pack in [gzip, zstd] {
            assert_eq!(unpacked(&pack(&long)).unwrap(), long);
            assert_eq!(unpacked(&[pack("a,"), pack("b")].concat()).unwrap(), "a,b");
        }
        let for_others = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3].as_slice();
        assert_eq!(unpacked(&[for_others, &zstd("a,"), for_others].concat()).unwrap(), "a,");
        assert_eq!(unpack(gzip("a").as_slice()).unwrap().packing, Some("gzip"));
        assert_eq!(unpack(for_others).unwrap().packing, Some("Zstandard"));
        assert_eq!(unpack(b"Z*M,".as_slice()).unwrap().packing, None);
    }

    #[test]
    fn a_packed_file_that_is_cut_is_an_error_wherever() {
        for packed in [gzip("a,b\n1,2\n"), zstd("a,b\n1,2\n"), vec![0x50, 0x2a, 0x4d, 0x18, 1]] {
            for end in 4..packed.len() {
                assert!(unpacked(&packed[..end]).is_err(), "{end} of {packed:?}");
            }
        }
    }

    #[test]
    fn what_follows_the_packed_data_is_not_read_and_told() {
        for pack in [gzip, zstd] {
            for (after, expected) in [(&[0; 600][..], true), (b"trailer", true), (b"", false)] {
                let packed = [&pack("a,b\n"), after].concat();
                let mut found = unpack(packed.as_slice()).unwrap();
                let mut text = String::new();
                found.bytes.read_to_string(&mut text).unwrap();
                assert_eq!(
                    (text.as_str(), found.trailing.0.load(Ordering::Relaxed)),
                    ("a,b\n", expected)
                );
            }
        }
    }

    #[test]
    fn a_frame_that_wants_too_much_memory_is_refused() {
        // No checksum, no single segment; a window of 1 GiB.
        let greedy = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0, 0];
        assert!(unpacked(&greedy).unwrap_err().to_string().contains("window"));
    }

    #[test]
    fn files_of_another_sort_are_known() {
        let other = |bytes: &'static [u8]| unpack(bytes).unwrap().other;
        for (bytes, what) in [
            (b"PAR1\x15\x04".as_slice(), "Parquet"),
            (b"\xfd7zXZ\0\0", "xz"),
            (b"BZh91AY", "bzip2"),
            (b"7z\xbc\xaf\x27\x1c\0", "7-Zip"),
            (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
            (b"\0\0\xfe\xff\0\0\0a", "UTF-32"),
        ] {
            assert!(other(bytes).unwrap().contains(what), "{bytes:?}");
        }
        for bytes in [b"PKW,a".as_slice(), b"ORC,a\n", b"PAR1,PAR2\n", b"ORCHARD\n", b"BZh,a"] {
            assert_eq!(other(bytes), None, "{bytes:?}");
        }
    }
}
