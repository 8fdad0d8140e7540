//! Decompresses gzip and Zstandard files, which are detected by their first bytes.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

const BUFFER: usize = 64 << 10;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Magic of a skippable frame, with which Zstandard files may begin.
const ZSTD_SKIPPED: &[u8] = &[0x2a, 0x4d, 0x18];
/// Maximum window size of a Zstandard file: what the format requires of every decoder, and what its
/// program uses up to level 19.
const MAX_WINDOW: u64 = 8 << 20;

/// Other formats that are mistaken for CSV, with advice.
const OTHERS: [(&[u8], &str); 7] = [
    (b"PK\x03\x04", "it is a ZIP archive or a spreadsheet; unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "it is an old spreadsheet; save the sheet as CSV"),
    (b"PAR1", "it is a Parquet file; write it as CSV"),
    (b"\xfd7zXZ", "it is packed with xz; pack it with gzip or zstd, or not at all"),
    (b"BZh", "it is packed with bzip2; pack it with gzip or zstd, or not at all"),
    (b"SQLite format 3\0", "it is a database; write its table as CSV"),
    (b"%PDF-", "it is a PDF"),
];

/// Detected content of a file.
pub(super) struct Unpacked<'f> {
    /// The uncompressed bytes.
    pub(super) bytes: Box<dyn Read + Send + 'f>,
    /// Name of the compression.
    pub(super) packing: Option<&'static str>,
    /// Why it cannot be CSV.
    pub(super) other: Option<&'static str>,
}

/// Decompresses a file if it is compressed.
pub(super) fn unpack<'f>(file: impl Read + Send + 'f) -> io::Result<Unpacked<'f>> {
    // A single read may return only a few bytes.
    let mut start = Vec::with_capacity(16);
    let mut file = file;
    (&mut file).take(16).read_to_end(&mut start)?;
    let other = OTHERS.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, what)| *what);
    let is_gzip = start.starts_with(GZIP);
    let is_zstd = start.starts_with(ZSTD)
        || start.first().is_some_and(is_skipped) && start[1..].starts_with(ZSTD_SKIPPED);
    let file = BufReader::with_capacity(BUFFER, io::Cursor::new(start).chain(file));
    let (bytes, packing): (Box<dyn Read + Send + 'f>, _) = if is_gzip {
        (Box::new(MultiGzDecoder::new(file)), Some("gzip"))
    } else if is_zstd {
        (Box::new(Frames { state: Some(State::Between(file)) }), Some("Zstandard"))
    } else {
        (Box::new(file), None)
    };
    Ok(Unpacked { bytes, packing, other })
}

/// First byte of a skippable frame.
const fn is_skipped(byte: &u8) -> bool {
    *byte & 0xf0 == 0x50
}

/// Reads Zstandard frames one after the other.
struct Frames<R: BufRead> {
    state: Option<State<R>>,
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
    fn a_frame_that_wants_too_much_memory_is_refused() {
        // No checksum, no single segment; a window of 1 GiB.
        let greedy = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0, 0];
        assert!(unpacked(&greedy).unwrap_err().to_string().contains("window"));
    }

    #[test]
    fn files_of_another_sort_are_known() {
        assert!(unpack(b"PK\x03\x04....".as_slice()).unwrap().other.unwrap().contains("ZIP"));
        assert_eq!(unpack(b"PKW,a".as_slice()).unwrap().other, None);
    }
}
