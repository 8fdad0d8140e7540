//! Starting and stopping the server, and what it answers besides the API.

use crate::fixture::{Place, arg, signal};

#[tokio::test]
async fn it_prints_its_url_alone_and_ends_well_when_told() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    assert!(place.path("data/milepost.db").is_file());
    let (status, more) = server.stop().await;
    assert_eq!((status.code(), more), (Some(0), None), "{}", place.log());
}

#[tokio::test]
async fn ctrl_c_ends_it_too() {
    let place = Place::new();
    let mut server = place.serve(&[], &[]).await;
    signal(server.child(), "INT").await;
    assert_eq!(server.child().wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_taken_port_is_told_in_one_line() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let printed = place.run(&["serve", "--addr", &addr]).await;
    printed.is_refused_with(&format!("cannot listen on {addr}: another program listens there"));
}

#[tokio::test]
async fn two_settings_with_one_address_are_both_named() {
    let place = Place::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for metrics in [free.to_string(), format!("0.0.0.0:{}", free.port())] {
        let twice = format!("[http]\naddr = \"{free}\"\nmetrics_addr = \"{metrics}\"\n");
        let twice = place.write("twice.toml", &twice);
        let printed = place.run(&["serve", "--config", arg(&twice)]).await;
        let both = format!("http.addr {free} and http.metrics_addr {metrics} are the same port");
        printed.is_refused_with(&both);
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told_in_one_line() {
    let place = Place::new();
    let file = place.write("file", "");
    let folder = file.join("data");
    let printed = place.run(&["serve", "--addr", "127.0.0.1:0", "--data", arg(&folder)]).await;
    printed.is_refused_with(&format!("cannot write to the folder {}", folder.display()));
}

#[tokio::test]
async fn a_start_that_cannot_work_leaves_nothing_behind() {
    let place = Place::new();
    let alone = "a worker needs the database of its servers";
    for (args, shown) in [
        (&["worker"][..], alone),
        (&["worker", "--database", "sqlite:///tmp/never/m.db"], alone),
        (&["serve", "--addr", "127.0.0.1:0", "--database", "sqlite::memory:"], "names no database"),
    ] {
        place.run(args).await.is_refused_with(shown);
        let left: Vec<_> = std::fs::read_dir(place.path("")).unwrap().collect();
        assert!(left.is_empty(), "{args:?} left {left:?}");
    }
}

#[tokio::test]
async fn a_database_that_is_in_use_is_told_in_one_line() {
    let place = Place::new();
    let _first = place.serve(&[], &[]).await;
    let printed = place.run(&["serve", "--addr", "127.0.0.1:0"]).await;
    printed.is_refused_with("is in use by another milepost");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_in_one_line() {
    let place = Place::new();
    let file = place.write("notes.db", &"not a database ".repeat(100));
    let url = format!("sqlite://{}", file.display());
    let printed = place.run(&["serve", "--addr", "127.0.0.1:0", "--database", &url]).await;
    printed.is_refused_with("notes.db cannot be opened");
}

#[tokio::test]
async fn a_queued_task_survives_a_restart() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let started = server.run(&place, &["run", "dataset", "--input", "data=a,b\n1,2\n"]).await;
    let id = started.stdout.trim().to_owned();
    assert_eq!(started.code, Some(0), "{started:?}");
    assert_eq!(server.stop().await.0.code(), Some(0));

    let server = place.serve(&[], &[]).await;
    let ended = server.run(&place, &["status", &id, "--follow"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("completed in"), "{ended:?}");
}

#[tokio::test]
async fn pages_files_and_calls_each_get_their_own_answer() {
    let place = Place::new();
    place.write("site/pkg/milepost.css", "body {}");
    let server = place.serve(&["--site", arg(&place.path("site"))], &[]).await;
    let get = async |path: &str| reqwest::get(format!("{}{path}", server.url)).await.unwrap();

    let home = get("/").await;
    assert_eq!(home.status(), 200);
    assert!(home.headers().contains_key("set-cookie"));
    assert_eq!(home.headers()["x-content-type-options"], "nosniff");
    assert_eq!(home.headers()["cache-control"], "private, no-cache");
    assert!(home.text().await.unwrap().contains("<!DOCTYPE html>"));

    let style = get("/pkg/milepost.css").await;
    assert_eq!(style.headers()["content-type"], "text/css");
    assert_eq!(style.headers()["cache-control"], "no-cache");
    assert!(!style.headers().contains_key("set-cookie"));
    assert_eq!(style.text().await.unwrap(), "body {}");

    let nowhere = get("/nowhere").await;
    assert_eq!(nowhere.status(), 404);
    assert!(nowhere.headers()["content-type"].to_str().unwrap().starts_with("text/html"));

    let no_call = get("/api/nowhere").await;
    assert_eq!(no_call.status(), 404);
    assert_eq!(no_call.headers()["content-type"], "application/problem+json");
    assert!(!no_call.headers().contains_key("set-cookie"));

    let outside = get("/pkg/..%2f..%2flog").await;
    assert_eq!(outside.status(), 404);
}

#[tokio::test]
async fn a_cursor_that_is_none_is_an_error_for_programs_and_a_word_for_people() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let client = reqwest::Client::new();
    let home = client.get(&server.url).send().await.unwrap();
    let cookie = home.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();
    let get = async |path: &str, cookie: &str| {
        let request = client.get(format!("{}{path}", server.url)).header("cookie", cookie);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for cookie in [cookie, ""] {
        let (status, text) = get("/api/v1/tasks?cursor=zzz", cookie).await;
        assert!(status == 400 && text.contains("next_cursor"), "{status} {text}");
        let (status, text) = get("/tasks?cursor=zzz", cookie).await;
        assert!(status == 200 && text.contains("leads to no place in the list"), "{status} {text}");
        assert!(!text.contains("cursor=zzz\""), "no link goes on with it: {text}");
        let (status, text) = get("/tasks", cookie).await;
        assert!(status == 200 && !text.contains("leads to no place"), "{status} {text}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_cannot_start_anything() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let request = reqwest::Client::new()
        .post(format!("{}/start/dataset", server.url))
        .header("origin", "https://evil.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("data=a");
    assert_eq!(request.send().await.unwrap().status(), 403);
}
