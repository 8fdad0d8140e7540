//! Reads the one CSV file of a ZIP archive as it arrives: a stream has no end to look up the
//! directory in, so that the entries are read in their order.

use std::io::{self, BufRead, Read, Take};

use flate2::{Crc, bufread::DeflateDecoder};

use super::error::LoadError;

const ENTRY: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const ENCRYPTED: u16 = 1;
/// The sizes and the checksum follow the content.
const HAS_DESCRIPTOR: u16 = 1 << 3;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Size that stands in the extra field, as it needs 64 bits.
const LARGE: u64 = u32::MAX as u64;

/// Head of an entry.
struct Head {
    flags: u16,
    method: u16,
    crc: u32,
    size: u64,
    name: String,
}

/// The one CSV file of an archive.
pub(super) struct Archive<R: BufRead> {
    content: Option<Content<R>>,
    head: Head,
    crc: Crc,
}

enum Content<R: BufRead> {
    Stored(Take<R>),
    Deflated(Box<DeflateDecoder<R>>),
}

impl<R: BufRead> Content<R> {
    fn new(file: R, head: &Head) -> Self {
        match head.method {
            STORED => Self::Stored(file.take(head.size)),
            _ => Self::Deflated(Box::new(DeflateDecoder::new(file))),
        }
    }

    fn into_inner(self) -> R {
        match self {
            Self::Stored(file) => file.into_inner(),
            Self::Deflated(file) => file.into_inner(),
        }
    }
}

impl<R: BufRead> Read for Content<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(file) => match file.read(buffer)? {
                0 if file.limit() > 0 && !buffer.is_empty() => {
                    Err(io::ErrorKind::UnexpectedEof.into())
                }
                read => Ok(read),
            },
            Self::Deflated(file) => file.read(buffer),
        }
    }
}

impl<R: BufRead> Archive<R> {
    /// Opens the first file of an archive; otherwise tells why the archive cannot be read.
    pub(super) fn open(mut file: R) -> io::Result<Result<Self, String>> {
        loop {
            let Some(head) = Head::read(&mut file)? else {
                return Ok(Err("it is a ZIP archive without a CSV file".to_owned()));
            };
            if let Some(what) = head.obstacle() {
                return Ok(Err(what));
            }
            if head.is_beside() {
                file = skip(file, &head)?;
                continue;
            }
            let content = Some(Content::new(file, &head));
            return Ok(Ok(Self { content, head, crc: Crc::new() }));
        }
    }

    /// Checks the content, and that no other file follows.
    fn end(&self, mut file: R) -> io::Result<()> {
        let crc = if self.head.flags & HAS_DESCRIPTOR == 0 {
            self.head.crc
        } else {
            descriptor(&mut file)?
        };
        if crc != self.crc.sum() {
            return Err(io::Error::other("its checksum is wrong; it is damaged"));
        }
        while let Some(head) = Head::read(&mut file)? {
            if !head.is_beside() {
                let detail = format!(
                    "it is a ZIP archive of several files (“{}”, “{}”); unpack it and choose one",
                    self.head.name, head.name
                );
                return Err(io::Error::other(LoadError::NotCsv(detail)));
            }
            file = skip(file, &head)?;
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Archive<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(mut content) = self.content.take() else { return Ok(0) };
        let read = content.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.end(content.into_inner())?;
            return Ok(0);
        }
        self.crc.update(&buffer[..read]);
        self.content = Some(content);
        Ok(read)
    }
}

fn skip<R: BufRead>(file: R, head: &Head) -> io::Result<R> {
    let mut content = Content::new(file, head);
    io::copy(&mut content, &mut io::sink())?;
    let mut file = content.into_inner();
    if head.flags & HAS_DESCRIPTOR != 0 {
        descriptor(&mut file)?;
    }
    Ok(file)
}

/// Reads the checksum after a content: with or without a signature, with sizes of 32 or 64 bits.
fn descriptor(file: &mut impl BufRead) -> io::Result<u32> {
    let first = u32::from_le_bytes(bytes(file)?);
    let crc = if first == DESCRIPTOR { u32::from_le_bytes(bytes(file)?) } else { first };
    bytes::<8>(file)?;
    // Sizes of 64 bits, unless a signature follows.
    let next = file.fill_buf()?;
    if !next.is_empty() && next[0] != b'P' {
        bytes::<8>(file)?;
    }
    Ok(crc)
}

fn bytes<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Head {
    /// Reads the head of the next entry; `None` if the directory follows.
    fn read(file: &mut impl Read) -> io::Result<Option<Self>> {
        let mut signature = [0; 4];
        match file.read_exact(&mut signature) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        if u32::from_le_bytes(signature) != ENTRY {
            return Ok(None);
        }
        let fixed: [u8; 26] = bytes(file)?;
        let short = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let long = |at: usize| {
            u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]])
        };
        let mut name = vec![0; usize::from(short(22))];
        file.read_exact(&mut name)?;
        let mut extra = vec![0; usize::from(short(24))];
        file.read_exact(&mut extra)?;
        let size = match u64::from(long(14)) {
            LARGE => large_size(&extra).unwrap_or(LARGE),
            size => size,
        };
        let name = String::from_utf8_lossy(&name).into_owned();
        Ok(Some(Self { flags: short(2), method: short(4), crc: long(10), size, name }))
    }

    /// Whether it is no file of its own: a folder, or what a system stores beside files.
    fn is_beside(&self) -> bool {
        let last = self.name.rsplit('/').next().unwrap_or_default();
        self.name.ends_with('/')
            || self.name.starts_with("__MACOSX/")
            || last.starts_with('.')
            || last.eq_ignore_ascii_case("thumbs.db")
            || last.eq_ignore_ascii_case("desktop.ini")
            || is_about(last)
    }

    /// Why it cannot be read.
    fn obstacle(&self) -> Option<String> {
        let of_documents =
            ["[Content_Types].xml", "_rels/", "docProps/", "xl/", "word/", "mimetype", "META-INF/"];
        if of_documents.iter().any(|name| self.name.starts_with(name)) {
            return Some("it is a spreadsheet or a document; save the sheet as CSV".to_owned());
        }
        if self.is_beside() && (self.method == DEFLATED || self.flags & HAS_DESCRIPTOR == 0) {
            return None;
        }
        if self.flags & ENCRYPTED != 0 {
            return Some("it is a ZIP archive with a password; unpack it".to_owned());
        }
        let is_readable = match self.method {
            STORED => self.flags & HAS_DESCRIPTOR == 0,
            method => method == DEFLATED,
        };
        if !is_readable {
            return Some("it is a ZIP archive packed in an unusual way; unpack it".to_owned());
        }
        let texts = ["csv", "tsv", "txt", "tab", "psv", "dat", "text", "asc"];
        let last = self.name.rsplit('/').next().unwrap_or_default();
        let ending = last.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        let is_text = ending.is_none_or(|ending| texts.contains(&ending.as_str()));
        (!is_text).then(|| format!("it is a ZIP archive with “{}” in it; unpack it", self.name))
    }
}

/// Whether a file tells about the others, by its name: `README.txt`, `LICENSE`.
fn is_about(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, ""));
    ["readme", "license", "licence", "copying"].contains(&stem)
        && ["", "txt", "md", "rst", "html", "pdf"].contains(&ending)
}

/// The packed size in the extra field for sizes of 64 bits, after the unpacked one.
fn large_size(extra: &[u8]) -> Option<u64> {
    let mut rest = extra;
    while let [a, b, c, d, after @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*c, *d]));
        let content = after.get(..length)?;
        if u16::from_le_bytes([*a, *b]) == 1 {
            return Some(u64::from_le_bytes(content.get(8..16)?.try_into().ok()?));
        }
        rest = &after[length..];
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::DeflateEncoder};

    use super::*;

    /// An archive of these files; `streamed` as written by a program that cannot seek.
    fn archive(files: &[(&str, &str)], packed: bool, streamed: bool) -> Vec<u8> {
        let mut zip = Vec::new();
        for (name, text) in files {
            let mut crc = Crc::new();
            crc.update(text.as_bytes());
            let content = if packed {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(text.as_bytes()).unwrap();
                encoder.finish().unwrap()
            } else {
                text.as_bytes().to_vec()
            };
            let sizes = [crc.sum(), content.len() as u32, text.len() as u32];
            let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
            zip.extend(ENTRY.to_le_bytes());
            zip.extend([
                20,
                0,
                if streamed { 8 } else { 0 },
                0,
                if packed { 8 } else { 0 },
                0,
                0,
                0,
                0,
                0,
            ]);
            zip.extend(if streamed { vec![0; 12] } else { sizes.clone() });
            zip.extend((name.len() as u16).to_le_bytes());
            zip.extend([0, 0]);
            zip.extend(name.as_bytes());
            zip.extend(content);
            if streamed {
                zip.extend(DESCRIPTOR.to_le_bytes());
                zip.extend(sizes);
            }
        }
        zip.extend(b"PK\x01\x02 the directory");
        zip
    }

    fn read(zip: &[u8]) -> Result<String, String> {
        let mut text = String::new();
        let mut archive = Archive::open(zip).map_err(|error| error.to_string())??;
        archive.read_to_string(&mut text).map_err(|error| error.to_string())?;
        Ok(text)
    }

    #[test]
    fn the_one_file_of_an_archive_is_read() {
        let long = "a,b\n1,2\n".repeat(50_000);
        for (packed, streamed) in [(false, false), (true, false), (true, true)] {
            let zip = archive(
                &[("data/", ""), ("data/x.csv", &long), ("__MACOSX/._x.csv", "?")],
                packed,
                streamed,
            );
            assert_eq!(read(&zip).unwrap(), long, "{packed} {streamed}");
            let cut = &zip[..zip.len() - 200];
            assert!(packed && !streamed || read(&cut[..cut.len() / 2]).is_err());
        }
    }

    #[test]
    fn what_tells_about_the_one_file_is_no_other() {
        for name in ["README.txt", "data/readme.md", "LICENSE"] {
            for (packed, streamed) in [(false, false), (true, false), (true, true)] {
                let (about, data) = ((name, "What this is"), ("data.csv", "a,b\n1,2\n"));
                for files in [[about, data], [data, about]] {
                    let zip = archive(&files, packed, streamed);
                    assert_eq!(read(&zip).unwrap(), "a,b\n1,2\n", "{name}");
                }
            }
        }
    }

    #[test]
    fn archives_of_something_else_are_refused_with_what_they_are() {
        for (files, what) in [
            (vec![("a.csv", "a\n1\n"), ("b.csv", "b\n")], "several files"),
            (vec![("[Content_Types].xml", "")], "spreadsheet"),
            (vec![("mimetype", "application/vnd.oasis.opendocument.spreadsheet")], "spreadsheet"),
            (vec![("photo.png", "")], "photo.png"),
            (vec![], "without a CSV file"),
        ] {
            let error = read(&archive(&files, true, false)).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
        let mut damaged = archive(&[("a.csv", "a,b\n1,2\n")], false, false);
        damaged[38] ^= 1;
        assert!(read(&damaged).unwrap_err().contains("checksum"));
        let mut locked = archive(&[("a.csv", "a")], true, false);
        locked[6] = 1;
        assert!(read(&locked).unwrap_err().contains("password"));
    }
}
