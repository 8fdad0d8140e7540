//! What comes back from a command.

use serde_json::{Value, json};

use super::{begin, get, report, run, scripted};

#[tokio::test]
async fn a_command_runs_to_its_report() {
    let more = "title = 'A job'\nsuccess_exit_codes = [0, 3]\n[commands.job.params.name]\n\
                type = 'text'\nrequired = true\nenv = 'PARAM_NAME'";
    let place = scripted("echo hello \"$PARAM_NAME\"\necho trouble >&2\nexit 3\n", more);
    let server = place.serve(&[], &[]).await;
    let printed = run(&place, &server, &["name=Ada"]).await;
    let report = report(&place, &server, &printed).await;
    assert_eq!(report["exit_code"], 3);
    assert_eq!(report["output_bytes"], 18);
    let output = report["output"].as_str().unwrap();
    assert!(output.contains("hello Ada\n") && output.contains("trouble\n"), "{output}");
    let id = printed.stdout.trim();
    let task = get(&server, &format!("/api/v1/tasks/{id}")).await;
    assert_eq!((&task["title"], &task["kind"]), (&json!("A job: Ada"), &json!("job")));
    assert_eq!(task["result"]["media_type"], "application/vnd.milepost.command+json");
    let runs = std::fs::read_dir(place.path("data/runs")).unwrap().count();
    assert_eq!(runs, 0, "the run's folder is removed");
}

#[tokio::test]
async fn a_failure_tells_the_exit_code_and_the_last_words() {
    let place = scripted("echo fine\necho 'disk is full' >&2\nexit 4\n", "");
    let server = place.serve(&[], &[]).await;
    let printed = run(&place, &server, &[]).await;
    assert_eq!(printed.code, Some(1), "{printed:?}");
    let task = get(&server, &format!("/api/v1/tasks/{}", printed.stdout.trim())).await;
    assert_eq!(task["error"]["code"], "exit_code");
    assert_eq!(task["error"]["message"], "sh ended with exit code 4.\ndisk is full");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told() {
    let place = scripted("", "");
    place.write("milepost.toml", "[commands.job]\nargv = ['no-such-program']\n");
    let server = place.serve(&[], &[]).await;
    let printed = run(&place, &server, &[]).await;
    let task = get(&server, &format!("/api/v1/tasks/{}", printed.stdout.trim())).await;
    assert_eq!(task["error"]["code"], "start");
    let message = task["error"]["message"].as_str().unwrap();
    assert!(message.contains("there is no such program on this machine"), "{message}");
}

#[tokio::test]
async fn stages_and_progress_come_from_the_channel() {
    let script = r#"
say() { printf '%s\n' "$1" >&$MILEPOST_PROGRESS_FD; }
say '{"stage": "Second", "progress": 0.5, "message": "half way", "preserved": "one of two"}'
here=$(dirname "$0")
while [ ! -e "$here/go" ]; do sleep 0.05; done
"#;
    let place = scripted(script, "stages = [{ name = 'First' }, { name = 'Second', weight = 3 }]");
    let server = place.serve(&[], &[]).await;
    let mut running = begin(&place, &server);
    running.until_it_says("Step 2 of 2: Second").await;
    let list = server.run(&place, &["status", "--help"]).await;
    assert_eq!(list.code, Some(0));
    place.write("go", "");
    let (code, _) = running.end().await;
    assert_eq!(code, Some(0), "{}", place.log());
}

#[tokio::test]
async fn with_a_terminal_it_has_one_and_without_it_has_none() {
    let script = "if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then echo terminal; else echo pipe; fi\n";
    for (more, expected) in [("pty = true", "terminal"), ("", "pipe")] {
        let place = scripted(script, more);
        let server = place.serve(&[], &[]).await;
        let printed = run(&place, &server, &[]).await;
        let report = report(&place, &server, &printed).await;
        assert_eq!(report["output"].as_str().unwrap().trim(), expected);
    }
}

#[tokio::test]
async fn a_folder_that_is_to_be_kept_stays() {
    let place = scripted("echo made > file\n", "keep_folder = true");
    let server = place.serve(&[], &[]).await;
    let printed = run(&place, &server, &[]).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let file = place.path(&format!("data/runs/kept/{}-1/file", printed.stdout.trim()));
    assert_eq!(std::fs::read_to_string(file).unwrap(), "made\n");
}

#[tokio::test]
async fn a_file_comes_in_and_files_go_out() {
    let script = "set -e\ncp -- \"$1\" copy.txt\nmkdir out\necho made > 'out/<b>.csv'\n\
                  ln -s /etc/passwd passwd.csv\nbasename \"$1\"\n";
    let place = scripted(script, "");
    let config = "[commands.job]\nargv = ['sh', '{config_dir}/job.sh', '{data}']\n\
                  results = ['*.txt', '**/*.csv']\n[commands.job.params.data]\ntype = 'file'\n\
                  required = true\n";
    place.write("milepost.toml", config);
    let server = place.serve(&[], &[]).await;
    let client = reqwest::Client::new();
    let upload = client.post(format!("{}/api/v1/uploads?name=-rf.txt", server.url)).body("hello");
    let upload: Value = upload.send().await.unwrap().json().await.unwrap();
    let printed =
        run(&place, &server, &[&format!("data={}", upload["id"].as_str().unwrap())]).await;
    let report = report(&place, &server, &printed).await;
    assert_eq!(report["output"], "-rf.txt\n");
    assert_eq!(report["files"], json!(["copy.txt", "out_<b>.csv"]));
    let id = printed.stdout.trim();
    let copy = format!("{}/api/v1/tasks/{id}/files/copy.txt", server.url);
    assert_eq!(reqwest::get(copy).await.unwrap().text().await.unwrap(), "hello");
    let page = reqwest::get(format!("{}/tasks/{id}/result", server.url)).await.unwrap();
    assert!(!page.text().await.unwrap().contains("<b>.csv"));
    let unknown = client.post(format!("{}/api/v1/tasks", server.url));
    let stranger = json!({"kind": "job", "input": {"data": uuid::Uuid::new_v4()}});
    let refused = unknown.json(&stranger).send().await.unwrap();
    assert_eq!(refused.status(), 400);
}
