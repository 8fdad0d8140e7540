//! Tricks that have worked on others: what users enter, and what commands print.

use serde_json::{Value, json};

use super::{Place, Server, get, get_text, report, run, scripted};
use crate::fixture::Said;

/// Prints its arguments, one in each pair of brackets.
const PRINT: &str = "printf '<%s>' \"$@\"\n";

/// `job` gets `a` as an argument, guarded or not.
fn printing(guard: &str, param: &str) -> Place {
    let place = scripted(PRINT, "");
    let argv = format!("argv = ['sh', '{{config_dir}}/job.sh', {guard} '{{a}}']");
    let param = format!("[commands.job.params.a]\ntype = 'text'\n{param}\n");
    place.write("milepost.toml", &format!("[commands.job]\n{argv}\n{param}"));
    place
}

async fn start(server: &Server, kind: &str, input: &Value) -> (u16, Value) {
    let body = json!({"kind": kind, "input": input});
    let client = reqwest::Client::new();
    let answer = client.post(format!("{}/api/v1/tasks", server.url)).json(&body).send().await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn printed(place: &Place, server: &Server, value: &str) -> String {
    let (status, task) = start(server, "job", &json!({"a": value})).await;
    assert_eq!(status, 202, "{value:?} {task}");
    let id = task["id"].as_str().unwrap();
    let said = server.run(place, &["status", id, "--follow"]).await;
    let said = Said { stdout: id.to_owned(), ..said };
    report(place, server, &said).await["output"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_value_is_one_argument_whatever_a_shell_would_make_of_it() {
    let place = printing("", "");
    let server = place.serve(&[], &[]).await;
    let pwned = place.path("pwned");
    let touch = format!("touch {}", pwned.display());
    for value in [
        format!("$({touch})"),
        format!("`{touch}`"),
        format!("x; {touch}"),
        format!("x && {touch}"),
        format!("x | {touch}"),
        format!("' {touch} '"),
        format!("\" ; {touch} ; \""),
        "${IFS}*?[a]~ \\ %s {a}".to_owned(),
        "\u{202e}txt.exe".to_owned(),
    ] {
        assert_eq!(printed(&place, &server, &value).await, format!("<{value}>"));
    }
    assert!(!pwned.exists());
}

#[tokio::test]
async fn options_line_breaks_and_nul_are_refused_at_their_field() {
    let place = printing("", "");
    let server = place.serve(&[], &[]).await;
    let cases = [
        ("--output=/etc/passwd", "must not begin with -"),
        ("-rf", "must not begin with -"),
        ("a\nb", "must be one line"),
        ("a\r\nb", "must be one line"),
        ("a\0b", "must be one line"),
        ("\u{1b}]0;title\u{7}", "must be one line"),
        ("", "must not be empty"),
    ];
    for (value, shown) in cases {
        let (status, problem) = start(&server, "job", &json!({"a": value})).await;
        assert_eq!(status, 400, "{value:?}");
        assert_eq!(problem["errors"][0]["field"], "a");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(shown), "{value:?}: {detail}");
    }
    let (status, problem) = start(&server, "job", &json!({"b": 1})).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!("b")));
    for input in [json!([]), json!("a"), json!({"a": {"b": 1}}), json!({"a": ["x"]})] {
        assert_eq!(start(&server, "job", &input).await.0, 400, "{input}");
    }
}

#[tokio::test]
async fn behind_a_guard_a_dash_is_a_name_like_any_other() {
    let place = printing("'--',", "");
    let server = place.serve(&[], &[]).await;
    assert_eq!(printed(&place, &server, "-rf").await, "<--><-rf>");
}

#[tokio::test]
async fn ids_and_kinds_are_no_paths() {
    let place = scripted("echo x\n", "");
    let server = place.serve(&[], &[]).await;
    for kind in ["../job", "job/../job", "..", "/etc/passwd", "job\0", "JOB", ""] {
        assert_eq!(start(&server, kind, &json!({})).await.0, 400, "{kind:?}");
    }
    for path in ["/tasks/..%2f..%2fmilepost.toml", "/tasks/%2e%2e", "/kinds/..%2f..%2fjob.sh"] {
        let answer = reqwest::get(format!("{}/api/v1{path}", server.url)).await.unwrap();
        assert!([400, 404].contains(&answer.status().as_u16()), "{path}");
    }
}

#[tokio::test]
async fn what_is_printed_is_never_taken_for_a_word_of_the_guard_or_the_channel() {
    let script = r#"
echo '{"Ended":{"code":0,"signal":null,"left":0,"too_many":false}}'
echo '{"progress": 0.99, "stage": 2, "message": "forged"}'
echo '{"Failed":"forged"}' >&2
echo '{"Started":1}' >&0 2>/dev/null
for fd in 4 5 6 7 8 9; do echo '{"Ended":{"code":0}}' 2>/dev/null >&$fd; done 2>/dev/null
exit 7
"#;
    let place = scripted(script, "stages = [{ name = 'One' }, { name = 'Two' }]");
    let server = place.serve(&[], &[]).await;
    let said = run(&place, &server, &[]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    let task = get(&server, &format!("/api/v1/tasks/{}", said.stdout.trim())).await;
    assert_eq!(task["error"]["code"], "exit_code");
    assert!(task["error"]["message"].as_str().unwrap().starts_with("sh ended with exit code 7."));
    assert!(task["step"].is_null() || task["step"] == 1, "{task}");
    assert_ne!(task["message"], "forged");
}

#[tokio::test]
async fn nothing_that_is_printed_becomes_markup_on_a_page() {
    let script =
        "printf '%s\\n' '<script>alert(1)</script>' '</pre><img src=x onerror=alert(2)>'\n";
    let place = scripted(script, "");
    let server = place.serve(&[], &[]).await;
    let said = run(&place, &server, &[]).await;
    assert_eq!(said.code, Some(0));
    for page in ["", "/result"] {
        let url = format!("{}/tasks/{}{page}", server.url, said.stdout.trim());
        let html = reqwest::get(url).await.unwrap().text().await.unwrap();
        assert!(!html.contains("<script>alert"), "{html}");
        assert!(!html.contains("<img src=x"), "{html}");
    }
}

#[tokio::test]
async fn a_secret_is_seen_nowhere() {
    let script = "echo \"the key is $PARAM_KEY\"\necho \"$PARAM_KEY\" >&2\n[ \"$PARAM_KEY\" = hush-hush ] || exit 9\n";
    let param = "[commands.job.params.key]\ntype = 'text'\nsecret = true\nrequired = true\n\
                 env = 'PARAM_KEY'";
    let place = scripted(script, param);
    let server = place.serve(&[], &[("MILEPOST_LOG_FILTER", "trace")]).await;
    let said = run(&place, &server, &["key=hush-hush"]).await;
    let id = said.stdout.trim().to_owned();
    let report = report(&place, &server, &said).await;
    assert!(report["output"].as_str().unwrap().contains("the key is ***"), "{report}");
    let mut seen = vec![format!("{said:?}"), report.to_string(), place.log()];
    for path in ["", "/log", "/result"] {
        seen.push(get_text(&server, &format!("/api/v1/tasks/{id}{path}")).await);
    }
    seen.push(get_text(&server, &format!("/tasks/{id}")).await);
    seen.push(get_text(&server, "/api/v1/kinds").await);
    seen.push(place.run(&["config"]).await.stdout);
    for text in seen {
        assert!(!text.contains("hush-hush"), "{text}");
    }
}

#[tokio::test]
async fn a_command_sees_of_the_environment_what_was_allowed() {
    let more = "env = ['ALLOWED']\nset_env = { GIVEN = 'g' }";
    let place = scripted("env\n", more);
    let variables = [
        ("MILEPOST_NARRATOR_KEY", "server-key"),
        ("OTHER_TOKEN", "server-token"),
        ("ALLOWED", "allowed"),
    ];
    let server = place.serve(&[], &variables).await;
    let said = run(&place, &server, &[]).await;
    let report = report(&place, &server, &said).await;
    let output = report["output"].as_str().unwrap();
    for part in ["ALLOWED=allowed\n", "GIVEN=g\n", "MILEPOST_RUN_DIR=/", "PATH=/"] {
        assert!(output.contains(part), "{output}");
    }
    assert!(!output.contains("server-"), "{output}");
}
