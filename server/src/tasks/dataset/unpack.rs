//! Compressed files, told by their first bytes: gzip and Zstandard.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// The most memory that a Zstandard file may ask for, which is what its program asks for at its
/// highest usual level.
const MOST_WINDOW: u64 = 8 << 20;

/// The bytes of a file, unpacked where it is packed.
pub(super) fn unpack(file: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut file = BufReader::with_capacity(64 << 10, file);
    let start = file.fill_buf()?;
    if start.starts_with(GZIP) {
        return Ok(Box::new(MultiGzDecoder::new(file)));
    }
    if start.starts_with(ZSTD) {
        return Ok(Box::new(Frames { state: Some(State::Between(file)) }));
    }
    Ok(Box::new(file))
}

/// One Zstandard frame after the other.
struct Frames<R: BufRead> {
    state: Option<State<R>>,
}

enum State<R: BufRead> {
    Between(R),
    Within(Box<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>),
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state.take() {
                None => return Ok(0),
                Some(State::Between(mut rest)) => {
                    if rest.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let frame = StreamingDecoder::new_with_max_window_size(rest, MOST_WINDOW);
                    self.state = Some(State::Within(Box::new(frame.map_err(io::Error::other)?)));
                }
                Some(State::Within(mut frame)) => match frame.read(buffer)? {
                    0 if !buffer.is_empty() => {
                        self.state = Some(State::Between(frame.into_inner()))
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

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use super::*;

    fn unpacked(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        unpack(Cursor::new(bytes.to_vec()))?.read_to_string(&mut text)?;
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
    }

    #[test]
    fn a_packed_file_that_is_cut_is_an_error() {
        for packed in [gzip("a,b\n1,2\n"), zstd("a,b\n1,2\n")] {
            assert!(unpacked(&packed[..packed.len() - 5]).is_err());
        }
    }
}
