//! Framing: every line end, every split, gzip, and what is no frame at all.

use super::*;

fn documents(bytes: &[u8], chunk: usize) -> Vec<Document> {
    let (mut documents, mut out) = (Documents::new(1 << 20), Vec::new());
    bytes.chunks(chunk).for_each(|bytes| documents.push(bytes, &mut out));
    documents.end(&mut out);
    out
}

fn json(text: &str) -> Document {
    Document::Json { text: text.to_owned(), error: false, framed: true }
}

fn raw(text: &str) -> Document {
    Document::Json { text: text.to_owned(), error: false, framed: false }
}

fn other(text: &str) -> Document {
    Document::Other { text: text.to_owned(), error: false }
}

#[test]
fn events_are_found_under_every_frame_and_every_split() {
    let two = || vec![json("{\"a\":1}"), Document::Done];
    let cases: Vec<(&str, Vec<Document>)> = vec![
        ("data: {\"a\":1}\n\ndata: [DONE]\n\n", two()),
        ("data: {\"a\":1}\r\n\r\ndata: [DONE]\r\n\r\n", two()),
        ("data: {\"a\":1}\r\rdata: [DONE]\r\r", two()),
        ("data:{\"a\":1}\n\ndata:[DONE]", two()),
        ("data: {\"a\":1}\ndata: [DONE]\n", two()),
        ("\u{feff}data: {\"a\":1}\n\ndata:  [DONE] \n\n", two()),
        ("data: data: {\"a\":1}\n\nData: [done]\n\n", two()),
        (": ping\n\nid: 7\nretry: 3\nevent: message\ndata: {\"a\":1}\n\n\n\ndata: DONE\n\n", two()),
        ("data: {\"a\":\ndata: 1}\n\n", vec![json("{\"a\":\n1}")]),
        ("data:\n\ndata\n\ndata: \n\n", vec![]),
        (
            "data: {\"a\":1}\n\n{\"error\":\"x\"}\n",
            vec![json("{\"a\":1}"), raw("{\"error\":\"x\"}")],
        ),
        ("data: {\"a\":1}{\"b\":2}\n\n", vec![json("{\"a\":1}"), json("{\"b\":2}")]),
        ("{\n \"a\": [1, \"]}\"]\n}", vec![raw("{\n \"a\": [1, \"]}\"]\n}")]),
        ("\u{feff}{\"a\":1}", vec![raw("{\"a\":1}")]),
        ("{\"a\":1}\n{\"b\":2}\n", vec![raw("{\"a\":1}"), raw("{\"b\":2}")]),
        ("[{\"a\":1}]", vec![raw("[{\"a\":1}]")]),
        ("data: {\"a\":\"\\\"}\"}\n\n", vec![json("{\"a\":\"\\\"}\"}")]),
        ("data: {not json\n\n", vec![other("{not json")]),
        ("data: oops\n\n", vec![other("oops")]),
        ("data: {\"a\":\n\ndata: {\"b\":2}\n\n", vec![other("{\"a\":"), json("{\"b\":2}")]),
        ("<html>no</html>", vec![Document::Line("<html>no</html>".to_owned())]),
        ("", vec![]),
    ];
    for (text, expected) in cases {
        for chunk in [1, 2, 3, 7, 1 << 20] {
            assert_eq!(documents(text.as_bytes(), chunk), expected, "{text:?} by {chunk}");
        }
    }
}

#[test]
fn the_name_of_an_event_says_that_it_is_an_error() {
    let found = documents(b"event: error\ndata: {\"a\":1}\n\ndata: {\"b\":2}\n\n", 4);
    let error = Document::Json { text: "{\"a\":1}".to_owned(), error: true, framed: true };
    assert_eq!(found, [error, json("{\"b\":2}")]);
}

#[test]
fn gzip_that_nobody_asked_for_is_read_with_its_padding() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(b"data: {\"a\":1}\n\ndata: [DONE]\n\n").unwrap();
    let mut bytes = encoder.finish().unwrap();
    bytes.extend_from_slice(&[0; 20]);
    for chunk in [1, 5, 1 << 20] {
        assert_eq!(documents(&bytes, chunk), [json("{\"a\":1}"), Document::Done]);
    }
    // The end of a broken one is missing, and what came is used.
    let cut = documents(&bytes[..bytes.len() - 30], 3);
    assert_eq!(cut.first(), Some(&json("{\"a\":1}")));
}

#[test]
fn no_more_bytes_are_taken_than_allowed_and_a_bomb_ends_early() {
    let (mut documents, mut out) = (Documents::new(10), Vec::new());
    documents.push(b"data: {\"a\":1}\n\n", &mut out);
    assert!(documents.is_too_large());
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b'x'; 8 << 20]).unwrap();
    let mut documents = Documents::new(1 << 10);
    documents.push(&encoder.finish().unwrap(), &mut out);
    assert!(documents.is_too_large() && documents.head().len() == 1 << 10);
}
