//! Several tasks at once, and again, from the command line.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;

use crate::fixture::{Place, Running, Said, Server};

/// `job` ends with the code that it is given.
fn place() -> Place {
    let place = Place::new();
    place.write("job.sh", "exit \"$1\"");
    place.write(
        "milepost.toml",
        "[commands.job]\nargv = ['sh', '{config_dir}/job.sh', '{code}']\n\
         [commands.job.params.code]\ntype = 'integer'\nrequired = true\nmin = 0\nmax = 9\n\
         [commands.job.params.word]\ntype = 'text'\nsecret = true\nenv = 'PARAM_WORD'\n",
    );
    place
}

/// Starts two that end so and follows them.
async fn two(place: &Place, server: &Server, codes: [u8; 2]) -> Said {
    let [first, second] = codes;
    place.write("jobs", &format!("{{\"code\": {first}}}\n\n{{\"code\": {second}}}\n"));
    server.run(place, &["run", "job", "--inputs", "jobs", "--follow"]).await
}

/// How many tasks the server knows of that wait.
async fn waiting(server: &Server) -> String {
    let metrics = reqwest::get(format!("{}/metrics", server.url)).await.unwrap().text().await;
    let metrics = metrics.unwrap();
    let line = metrics.lines().find(|line| line.contains("status=\"queued\""));
    line.unwrap_or_else(|| panic!("{metrics}")).to_owned()
}

#[tokio::test]
async fn a_batch_is_followed_to_the_end_of_each_and_those_that_failed_are_run_again() {
    let place = place();
    let server = place.serve(&[], &[]).await;
    let printed = two(&place, &server, [0, 3]).await;
    assert_eq!(printed.code, Some(1), "{printed:?}");
    assert_eq!(printed.stdout.lines().count(), 1, "{printed:?}");
    let ended = |words: &str| printed.stderr.lines().filter(|line| line.contains(words)).count();
    assert_eq!((ended("  completed in "), ended("  failed after ")), (1, 1), "{printed:?}");
    let last = printed.stderr.lines().last().unwrap();
    assert_eq!(last, "2 tasks have ended: 1 completed, 1 failed");

    let id = printed.stdout.trim();
    let status = server.run(&place, &["status", id]).await;
    assert_eq!(status.code, Some(1), "{status:?}");
    assert!(status.stdout.contains("2 of 2 have ended, 1 failed\nprogress 100 %\n"), "{status:?}");
    assert_eq!(status.stdout.lines().count(), 6, "{status:?}");
    assert_eq!(server.run(&place, &["status", id, "--follow"]).await.code, Some(1));

    let again = server.run(&place, &["rerun", id, "--follow"]).await;
    assert_eq!(again.code, Some(1), "{again:?}");
    assert_ne!(again.stdout, printed.stdout);
    assert_eq!(again.stderr.lines().last(), Some("1 task has ended: 1 failed"));
    let changed = server.run(&place, &["rerun", id, "--input", "code=0"]).await;
    changed.is_refused_with("this is a batch");
}

#[tokio::test]
async fn those_of_a_batch_that_had_secrets_are_not_run_again_without_them() {
    let place = place();
    let server = place.serve(&[], &[]).await;
    place.write("jobs", "{\"code\": 3}\n{\"code\": 3, \"word\": \"hush-hush\"}\n");
    let printed = server.run(&place, &["run", "job", "--inputs", "jobs", "--follow"]).await;
    assert_eq!(printed.code, Some(1), "{printed:?}");
    let id = printed.stdout.trim();
    let again = server.run(&place, &["rerun", id]).await;
    again.is_refused_with(": word: has to be entered again");
    assert!(again.stderr.contains("task "), "it says of which: {again:?}");
    let page = reqwest::Client::new().post(format!("{}/batches/{id}/rerun", server.url)).send();
    let page = page.await.unwrap().text().await.unwrap();
    assert!(page.contains(": word: has to be entered again"), "{page}");
}

#[tokio::test]
async fn a_list_on_the_standard_input_is_a_batch_and_none_that_failed_is_nothing_to_do_again() {
    let place = place();
    let server = place.serve(&[], &[]).await;
    let run = ["run", "job", "--inputs", "-", "--input", "code=0", "--follow"];
    let mut command = server.client(&place, &run);
    command.stdin(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(b"[{\"code\": 0},\n {}]").await.unwrap();
    drop(stdin);
    let output = running.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let id = String::from_utf8(output.stdout).unwrap();
    let again = server.run(&place, &["rerun", id.trim()]).await;
    again.is_refused_with("no task of this batch failed");
}

#[tokio::test]
async fn a_wrong_line_is_told_with_its_number_and_nothing_is_started() {
    let place = place();
    let server = place.serve(&["--no-worker"], &[]).await;
    for (text, shown) in [
        ("{\"code\": 0}\n\n{\"code\": 99}", "jobs:3: code: must be at most 9"),
        (
            "{\"code\": 0}\n{\"kode\": 1}",
            "jobs:2: kode: unknown; there are: code, word; jobs:2: code: is required",
        ),
        ("{\"code\": 0}\n{\"code\": 0", "jobs:2: this is no JSON"),
        ("[{\"code\": 0},\n7]", "jobs:2: an input is a JSON object"),
        ("\n", "jobs: there are no inputs in it"),
        ("{\"code\": \"\x1b[2J\"}", "jobs:1: this is no JSON"),
    ] {
        place.write("jobs", text);
        let printed = server.run(&place, &["run", "job", "--inputs", "jobs", "--follow"]).await;
        printed.is_refused_with(shown);
    }
    let printed = server.run(&place, &["run", "job", "--inputs", "nowhere"]).await;
    printed.is_refused_with("nowhere: ");
    assert!(waiting(&server).await.ends_with(" 0"), "{}", waiting(&server).await);
}

#[tokio::test]
async fn more_inputs_than_a_batch_takes_are_several_and_a_repeated_start_begins_none() {
    let place = place();
    let server = place.serve(&[], &[]).await;
    place.write("jobs", &"{\"code\": 0}\n".repeat(130));
    let key = "k".repeat(200);
    let run = ["run", "job", "--inputs", "jobs", "--idempotency-key", &key];
    let first = server.run(&place, &run).await;
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(first.stdout.lines().count(), 2, "{first:?}");
    assert!(first.stderr.contains("2 batches, 130 tasks"), "{first:?}");
    let totals: Vec<_> = futures_util::future::join_all(first.stdout.lines().map(async |id| {
        let followed = server.run(&place, &["status", id, "--follow"]).await;
        assert_eq!(followed.code, Some(0), "{followed:?}");
        followed.stderr.lines().last().unwrap_or_default().to_owned()
    }))
    .await;
    assert_eq!(
        totals,
        ["100 tasks have ended: 100 completed", "30 tasks have ended: 30 completed"]
    );
    assert_eq!(server.run(&place, &run).await.stdout, first.stdout);
}

#[tokio::test]
async fn ctrl_c_while_the_rest_waits_for_room_cancels_what_was_started() {
    let place = place();
    let server = place.serve(&["--no-worker"], &[]).await;
    place.write("jobs", &"{\"code\": 0}\n".repeat(101));
    let run = server.client(&place, &["run", "job", "--inputs", "jobs", "--follow"]);
    let mut running = Running::start(run);
    running.until_it_says("waiting for room").await;
    running.signal("INT").await;
    running.until_it_says(": cancelled").await;
    assert_eq!(running.end().await.0, Some(130));
    assert!(waiting(&server).await.ends_with(" 0"), "{}", waiting(&server).await);
}

#[tokio::test]
async fn ctrl_c_cancels_all_of_a_batch_that_was_started_and_leaves_one_that_is_watched() {
    let place = place();
    let server = place.serve(&["--no-worker"], &[]).await;
    place.write("jobs", "{\"code\": 0}\n{\"code\": 0}");
    let run = server.client(&place, &["run", "job", "--inputs", "jobs", "--follow"]);
    let mut running = Running::start(run);
    running.until_it_says("0 of 2 have ended").await;
    running.signal("INT").await;
    running.until_it_says("2 tasks have ended: 2 cancelled").await;
    let (code, id) = running.end().await;
    assert_eq!(code, Some(130));
    assert_eq!(server.run(&place, &["status", id.trim()]).await.code, Some(130));

    let started = server.run(&place, &["run", "job", "--inputs", "jobs"]).await;
    let id = started.stdout.trim();
    let mut watching = Running::start(server.client(&place, &["status", id, "--follow"]));
    watching.until_it_says("0 of 2 have ended").await;
    watching.signal("INT").await;
    watching.until_it_says("the tasks go on").await;
    assert_eq!(watching.end().await.0, Some(130));
    assert_eq!(server.run(&place, &["status", id]).await.code, Some(0));
    let cancelled = server.run(&place, &["cancel", id]).await;
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    assert!(cancelled.stdout.contains("2 of 2 have ended\n"), "{cancelled:?}");
}

#[tokio::test]
async fn a_task_is_run_again_as_it_was_or_with_something_changed() {
    let place = place();
    let server = place.serve(&[], &[]).await;
    let run = ["run", "job", "-i", "code=3", "-i", "word=hush-hush", "--follow"];
    let failed = server.run(&place, &run).await;
    assert_eq!(failed.code, Some(1), "{failed:?}");
    let id = failed.stdout.trim();
    let input = reqwest::get(format!("{}/api/v1/tasks/{id}/input", server.url)).await.unwrap();
    let input: serde_json::Value = input.json().await.unwrap();
    assert_eq!(input, serde_json::json!({"kind": "job", "input": {"code": 3}, "priority": 0}));
    // Not without the secret, which is not kept.
    let refused = server.run(&place, &["rerun", id]).await;
    refused.is_refused_with("word: has to be entered again");
    let same = server.run(&place, &["rerun", id, "-i", "word=hush-hush", "--follow"]).await;
    assert_eq!(same.code, Some(1), "{same:?}");
    assert_ne!(same.stdout, failed.stdout);
    let changed = server.run(&place, &["rerun", id, "--input", "code=0", "--follow"]).await;
    assert_eq!(changed.code, Some(0), "{changed:?}");
    assert!(changed.stderr.contains("secrets are not taken over"), "{changed:?}");
    assert!(!changed.stderr.contains("hush-hush"), "{changed:?}");
    let wrong = server.run(&place, &["rerun", id, "--input", "code=x"]).await;
    wrong.is_refused_with("input code: must be of type integer");
    let unknown = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55";
    for command in [&["rerun", unknown][..], &["rerun", unknown, "-i", "code=0"]] {
        server.run(&place, command).await.is_refused_with("Task not found");
    }
    for command in ["status", "cancel"] {
        server.run(&place, &[command, unknown]).await.is_refused_with("Task not found");
    }
}

#[tokio::test]
async fn the_help_of_a_kind_tells_its_inputs_and_that_of_the_command_needs_no_server() {
    let place = place();
    let server = place.serve(&["--no-worker"], &[]).await;
    let shown = server.run(&place, &["run", "job", "--help"]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for part in
        ["  code (required)\n", "Whole number, 0 to 9\n", "Secret", "run job --input code=0"]
    {
        assert!(shown.stdout.contains(part), "{part} is not in {}", shown.stdout);
    }
    let story = server.run(&place, &["run", "story", "-h"]).await;
    for part in ["Such as: lighthouse, sourdough", "1 to 100 characters", "leave those out"] {
        assert!(story.stdout.contains(part), "{part} is not in {}", story.stdout);
    }
    let unknown = server.run(&place, &["run", "nope", "--help"]).await;
    unknown.is_refused_with("there is no kind nope; there are: ");
    server.stop().await;
    let nobody = ["run", "job", "--help", "--url", "http://127.0.0.1:9"];
    place.run(&nobody).await.is_refused_with("cannot reach http://127.0.0.1:9");
    for run in [&["run", "--help"][..], &["help", "run"]] {
        let general = place.run(run).await;
        assert_eq!(general.code, Some(0), "{general:?}");
        for part in ["Usage: milepost run", "--inputs <FILE>", "--help"] {
            assert!(general.stdout.contains(part), "{part} is not in {}", general.stdout);
        }
    }
    let kindless = place.run(&["run"]).await;
    assert_eq!(kindless.code, Some(2), "{kindless:?}");
}
