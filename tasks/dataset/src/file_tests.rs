//! Files give the same profiles as their texts, whatever the pieces; and hostile files.

use std::io::{self, Read, Write as _};

use proptest::prelude::*;

use super::*;

fn go_on(_: f64) -> Result<(), LoadError> {
    Ok(())
}

/// Reader that returns a fixed number of bytes at a time.
struct Slowly<R>(R, usize);

impl<R: Read> Read for Slowly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.1);
        self.0.read(&mut buffer[..length])
    }
}

fn of(
    file: impl Read + Send,
    size: usize,
    settings: &DatasetSettings,
) -> Result<Profile, LoadError> {
    let table = open_file(file, size as u64, &Options::default(), settings)?;
    generate(process(table, settings, &mut go_on)?, None, &mut go_on)
}

fn of_file(bytes: &[u8]) -> Result<Profile, LoadError> {
    of(bytes, bytes.len(), &DatasetSettings::default())
}

fn of_text(text: &str) -> Result<Profile, LoadError> {
    let settings = DatasetSettings::default();
    let table = open_text(text.as_bytes(), text.len() as u64, &Options::default(), &settings)?;
    generate(process(table, &settings, &mut go_on)?, None, &mut go_on)
}

/// Removes what a text does not have.
fn bare(profile: Profile) -> Profile {
    let assumptions = profile.assumptions.into_iter().filter(|known| known.subject != "encoding");
    Profile { encoding: None, packing: None, assumptions: assumptions.collect(), ..profile }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn utf_16(text: &str, mark: bool) -> Vec<u8> {
    let mark = if mark { "\u{feff}" } else { "" };
    format!("{mark}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_file_is_profiled_as_the_text_in_it_however_it_is_packed_and_encoded() {
    let rows: String = (0..30_000).map(|row| format!("{row};\"x;\n{}\"\r\n", row % 7)).collect();
    for text in [
        "a,b\n1,2\n\n3,4,5\n6\n".to_owned(),
        "input".to_owned(),
        "a,a,\n1,2,3\n".to_owned(),
        "\n\na|b\n\"1|2\n".to_owned(),
        format!("number;what\r\n{rows}"),
        "a\tb\n\u{e4}\u{20ac}\t2\n".to_owned(),
    ] {
        let expected = of_text(&text).unwrap();
        let plain = text.as_bytes();
        for file in [plain.to_vec(), gzip(plain), zstd(plain), utf_16(&text, true)] {
            assert_eq!(bare(of_file(&file).unwrap()), expected);
        }
    }
    let packed = of_file(&gzip(&utf_16("a,b\n1,2\n", false))).unwrap();
    assert_eq!(packed.packing.as_deref(), Some("gzip"));
    assert_eq!(packed.encoding.as_deref(), Some("UTF-16LE"));
    assert_eq!(packed.warnings[0].code, "encoding", "it was guessed");
}

#[test]
fn an_encoding_that_was_guessed_is_told() {
    let profile = of_file(b"Stra\xdfe,Gr\xf6\xdfe\nM\xfcller,sch\xf6n\n").unwrap();
    assert_eq!(profile.columns[0].name, "Stra\u{df}e");
    assert_eq!(profile.warnings[0].code, "encoding");
    assert!(profile.warnings[0].message.contains("windows-1252"));
}

#[test]
fn wrong_utf_8_in_the_middle_is_told_with_its_line() {
    let start = format!("a,b\n{}", "1,x\n".repeat(50_000));
    let profile = of_file(&[start.as_bytes(), b"1,\xff\n2,3\n"].concat()).unwrap();
    assert_eq!(profile.rows, 50_002);
    assert_eq!(profile.columns[1].top.last().unwrap().value, "\u{ff}", "it is not lost");
    let warning = &profile.warnings[0];
    assert_eq!((warning.code.as_str(), warning.line), ("mixed_encoding", Some(50_002)));
}

#[test]
fn what_is_no_table_is_refused() {
    let wide = vec!["x"; 100_000].join(",");
    let noise: Vec<u8> =
        (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for (file, code, what) in [
        (b"".to_vec(), "empty_input", "names the columns"),
        (b" \n\n".to_vec(), "empty_input", "names the columns"),
        (gzip(b""), "empty_input", "names the columns"),
        (wide.into_bytes(), "too_many_columns", "line 1: the header has 100000 columns"),
        (noise, "not_csv", "control characters"),
        (b"PK\x03\x04sheet".to_vec(), "unreadable_file", "it breaks off"),
        (b"<!doctype html><p>Sign in".to_vec(), "not_csv", "download the file itself"),
        (gzip(b"{\"a\": 1}"), "not_csv", "JSON"),
        (vec![0x1f, 0x8b, 8, 0, 0], "unreadable_file", "it breaks off"),
        (b"\x1f\x8bnot gzip after all".to_vec(), "unreadable_file", "cannot be read"),
        (
            b"\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
            "unreadable_file",
            "cannot be read",
        ),
    ] {
        let error = of_file(&file).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn a_packed_file_that_is_cut_is_told_with_the_line_up_to_which_it_was_read() {
    let rows: String = (0..200_000).map(|row| format!("{row},{}\n", row * 7 % 1_001)).collect();
    for packed in [gzip(rows.as_bytes()), zstd(rows.as_bytes())] {
        let error = of_file(&packed[..packed.len() / 2]).unwrap_err();
        let LoadError::Unreadable { line, .. } = error else { panic!("{error}") };
        assert!((50_000..150_000).contains(&line), "{line}");
    }
}

/// Bytes generated as they are read.
struct Made<F> {
    left: u64,
    at: u64,
    make: F,
}

impl<F: FnMut(u64) -> u8> Read for Made<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        for byte in &mut buffer[..length] {
            *byte = (self.make)(self.at);
            self.at += 1;
        }
        self.left -= length as u64;
        Ok(length)
    }
}

#[test]
fn a_line_of_100_mb_is_refused_with_its_line_and_read_no_further_than_the_limit() {
    let made = Made { left: 100_000_000, at: 0, make: |at| if at == 1 { b'\n' } else { b'x' } };
    let read = Arc::new(AtomicU64::new(0));
    let file = Counted { file: made, read: Arc::clone(&read), limit: u64::MAX };
    let error = of(file, 100_000_000, &DatasetSettings::default()).unwrap_err();
    assert_eq!(error, LoadError::RowTooLong { line: 2, limit: 4 << 20 });
    assert!(read.load(Ordering::Relaxed) < 5 << 20);
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let settings = DatasetSettings { max_unpacked_bytes: 1_000_000, ..DatasetSettings::default() };
    for pack in [gzip, zstd] {
        let bomb = pack(&b"1,2\n".repeat(5_000_000));
        assert!(bomb.len() < 200_000);
        let error = of(bomb.as_slice(), bomb.len(), &settings).unwrap_err();
        let LoadError::Unpacked { line, limit: 1_000_000 } = error else { panic!("{error}") };
        assert!((200_000..=250_001).contains(&line), "{line}");
    }
    // A bomb of blank lines yields no rows, and thus no check for cancellation.
    let blank = gzip(&b"\n".repeat(50_000_000));
    assert_eq!(of_file(&blank).unwrap_err().code(), "row_too_long");
}

/// Rows of distinct numbers, generated as they are read.
fn rows(count: u64) -> impl Read + Send {
    let made = move |at: u64| {
        let (row, position) = (at / 24, at % 24);
        let digit = |shift: u64| {
            b'0' + (row.wrapping_mul(2_654_435_761) / 10_u64.pow(shift as u32) % 10) as u8
        };
        match position {
            11 => b',',
            23 => b'\n',
            position if position < 11 => {
                if position == 0 {
                    b'1'
                } else {
                    digit(position)
                }
            }
            position => {
                if position == 12 {
                    b'k'
                } else {
                    digit(position - 12)
                }
            }
        }
    };
    Made { left: 24 * count, at: 0, make: made }
}

#[test]
fn what_is_held_does_not_grow_with_the_file() {
    let settings =
        DatasetSettings { max_column_memory: 1 << 20, max_memory: 1 << 20, ..Default::default() };
    let held = |count: u64| {
        let size = 24 * count;
        let table = open_file(rows(count), size, &Options::default(), &settings).unwrap();
        let processed = process(table, &settings, &mut go_on).unwrap();
        assert_eq!(processed.rows() as u64, count, "there is no header");
        processed.columns.iter().map(Column::bytes).sum::<usize>()
    };
    let (small, large) = (held(50_000), held(300_000));
    assert!(small < 500_000 && large < 500_000, "{small} and {large} bytes");
}

proptest! {
    #[test]
    fn any_text_in_a_file_is_profiled_as_the_text_whatever_the_pieces(
        text in "([a-c1-3\u{e4}\",;]|\n|\r\n){1,60}",
        at_once in 1_usize..9,
    ) {
        let settings = DatasetSettings::default();
        let plain = of(Slowly(text.as_bytes(), at_once), text.len(), &settings).map(bare);
        let packed = gzip(text.as_bytes());
        let packed = of(Slowly(packed.as_slice(), at_once), packed.len(), &settings).map(bare);
        let expected = of_text(&text);
        prop_assert_eq!(&plain, &expected);
        prop_assert_eq!(&packed, &expected);
    }

    #[test]
    fn no_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), magic in 0..4_usize) {
        let magic = [&[][..], &[0x1f, 0x8b, 8], &[0x28, 0xb5, 0x2f, 0xfd], &[0xff, 0xfe]][magic];
        let file = [magic, &bytes].concat();
        if let Ok(profile) = of_file(&file) {
            for column in &profile.columns {
                prop_assert_eq!(column.count + column.missing, profile.rows);
            }
        }
    }
}

#[test]
fn control_characters_that_separate_cells_are_no_sign_of_another_format() {
    let rows = |sign: char, cell: &str| -> String {
        let row = |at| format!("{at}{sign}{cell}{sign}{at}\n");
        format!("id{sign}name{sign}v\n{}", (0..50).map(row).collect::<String>())
    };
    for text in [
        rows('\u{1}', "a, b"),
        rows('\u{1}', "x\u{2}y\u{3}z"),
        rows('\u{1}', &"wide ".repeat(30)),
        rows('\u{1f}', "Ann"),
        rows('\u{1f}', "x\u{1e}y"),
    ] {
        let profile = of_file(text.as_bytes()).unwrap();
        assert_eq!((profile.rows, profile.columns.len()), (50, 3));
        assert_eq!(bare(profile), of_text(&text).unwrap());
    }
    let given = Options { delimiter: Some(2), ..Options::default() };
    let (text, settings) = (rows('\u{2}', "a"), DatasetSettings::default());
    assert_eq!(of_file(text.as_bytes()).unwrap_err().code(), "not_csv");
    let table = open_file(text.as_bytes(), text.len() as u64, &given, &settings).unwrap();
    assert_eq!(table.columns(), 3);
}

#[test]
fn a_tar_archive_is_called_so() {
    let mut tar = vec![0; 1024];
    tar[..8].copy_from_slice(b"data.csv");
    tar[257..263].copy_from_slice(b"ustar ");
    tar.extend(b"a,b\n1,2\n");
    for file in [tar.clone(), gzip(&tar)] {
        let error = of_file(&file).unwrap_err();
        assert!(error.to_string().contains("tar archive"), "{error}");
    }
}

#[test]
fn nuls_that_fill_the_last_block_are_left_out() {
    for (end, code) in [
        ([b"\x1a".to_vec(), vec![0; 50]].concat(), "end_mark"),
        ([b"\x1a".to_vec(), vec![0; 500]].concat(), "end_mark"),
        (vec![0; 500], "trailing_bytes"),
    ] {
        let profile = of_file(&[b"a,b\n1,2\n3,4\n".to_vec(), end].concat()).unwrap();
        assert_eq!((profile.rows, profile.columns.len()), (2, 2), "{code}");
        assert!(profile.warnings.iter().any(|warning| warning.code == code), "{profile:?}");
    }
    assert!(of_file(&[0; 500]).is_err());
}

#[test]
fn an_encoding_of_several_bytes_that_begins_late_is_told() {
    let start = format!("id,name\n{}", "1,abc\n".repeat(40_000)).into_bytes();
    for (charset, text) in [
        (encoding_rs::SHIFT_JIS, "日本語の文字,東京都と大阪府"),
        (encoding_rs::GB18030, "中华人民共和国的城市和人口"),
        (encoding_rs::EUC_KR, "대한민국의 도시와 인구 서울특별시"),
    ] {
        let rows = format!("1,\"{text}\"\n").repeat(20);
        let (rows, ..) = charset.encode(&rows);
        let profile = of_file(&[start.as_slice(), &rows].concat()).unwrap();
        let found = profile.warnings.iter().find(|warning| warning.code == "mixed_encoding");
        assert_eq!(found.and_then(|found| found.line), Some(40_002), "{charset:?}");
    }
}
