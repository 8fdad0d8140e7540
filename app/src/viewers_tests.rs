//! Pages stay small whatever is shown, and slow renderings do not block others.

use std::sync::{Barrier, mpsc};

use super::*;

fn result(media_type: &str, bytes: &[u8]) -> StoredResult {
    StoredResult::new(media_type, "a", bytes)
}

fn text(beginning: &Preview<'_>, html: &mut Html) -> Result<(), Failure> {
    Ok(html.text(std::str::from_utf8(beginning.bytes)?)?)
}

const HREF: &str = "/api/v1/tasks/00000000-0000-4000-8000-000000000000/result";

async fn shown(viewers: &Viewers, media_type: &str, bytes: &[u8]) -> ResultView {
    viewers.view(HREF.to_owned(), result(media_type, bytes)).await
}

#[tokio::test]
async fn a_viewer_is_found_by_the_essence_of_the_media_type() {
    let viewers = Viewers::default()
        .with("text/*", |_: &Preview<'_>, html: &mut Html| html.text("any"))
        .with("text/markdown", text);
    for (media_type, bytes, html, fails) in [
        ("Text/Markdown; charset=utf-8", b"a<".as_slice(), Some("a&lt;"), false),
        ("text/markdown", b"\xff", None, true),
        ("text/plain", b"a", Some("any"), false),
        ("TEXT/html", b"a", Some("any"), false),
        ("image/png", b"a", None, false),
    ] {
        let view = shown(&viewers, media_type, bytes).await;
        assert_eq!((view.html.as_deref(), view.problem.is_some()), (html, fails), "{media_type}");
        assert_eq!((view.size_bytes, view.media_type.as_str()), (bytes.len() as i64, media_type));
    }
}

#[tokio::test]
async fn what_is_larger_than_a_page_takes_is_shown_in_part_with_a_link_to_all() {
    let viewers = Viewers::default().with("text/plain", text);
    let html = shown(&viewers, "text/plain", &vec![b'<'; 2 << 20]).await.html.unwrap();
    assert!(html.len() <= 1 << 20, "{}", html.len());
    assert!(html.contains("Only the beginning is shown."), "no note");
    assert!(html.contains(&format!("href=\"{HREF}\"")), "no link");
}

#[tokio::test]
async fn as_many_as_are_allowed_are_rendered_at_once_and_who_waits_too_long_is_told() {
    let limits = ViewLimits {
        max_concurrent: 1,
        timeout: Duration::from_millis(20),
        ..ViewLimits::default()
    };
    let (release, held) = mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let begun = Arc::new(Barrier::new(2));
    let met = Arc::clone(&begun);
    let viewers = Viewers::new(limits).with("text/plain", text).with(
        "text/slow",
        move |_: &Preview<'_>, html: &mut Html| {
            met.wait();
            // Blocks until the test continues it.
            let _ = held.lock().map(|held| held.recv());
            html.text("late")
        },
    );
    let first = tokio::spawn({
        let viewers = viewers.clone();
        async move { shown(&viewers, "text/slow", b"").await }
    });
    tokio::task::spawn_blocking(move || begun.wait()).await.unwrap();
    let waiting = shown(&viewers, "text/plain", b"x").await;
    assert!(waiting.problem.unwrap().contains("load this page again"));
    assert_eq!(first.await.unwrap().problem.as_deref(), Some("it takes too long to show"));
    // The slot is free only after the rendering has ended.
    assert!(shown(&viewers, "text/plain", b"x").await.html.is_none());
    drop(release);
    let turn = Arc::clone(&viewers.turns).acquire_owned().await.unwrap();
    drop(turn);
    assert_eq!(shown(&viewers, "text/plain", b"x").await.html.as_deref(), Some("x"));
}

#[tokio::test]
async fn a_viewer_that_panics_is_a_page_that_says_so_and_frees_its_turn() {
    let viewers = Viewers::default()
        .with("text/plain", |_: &Preview<'_>, _: &mut Html| -> Result<(), Failure> {
            panic!("a secret")
        });
    for _ in 0..3 {
        let problem = shown(&viewers, "text/plain", b"x").await.problem;
        assert_eq!(problem.as_deref(), Some("it could not be shown"));
    }
}
