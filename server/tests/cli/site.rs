//! The built site's files: compressed once, when they are built, and never served out of date.

use std::{
    fs::File,
    time::{Duration, SystemTime},
};

use reqwest::{Client, Response, header::HeaderMap};

use crate::fixture::{FAST, Place, Server};

const SCRIPT: &str = "const answer = 42;";
/// Not what a compressor would make: what is served can be told from what is compressed on the way.
const COMPRESSED: &str = "compressed at build time";

/// A site with a script, and a compressed one beside it that is so much older.
fn place(older: Duration) -> Place {
    let place = Place::new();
    let now = SystemTime::now();
    let set = |name: &str, text: &str, at: SystemTime| {
        let path = place.write(name, text);
        File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    };
    set("site/pkg/a.js", SCRIPT, now);
    set("site/pkg/a.js.br", COMPRESSED, now - older);
    place
}

async fn get(server: &Server, headers: &[(&'static str, &str)]) -> Response {
    let mut request = Client::new().get(format!("{}/pkg/a.js", server.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[tokio::test]
async fn what_was_compressed_at_build_time_is_served_as_it_is() {
    let place = place(Duration::ZERO);
    let server = place.serve(&["--site", "site"], &[FAST]).await;
    let response = get(&server, &[("accept-encoding", "gzip, br")]).await;
    let headers = response.headers().clone();
    assert_eq!(header(&headers, "content-encoding"), Some("br"));
    assert_eq!(header(&headers, "content-type"), Some("text/javascript"));
    assert!(
        header(&headers, "vary").is_some_and(|vary| vary.contains("accept-encoding")),
        "{headers:?}"
    );
    assert_eq!(response.text().await.unwrap(), COMPRESSED, "once, and not again on the way");

    let since = header(&headers, "last-modified").unwrap();
    let again = get(&server, &[("accept-encoding", "br"), ("if-modified-since", since)]).await;
    assert_eq!(again.status(), 304);

    let plain = get(&server, &[("accept-encoding", "identity")]).await;
    assert_eq!(header(plain.headers(), "content-encoding"), None);
    let vary = header(plain.headers(), "vary").map(str::to_owned);
    assert!(
        vary.is_some_and(|vary| vary.contains("accept-encoding")),
        "a cache keeps the two apart"
    );
    assert_eq!(plain.text().await.unwrap(), SCRIPT);
}

#[tokio::test]
async fn a_compressed_file_that_is_older_than_its_source_is_not_served() {
    let place = place(Duration::from_secs(60));
    let server = place.serve(&["--site", "site"], &[FAST]).await;
    let response = get(&server, &[("accept-encoding", "br")]).await;
    assert_ne!(response.text().await.unwrap(), COMPRESSED);
    assert_eq!(get(&server, &[]).await.text().await.unwrap(), SCRIPT);
}
