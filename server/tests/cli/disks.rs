//! Disks that are full, read only or damaged: a clear line, and nothing lost.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::fixture::{Place, Said};

/// Lets a process write to the first `bytes` of each file and no further, as a full disk does.
async fn limit_files(server: &mut crate::fixture::Server, bytes: &str) {
    let pid = server.child().id().unwrap().to_string();
    // The soft limit: what is taken can be given back.
    let limit = format!("--fsize={bytes}:unlimited");
    let done = Command::new("prlimit").args(["--pid", &pid, &limit]).status().await;
    assert!(done.unwrap().success());
}

async fn start(url: &str, input: &Value) -> reqwest::Response {
    let request = reqwest::Client::new().post(format!("{url}/api/v1/tasks")).json(input);
    request.send().await.unwrap()
}

async fn status(url: &str, id: &str) -> Value {
    reqwest::get(format!("{url}/api/v1/tasks/{id}")).await.unwrap().json().await.unwrap()
}

async fn until_completed(url: &str, id: &str) -> Value {
    let patience = std::time::Instant::now();
    loop {
        let shown = status(url, id).await;
        if shown["status"] == "completed" {
            return shown;
        }
        assert!(patience.elapsed().as_secs() < 120, "still {shown:#}");
    }
}

#[tokio::test]
async fn a_full_disk_takes_no_start_and_loses_no_task() {
    let place = Place::with_research();
    // A process that may not write any further is told so instead of ended.
    let shown = place.wrapped(&["sh", "-c", r#"trap "" XFSZ; exec "$@""#, "sh"], &["serve"]);
    let pace = [("MILEPOST_STORY_WORDS_PER_SECOND", "300"), ("MILEPOST_HTTP_ADDR", "127.0.0.1:0")];
    let mut server = place.serve_by(shown, &pace).await;
    let url = server.url.clone();
    let story = json!({ "kind": "story", "input": { "subject": "lighthouse", "player": "Ada" } });
    let table = json!({ "kind": "dataset", "input": { "data": "a,b\n1,2\n" } });
    let accepted: Value = start(&url, &story).await.json().await.unwrap();
    let id = accepted["id"].as_str().unwrap();
    while status(&url, id).await["progress"].as_f64().is_none_or(|percent| percent < 5.0) {}

    limit_files(&mut server, "1").await;
    let refused = start(&url, &table).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    // What is known is still told.
    assert_eq!(status(&url, id).await["kind"], "story");
    limit_files(&mut server, "unlimited").await;

    let accepted = start(&url, &table).await;
    assert_eq!(accepted.status(), StatusCode::ACCEPTED, "{}", place.log());
    let accepted: Value = accepted.json().await.unwrap();
    until_completed(&url, accepted["id"].as_str().unwrap()).await;
    until_completed(&url, id).await;
    let list = server.run(&place, &["result", id]).await;
    assert!(list.stdout.starts_with("# "), "{list:?}");
    assert_eq!(server.stop().await.0.code(), Some(0));
}

/// A server whose data folder is a disk of its own, of 8 MiB, which goes with it.
async fn on_a_small_disk(place: &Place, variables: &[(&str, &str)]) -> crate::fixture::Server {
    std::fs::create_dir_all(place.path("data")).unwrap();
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let namespace = if root { "-m" } else { "-rm" };
    let mount = r#"mount -t tmpfs -o size=8m none data && exec "$@""#;
    let shown = place.wrapped(&["unshare", namespace, "sh", "-c", mount, "sh"], &["serve"]);
    let pace = [("MILEPOST_STORY_WORDS_PER_SECOND", "300"), ("MILEPOST_HTTP_ADDR", "127.0.0.1:0")];
    place.serve_by(shown, &[&pace, variables].concat()).await
}

/// A file beside the database that leaves so many bytes of the small disk free.
fn fill(place: &Place, server: &mut crate::fixture::Server, free: u64) -> std::path::PathBuf {
    let pid = server.child().id().unwrap();
    let data = place.path("data");
    let filler = format!("/proc/{pid}/root{}/filler", data.display());
    let mut file = std::fs::File::create(&filler).unwrap();
    let piece = [0; 4096];
    while std::io::Write::write_all(&mut file, &piece).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(free)).unwrap();
    filler.into()
}

#[tokio::test]
async fn with_little_room_on_the_disk_nothing_new_is_taken_in_and_what_runs_ends() {
    let place = Place::with_research();
    let mut server = on_a_small_disk(&place, &[]).await;
    let url = server.url.clone();
    let story = json!({ "kind": "story", "input": { "subject": "lighthouse", "player": "Ada" } });
    let table = json!({ "kind": "dataset", "input": { "data": "a,b\n1,2\n" } });
    let accepted: Value = start(&url, &story).await.json().await.unwrap();
    let id = accepted["id"].as_str().unwrap();
    // A tenth of the small disk stays free.
    let filler = fill(&place, &mut server, 600_000);
    let refused = start(&url, &table).await;
    assert_eq!(refused.status(), StatusCode::INSUFFICIENT_STORAGE);
    assert!(refused.headers().contains_key("retry-after"));
    let shown: Value = refused.json().await.unwrap();
    assert!(shown["detail"].as_str().unwrap().contains("storage.min_free_bytes"), "{shown}");
    let upload = reqwest::Client::new().post(format!("{url}/api/v1/uploads?name=a.csv"));
    let refused = upload.body("a,b\n1,2\n").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::INSUFFICIENT_STORAGE);
    until_completed(&url, id).await;
    std::fs::remove_file(filler).unwrap();
    let accepted = start(&url, &table).await;
    assert_eq!(accepted.status(), StatusCode::ACCEPTED, "{}", place.log());
    let accepted: Value = accepted.json().await.unwrap();
    until_completed(&url, accepted["id"].as_str().unwrap()).await;
    assert_eq!(server.stop().await.0.code(), Some(0));
}

#[tokio::test]
async fn a_disk_without_any_room_is_told_as_such_and_the_server_goes_on_once_there_is_some() {
    let place = Place::with_research();
    let none_kept = [("MILEPOST_STORAGE_MIN_FREE_BYTES", "0"), ("MILEPOST_ENGINE_WORKER", "false")];
    let mut server = on_a_small_disk(&place, &none_kept).await;
    let url = server.url.clone();
    let filler = fill(&place, &mut server, 0);
    // What the log of the database has room for already is taken in.
    let large = json!({ "kind": "dataset", "input": { "data": "a,b\n".repeat(100_000) } });
    let mut refused = None;
    for _ in 0..20 {
        let answer = start(&url, &large).await;
        if answer.status() != StatusCode::ACCEPTED {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the disk is full");
    assert_eq!(refused.status(), StatusCode::INSUFFICIENT_STORAGE, "{}", place.log());
    assert!(refused.headers().contains_key("retry-after"));
    let shown: Value = refused.json().await.unwrap();
    assert_eq!(shown["detail"], "The disk of the database is full.");
    // What is known is still told.
    let list = reqwest::get(format!("{url}/api/v1/kinds")).await.unwrap();
    assert_eq!(list.status(), StatusCode::OK);
    std::fs::remove_file(filler).unwrap();
    let accepted = start(&url, &large).await;
    assert_eq!(accepted.status(), StatusCode::ACCEPTED, "{}", place.log());
    assert_eq!(server.stop().await.0.code(), Some(0));
}

/// Root may write everywhere, unless it has given that up.
fn without_privileges(place: &Place, args: &[&str]) -> Command {
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let none = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
    if root { place.wrapped(&none, args) } else { place.milepost(args) }
}

fn set_mode(path: &std::path::Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_data_folder_or_file_that_is_read_only_is_told_in_one_line_and_works_once_it_is_not() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let started = server.run(&place, &["run", "dataset", "--input", "data=a,b\n1,2\n"]).await;
    let id = started.stdout.trim().to_owned();
    assert_eq!(server.stop().await.0.code(), Some(0));
    let serve = ["serve", "--addr", "127.0.0.1:0"];

    let (folder, file) = (place.path("data"), place.path("data/milepost.db"));
    std::fs::remove_file(place.path("data/milepost.db.lock")).unwrap();
    set_mode(&folder, 0o500);
    let printed = Said::of(without_privileges(&place, &serve)).await;
    printed.is_refused_with("milepost.db.lock cannot be written: Permission denied");
    set_mode(&folder, 0o700);

    set_mode(&file, 0o400);
    let printed = Said::of(without_privileges(&place, &serve)).await;
    printed.is_refused_with("milepost.db cannot be opened: Permission denied");
    set_mode(&file, 0o600);

    let server = place.serve(&[], &[]).await;
    let ended = server.run(&place, &["status", &id, "--follow"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn a_damaged_database_is_told_in_one_line_and_left_as_it_is() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let started = server.run(&place, &["run", "dataset", "--input", "data=a,b\n1,2\n"]).await;
    assert_eq!(started.code, Some(0), "{started:?}");
    assert_eq!(server.stop().await.0.code(), Some(0));
    let file = place.path("data/milepost.db");
    let whole = std::fs::read(&file).unwrap();
    let scratched = [&whole[..100], &vec![0xa5; whole.len() - 100][..]].concat();
    let cut_off = whole[..whole.len() / 2].to_vec();
    for damaged in [scratched, cut_off] {
        std::fs::write(&file, &damaged).unwrap();
        let printed = place.run(&["serve", "--addr", "127.0.0.1:0"]).await;
        printed.is_refused_with("milepost.db cannot be opened");
        assert!(std::fs::read(&file).unwrap() == damaged, "the damaged file was written to");
    }
    // A copy that was kept is enough.
    std::fs::write(&file, &whole).unwrap();
    let server = place.serve(&[], &[]).await;
    let ended = server.run(&place, &["status", started.stdout.trim(), "--follow"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn a_second_process_on_the_same_file_is_refused_by_any_name_and_disturbs_nobody() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    std::os::unix::fs::symlink(place.path("data"), place.path("other")).unwrap();
    for data in ["data", "other", "./other/../data"] {
        let printed = place.run(&["serve", "--addr", "127.0.0.1:0", "--data", data]).await;
        printed.is_refused_with("is in use by another milepost");
    }
    let input = ["run", "dataset", "--input", "data=a,b\n1,2\n", "--follow"];
    let printed = server.run(&place, &input).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
}
