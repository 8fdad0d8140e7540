//! What a command reads and how its output is read.

use serde_json::{Value, json};

use super::{Place, Server, begin, get, get_text, report, run, scripted, until};

/// Runs `job` with this input over the API; returns its id.
async fn start(server: &Server, input: &Value) -> String {
    let body = json!({"kind": "job", "input": input});
    let client = reqwest::Client::new();
    let answer = client.post(format!("{}/api/v1/tasks", server.url)).json(&body).send().await;
    let task: Value = answer.unwrap().json().await.unwrap();
    task["id"].as_str().unwrap_or_else(|| panic!("{task}")).to_owned()
}

/// The task at its end.
async fn ended(server: &Server, id: &str) -> Value {
    let path = format!("/api/v1/tasks/{id}");
    let over = |task: &Value| ["completed", "error"].contains(&task["status"].as_str().unwrap());
    until("it ends", async || over(&get(server, &path).await)).await;
    get(server, &path).await
}

/// The output of a task that has completed with this input.
pub(super) async fn output(server: &Server, input: &Value) -> String {
    let id = start(server, input).await;
    let task = ended(server, &id).await;
    assert_eq!(task["status"], "completed", "{task}");
    let result = get(server, &format!("/api/v1/tasks/{id}/result")).await;
    result["output"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn standard_input_is_closed_unless_it_is_declared() {
    let place = scripted("cat; echo end\n", "");
    let server = place.serve(&[], &[]).await;
    assert_eq!(output(&server, &json!({})).await, "end\n");
}

#[tokio::test]
async fn a_text_a_list_and_a_secret_are_read_from_standard_input() {
    let text = "[commands.job.params.t]\ntype = 'text'\nmultiline = true";
    let secret = "[commands.job.params.t]\ntype = 'text'\nsecret = true";
    let list = "[commands.job.params.t]\ntype = 'list'";
    let many = "y".repeat(900);
    for (more, value, printed) in [
        (text, json!("a\r\nb $(id)\n-x"), "a\nb $(id)\n-xend\n".to_owned()),
        (text, json!(many), format!("{many}end\n")),
        (text, json!(null), "end\n".to_owned()),
        (secret, json!("hush-hush"), "***end\n".to_owned()),
        (list, json!(["1", "-2"]), "1\n-2\nend\n".to_owned()),
    ] {
        // No other descriptor is open, and no argument holds the text.
        let script = "cat; [ ! -e /proc/$$/fd/4 ] || [ -z \"$1\" ]; echo end\n";
        let place = scripted(script, &format!("stdin = '{{t}}'\n{more}"));
        let server = place.serve(&[], &[]).await;
        assert_eq!(output(&server, &json!({"t": value})).await, printed, "{more}");
    }
}

#[tokio::test]
async fn of_the_text_no_second_descriptor_stays_open() {
    let script = "cat; ls /proc/self/fd | tr '\\n' ' '\n";
    let place = scripted(script, "stdin = 'abc'");
    let server = place.serve(&[], &[]).await;
    let printed = output(&server, &json!({})).await;
    let with: Vec<_> = printed.strip_prefix("abc").expect("the text").split_whitespace().collect();
    let place = scripted("ls /proc/self/fd | tr '\\n' ' '\n", "");
    let server = place.serve(&[], &[]).await;
    let without = output(&server, &json!({})).await;
    assert_eq!(with, without.split_whitespace().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_file_is_read_from_standard_input() {
    let place = scripted("tr a-z A-Z\n", "stdin_file = 'list.txt'");
    place.write("list.txt", "one\ntwo\n");
    let server = place.serve(&[], &[]).await;
    assert_eq!(output(&server, &json!({})).await, "ONE\nTWO\n");
    let file = "stdin_file = '{f}'\n[commands.job.params.f]\ntype = 'file'\nrequired = true";
    let place = scripted("tr a-z A-Z\n", file);
    let server = place.serve(&[], &[]).await;
    let upload = reqwest::Client::new().post(format!("{}/api/v1/uploads?name=a", server.url));
    let upload: Value = upload.body("from a file").send().await.unwrap().json().await.unwrap();
    assert_eq!(output(&server, &json!({"f": upload["id"]})).await, "FROM A FILE");
    for (path, told) in [("none", "cannot be read: No such file"), ("/", "is no regular file")] {
        let place = scripted("cat\n", &format!("stdin_file = '{path}'"));
        let server = place.serve(&[], &[]).await;
        let task = ended(&server, &start(&server, &json!({})).await).await;
        assert_eq!(task["error"]["code"], "start", "{task}");
        assert!(task["error"]["message"].as_str().unwrap().contains(told), "{task}");
    }
}

#[tokio::test]
async fn its_home_is_its_own_folder_unless_it_is_told_another() {
    let script =
        "[ \"$HOME\" = \"$MILEPOST_RUN_DIR\" ] && touch ~/x && echo same || echo \"$HOME\"\n";
    for (more, home) in [("", "same\n"), ("set_env = { HOME = '/srv/a' }", "/srv/a\n")] {
        let place = scripted(script, more);
        let server = place.serve(&[], &[]).await;
        assert_eq!(output(&server, &json!({})).await, home);
    }
}

#[tokio::test]
async fn output_in_another_encoding_is_text_everywhere() {
    let script =
        "printf 'gr\\366\\337er\\n'; printf '\\333bertragung gr\\366\\337er\\n' >&2; exit 1\n";
    let place = scripted(script, "");
    let server = place.serve(&[], &[]).await;
    let id = start(&server, &json!({})).await;
    let task = ended(&server, &id).await;
    let message = task["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("\nÛbertragung größer"), "{message}");
    let log = get_text(&server, &format!("/api/v1/tasks/{id}/log")).await;
    assert!(log.contains("größer") && !log.contains('\u{fffd}'), "{log}");
    let place = scripted("printf 'gr\\224\\341er 5 \\234\\n'\n", "encoding = 'cp850'");
    let server = place.serve(&[], &[]).await;
    assert_eq!(output(&server, &json!({})).await, "größer 5 £\n");
}

#[tokio::test]
async fn escape_sequences_are_in_no_error_log_or_result() {
    let script = r#"
printf '\033[31mred\033[0m \033]0;title\007out\n'
printf '\033[1merror:\033[0m \033]8;;http://x\033\\link\033]8;;\033\\ bad\033[K\n' >&2
printf '{"message": "\\u001b[31mred\\u001b[0m", "preserved": "\\u001b]0;x\\u0007y"}\n' >&$MILEPOST_PROGRESS_FD
exit $1
"#;
    for code in ["0", "1"] {
        let place = scripted(script, "");
        let argv = format!("[commands.job]\nargv = ['sh', '{{config_dir}}/job.sh', '{code}']\n");
        place.write("milepost.toml", &argv);
        let server = place.serve(&[], &[]).await;
        let written = run(&place, &server, &[]).await;
        let id = written.stdout.trim();
        let mut seen = vec![written.stderr.clone(), place.log()];
        for path in ["", "/log", "/log?format=text", "/result"] {
            seen.push(get_text(&server, &format!("/api/v1/tasks/{id}{path}")).await);
        }
        for text in seen {
            assert!(!text.contains('\u{1b}') && !text.contains("u001b"), "{text}");
            assert!(!text.contains("[31m") && !text.contains("]0;"), "{text}");
        }
        let log = get_text(&server, &format!("/api/v1/tasks/{id}/log")).await;
        assert!(log.contains("red out") && log.contains("error: link bad"), "{log}");
    }
}

#[tokio::test]
async fn an_error_shows_the_lines_around_its_cause() {
    let script = "echo 'main.c: In function f' >&2\necho \"main.c:3: error: expected ';'\" >&2\n\
                  for n in 1 2 3 4 5 6 7 8 9; do echo \"note $n\" >&2; done\nexit 2\n";
    let place = scripted(script, "");
    let server = place.serve(&[], &[]).await;
    let task = ended(&server, &start(&server, &json!({})).await).await;
    let shown = "sh ended with exit code 2.\nmain.c: In function f\nmain.c:3: error: expected ';'\n\
                 note 1\nnote 2\nnote 3\n…\nnote 7\nnote 8\nnote 9";
    assert_eq!(task["error"]["message"], shown);
    let page = get_text(&server, &format!("/tasks/{}", task["id"].as_str().unwrap())).await;
    assert!(!page.contains("would fail again"), "nobody knows that of an exit code");
}

#[tokio::test]
async fn one_process_is_told_in_the_singular() {
    let place = scripted("sleep 600 &\nexit 0\n", "");
    let server = place.serve(&[], &[]).await;
    let written = run(&place, &server, &[]).await;
    let log = get_text(&server, &format!("/api/v1/tasks/{}/log", written.stdout.trim())).await;
    assert!(log.contains("Ended 1 process that the command left behind."), "{log}");
    let place = scripted("sleep 600 & sleep 600 & wait\n", "max_processes = 1");
    let server = place.serve(&[], &[]).await;
    let task = ended(&server, &start(&server, &json!({})).await).await;
    let message = task["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("sh had more than 1 process."), "{message}");
}

/// A command that says percentages and waits.
fn transfers() -> Place {
    let script = "here=$(dirname \"$0\")\nsay() { echo \"$1\"; }\n\
                  wait_for() { touch \"$here/at-$1\"; while [ ! -e \"$here/$1\" ]; do sleep 0.02; done; }\n\
                  say 100%; wait_for a; say 5%; say 40%; wait_for b; say 100%\n";
    scripted(script, "progress = { percent = '(\\d+)%' }")
}

#[tokio::test]
async fn the_page_of_a_second_part_knows_nothing_of_the_whole() {
    let place = transfers();
    let server = place.serve(&[], &[]).await;
    let running = begin(&place, &server);
    let at = |name: &str| place.path(&format!("at-{name}"));
    until("the first part", async || at("a").exists()).await;
    place.write("a", "");
    until("the second part", async || at("b").exists()).await;
    let id = running_id(&place).await;
    let path = format!("/api/v1/tasks/{id}");
    let written = async || get(&server, &path).await["message"] == "part 2, 40 %";
    until("the message", written).await;
    let task = get(&server, &path).await;
    assert_eq!(task["progress"], Value::Null, "{task}");
    place.write("b", "");
    let (code, _) = running.end().await;
    assert_eq!(code, Some(0), "{}", place.log());
    let task = get(&server, &path).await;
    assert_eq!((&task["progress"], &task["message"]), (&json!(100.0), &Value::Null), "{task}");
}

/// The id of the only run.
async fn running_id(place: &Place) -> String {
    let runs = std::fs::read_dir(place.path("data/runs")).unwrap().flatten();
    let mut names = runs.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let name = names.find(|name| name.ends_with("-1")).expect("a run");
    name.trim_end_matches("-1").to_owned()
}

#[tokio::test]
async fn a_list_is_given_by_repeating_its_option() {
    let place = scripted("printf '<%s>' \"$@\"\n", "");
    place.write(
        "milepost.toml",
        "[commands.job]\nargv = ['sh', '{config_dir}/job.sh', '{names}']\n\
         [commands.job.params.names]\ntype = 'list'\n",
    );
    let server = place.serve(&[], &[]).await;
    for inputs in [&["names=a b", "names=[1]"][..], &["names=[\"a b\", \"[1]\"]"]] {
        let written = run(&place, &server, inputs).await;
        assert_eq!(report(&place, &server, &written).await["output"], "<a b><[1]>");
    }
    let written = run(&place, &server, &["names=one"]).await;
    assert_eq!(report(&place, &server, &written).await["output"], "<one>");
}
