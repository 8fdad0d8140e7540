//! The client commands against a real server, with their exit codes.

use crate::fixture::{Place, Running, arg};

/// Some thousand rows: enough to have stages worth watching.
fn csv() -> String {
    let rows: String = (0..5_000).map(|row| format!("{row},{}\n", f64::from(row) / 3.0)).collect();
    format!("id,third\n{rows}")
}

#[tokio::test]
async fn a_task_is_run_followed_and_its_result_fetched() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let file = place.write("numbers.csv", &csv());
    let data = format!("data=@{}", file.display());
    let run = ["run", "dataset", "--input", &data, "--input", "name=numbers", "--follow"];
    let printed = server.run(&place, &run).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert!(printed.stderr.lines().last().unwrap().starts_with("completed in"), "{printed:?}");
    let id = printed.stdout.trim();

    let status = server.run(&place, &["status", id]).await;
    assert_eq!(status.code, Some(0), "{status:?}");
    for part in ["Data set: numbers", "completed", "100 %", "Step 4 of 4: Finalizing"] {
        assert!(status.stdout.contains(part), "{part} is not in {status:?}");
    }

    let result = server.run(&place, &["result", id]).await;
    assert_eq!(result.code, Some(0), "{result:?}");
    let profile: serde_json::Value = serde_json::from_str(&result.stdout).unwrap();
    assert_eq!(profile["rows"], 5_000);
    assert_eq!(profile["columns"][0]["numeric"]["median"], 2499.5);

    let output = place.path("profile.json");
    let printed = server.run(&place, &["result", id, "-o", arg(&output)]).await;
    assert_eq!((printed.code, printed.stdout.as_str()), (Some(0), ""), "{printed:?}");
    assert_eq!(std::fs::read_to_string(output).unwrap(), result.stdout);
    let printed = server.run(&place, &["result", id, "-o", "-"]).await;
    assert_eq!((printed.code, printed.stdout), (Some(0), result.stdout), "{}", printed.stderr);

    let printed = server.run(&place, &["run", "dataset", "--input", "x\u{1b}[31m=1"]).await;
    assert!(printed.code == Some(2) && !printed.stderr.contains('\u{1b}'), "{printed:?}");
}

#[tokio::test]
async fn what_is_finished_is_printed_once_as_it_grows() {
    let place = Place::with_research();
    let server = place.serve(&[], &[("MILEPOST_STORY_WORDS_PER_SECOND", "150")]).await;
    let run = ["run", "story", "-i", "subject=lighthouse", "-i", "player=Ada"];
    let printed = server.run(&place, &[&run[..], &["--follow", "--preview"]].concat()).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let headings =
        |mark: &str| printed.stderr.lines().filter(|line| line.starts_with(mark)).count();
    assert_eq!(headings("# "), 1, "{printed:?}");
    assert!(headings("## ") >= 2, "{printed:?}");
    let mut chapters: Vec<_> =
        printed.stderr.lines().filter(|line| line.starts_with("## ")).collect();
    let all = chapters.len();
    chapters.dedup();
    assert_eq!(chapters.len(), all, "each once: {printed:?}");
    let alone = server.run(&place, &[&run[..], &["--preview"]].concat()).await;
    assert_eq!(alone.code, Some(2), "{alone:?}");
    assert!(alone.stderr.contains("--follow"), "{alone:?}");
}

#[tokio::test]
async fn the_input_can_come_from_the_standard_input() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let file = place.write("input", "input");
    let mut command = server.client(&place, &["run", "dataset", "-i", "data=@-", "-f"]);
    command.stdin(std::fs::File::open(file).unwrap());
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[tokio::test]
async fn a_task_that_fails_ends_with_one() {
    let place = Place::new();
    let server = place.serve(&[], &[("MILEPOST_ENGINE_MAX_RESULT_BYTES", "10")]).await;
    let printed = server.run(&place, &["run", "dataset", "-i", "data=a\n1", "--follow"]).await;
    assert_eq!(printed.code, Some(1), "{printed:?}");
    assert!(printed.stderr.lines().last().unwrap().starts_with("failed after"), "{printed:?}");
    let id = printed.stdout.trim();
    assert_eq!(server.run(&place, &["status", id]).await.code, Some(1));
    assert_eq!(server.run(&place, &["status", id, "--follow"]).await.code, Some(1));
    let result = server.run(&place, &["result", id]).await;
    assert_eq!((result.code, result.stdout.as_str()), (Some(1), ""), "{result:?}");
}

#[tokio::test]
async fn ctrl_c_cancels_the_task_that_is_followed() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let command = server.client(&place, &["run", "dataset", "-i", "data=a\n1", "--follow"]);
    let mut running = Running::start(command);
    running.until_it_says("queued").await;
    running.signal("INT").await;
    running.until_it_says("cancelled after").await;
    let (code, stdout) = running.end().await;
    assert_eq!(code, Some(130));
    let status = server.run(&place, &["status", stdout.trim()]).await;
    assert_eq!(status.code, Some(130), "{status:?}");
}

#[tokio::test]
async fn ctrl_c_while_watching_somebody_elses_task_only_leaves() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let started = server.run(&place, &["run", "dataset", "-i", "data=a"]).await;
    let id = started.stdout.trim();
    let mut running = Running::start(server.client(&place, &["status", id, "--follow"]));
    running.until_it_says("queued").await;
    running.signal("INT").await;
    running.until_it_says("the task goes on").await;
    assert_eq!(running.end().await.0, Some(130));
    let status = server.run(&place, &["status", id]).await;
    assert!(status.stdout.contains("queued"), "{status:?}");
    assert_eq!(status.code, Some(0));
}

#[tokio::test]
async fn a_task_is_cancelled_by_its_id() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let started = server.run(&place, &["run", "dataset", "-i", "data=a"]).await;
    let id = started.stdout.trim();
    let early = server.run(&place, &["result", id]).await;
    assert_eq!(early.code, Some(2), "{early:?}");
    assert!(early.stderr.contains("queued"), "{early:?}");
    let printed = server.run(&place, &["cancel", id]).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let lines: Vec<_> = printed.stdout.lines().collect();
    assert_eq!(lines[0], format!("{id} cancelled"));
    assert!(lines[1].starts_with("cancel   requested 20"), "{lines:?}");
    assert!(lines[1].ends_with(" by somebody with its id"), "{lines:?}");
    assert!(lines[2].ends_with(" before it had started"), "{lines:?}");
    assert_eq!(server.run(&place, &["result", id]).await.code, Some(130));
}

#[tokio::test]
async fn a_priority_puts_a_task_before_its_owners_others_and_has_limits() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let start = async |priority: &[&str]| {
        let run = [&["run", "dataset", "-i", "data=a"], priority].concat();
        server.run(&place, &run).await.stdout.trim().to_owned()
    };
    let usual = start(&[]).await;
    let (urgent, idle) = (start(&["--priority", "7"]).await, start(&["--priority", "-7"]).await);
    for (id, place_in_line) in [(urgent, "1st"), (usual, "2nd"), (idle, "3rd")] {
        // A farther place is told a moment later.
        let line = format!("place    {place_in_line} in line");
        let patience = std::time::Instant::now();
        while !server.run(&place, &["status", &id]).await.stdout.contains(&line) {
            assert!(patience.elapsed().as_secs() < 120, "{line} is not told of {id}");
        }
    }
    for wrong in ["101", "-101", "soon"] {
        let run = ["run", "dataset", "-i", "data=a", "--priority", wrong];
        let printed = server.run(&place, &run).await;
        assert_eq!((printed.code, printed.stdout.as_str()), (Some(2), ""), "{printed:?}");
        assert!(
            printed.stderr.contains(wrong) && printed.stderr.contains("--priority"),
            "{printed:?}"
        );
    }
}

#[tokio::test]
async fn a_list_without_a_token_says_why_it_is_empty() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    server.run(&place, &["run", "dataset", "-i", "data=a"]).await;
    let printed = server.run(&place, &["ls"]).await;
    assert_eq!((printed.code, printed.stdout.as_str()), (Some(0), ""), "{printed:?}");
    assert!(printed.stderr.contains("token"), "{printed:?}");
    let wrong = server.run(&place, &["ls", "--status", "finished"]).await;
    wrong.is_refused_with("status is one of");
}

#[tokio::test]
async fn what_the_server_refuses_is_told_in_one_line() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let run = async |args: &[&str]| server.run(&place, args).await;
    run(&["run", "nonsense"]).await.is_refused_with("no kind nonsense; there are: ");
    run(&["run", "dataset"]).await.is_refused_with("data");
    run(&["run", "dataset", "-i", "data= "]).await.is_refused_with("the text is empty");
    let nowhere = run(&["run", "story", "-i", "subject=nowhere", "-i", "player=Ada"]).await;
    nowhere.is_refused_with("subject: Research file not found");
    assert_eq!(nowhere.stderr.matches("Research file not found").count(), 1, "{nowhere:?}");
    run(&["run", "dataset", "-i", "colour=red"]).await.is_refused_with("unknown input colour");
    run(&["run", "dataset", "-i", "data=@gone.csv"]).await.is_refused_with("gone.csv");
    let nobody = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55";
    for command in ["status", "cancel", "result"] {
        run(&[command, nobody]).await.is_refused_with("Task not found");
    }
    assert_eq!(run(&["status", "nonsense"]).await.code, Some(2));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_in_one_line() {
    let place = Place::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let printed = place.run(&["ls", "--url", &url]).await;
    printed.is_refused_with(&format!("cannot reach {url}: "));
    place.run(&["ls", "--url", "localhost"]).await.is_refused_with("Invalid server URL");
}

fn json(printed: &crate::fixture::Said) -> serde_json::Value {
    assert_eq!(printed.stdout.lines().count(), 1, "one document: {printed:?}");
    serde_json::from_str(&printed.stdout).unwrap_or_else(|error| panic!("{error}: {printed:?}"))
}

#[tokio::test]
async fn with_json_each_command_prints_the_document_of_the_api() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let started = server.run(&place, &["run", "dataset", "-i", "data=a\n1", "--json"]).await;
    let started = json(&started);
    assert_eq!((&started["existing"], &started["kind"]), (&false.into(), &"dataset".into()));
    let id = started["id"].as_str().unwrap();
    let ended = json(&server.run(&place, &["wait", id, "--json"]).await);
    assert_eq!(ended["status"], "completed");
    let status = json(&server.run(&place, &["status", id, "--json"]).await);
    assert_eq!(status["version"], ended["version"]);
    let followed = server.run(&place, &["status", id, "--follow", "--json"]).await;
    assert_eq!(json(&followed)["status"], "completed");
    let again = server.run(&place, &["rerun", id, "--follow", "--json"]).await;
    assert_eq!(json(&again)["status"], "completed");
    let kept = json(&server.run(&place, &["keep", id, "--json"]).await);
    assert!(kept["expires_at"].is_string(), "{kept}");
    let cancelled = json(&server.run(&place, &["cancel", id, "--json"]).await);
    assert_eq!(cancelled["status"], "completed", "too late");
    let files = json(&server.run(&place, &["files", id, "--json"]).await);
    assert!(files["files"].is_array(), "{files}");
    let list = json(&server.run(&place, &["ls", "--json"]).await);
    assert_eq!(list["tasks"], serde_json::json!([]));
    let inputs = place.write("inputs", "{\"data\":\"a\\n1\"}\n{\"data\":\"b\\n2\"}\n");
    let batch = server.run(&place, &["run", "dataset", "--inputs", arg(&inputs), "--json"]).await;
    let batch = json(&batch);
    assert_eq!(batch["tasks"].as_array().unwrap().len(), 2);
    let waited =
        json(&server.run(&place, &["wait", batch["id"].as_str().unwrap(), "--json"]).await);
    assert_eq!(waited["unfinished"], 0);
}

#[tokio::test]
async fn who_waits_is_told_how_each_task_ended() {
    let place = Place::new();
    let server = place.serve(&[], &[("MILEPOST_ENGINE_MAX_RESULT_BYTES", "10")]).await;
    let started = server.run(&place, &["run", "dataset", "-i", "data=a\n1"]).await;
    let id = started.stdout.trim();
    let printed = server.run(&place, &["wait", id]).await;
    assert_eq!(printed.code, Some(1), "{printed:?}");
    assert!(printed.stdout.starts_with(&format!("{id} failed after ")), "{printed:?}");
    let unknown = "00000000-0000-4000-8000-000000000000";
    assert_eq!(server.run(&place, &["wait", id, unknown]).await.code, Some(2));
}

#[tokio::test]
async fn a_log_is_printed_and_followed_to_the_end() {
    let place = Place::new();
    let text = "[commands.talk]\nargv = ['sh', '-c', 'echo one; echo two >&2; echo three']\n";
    place.write("milepost.toml", text);
    let server = place.serve(&[], &[]).await;
    let started = server.run(&place, &["run", "talk"]).await;
    let id = started.stdout.trim();
    let followed = server.run(&place, &["log", id, "--follow"]).await;
    assert_eq!(followed.code, Some(0), "{followed:?}");
    for line in ["stdout  one", "stderr  two", "stdout  three"] {
        let count = followed.stdout.lines().filter(|printed| printed.ends_with(line)).count();
        assert_eq!(count, 1, "{line}: {followed:?}");
    }
    assert_eq!(server.run(&place, &["log", id]).await.stdout, followed.stdout);
    let lines = server.run(&place, &["log", id, "--json"]).await;
    assert_eq!(lines.stdout.lines().count(), followed.stdout.lines().count());
    for line in lines.stdout.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["seq"].is_i64() && line["at"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn a_log_is_followed_over_a_restart_of_its_server() {
    let place = Place::new();
    let script = "echo begun; while ! [ -e {config_dir}/gate ]; do sleep 0.1; done; echo done";
    place.write(
        "milepost.toml",
        &format!("[commands.wait]\nmax_attempts = 2\nargv = ['sh', '-c', '{script}']\n"),
    );
    let mut server = place.serve(&[], &[]).await;
    let started = server.run(&place, &["run", "wait"]).await;
    let mut follow = server.client(&place, &["log", started.stdout.trim(), "--follow"]);
    let printed = place.path("printed");
    follow.stdout(std::fs::File::create(&printed).unwrap());
    let mut follow = Running::start(follow);
    while !std::fs::read_to_string(&printed).unwrap().contains("begun") {
        tokio::task::yield_now().await;
    }
    server.child().kill().await.unwrap();
    follow.until_it_says("trying again").await;
    place.write("gate", "");
    let addr = server.url.strip_prefix("http://").unwrap();
    let _server = place.serve_by(place.milepost(&["serve", "--addr", addr]), &[]).await;
    assert_eq!(follow.code().await, Some(0), "{}", place.log());
    let printed = std::fs::read_to_string(printed).unwrap();
    assert_eq!(
        printed.lines().filter(|line| line.ends_with("stdout  done")).count(),
        1,
        "{printed}"
    );
}

#[tokio::test]
async fn a_list_for_nobody_says_how_to_be_somebody() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let printed = server.run(&place, &["ls", "--search", "ägypten"]).await;
    assert_eq!((printed.code, printed.stdout.as_str()), (Some(0), ""), "{printed:?}");
    for part in ["without an identity", "/tasks", "--token", "docs/http.md"] {
        assert!(printed.stderr.contains(part), "{printed:?}");
    }
}

#[tokio::test]
async fn an_uploaded_file_names_its_task() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let file = place.write("Ägypten.csv", "a,b\n1,2\n");
    let input = format!("file=@{}", file.display());
    let started = server.run(&place, &["run", "dataset", "-i", &input, "--json"]).await;
    assert_eq!(json(&started)["title"], "Data set: Ägypten.csv");
    let named = ["run", "dataset", "-i", &input, "-i", "name=Nile", "--json"];
    assert_eq!(json(&server.run(&place, &named).await)["title"], "Data set: Nile");
}
