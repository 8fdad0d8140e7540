//! Secrets go in and never come out: not from forms, problems and links, and not from what a command
//! says, however it is cut.

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use serde_json::json;

use super::{get_text, report, run, scripted};
use crate::fixture::{Place, Server};

const SECRET: &str = "hush/hush \"hush\"";

const PARAMS: &str = "[commands.job.params.key]\ntype = 'text'\nsecret = true\nrequired = true\n\
    env = 'PARAM_KEY'\nmax_length = 40\n\
    [commands.job.params.size]\ntype = 'integer'\nrequired = true\nenv = 'PARAM_SIZE'\nmax = 9";

async fn post(server: &Server, path: &str, form: &[(&str, &str)]) -> (u16, String) {
    let url = format!("{}{path}", server.url);
    let answer = reqwest::Client::new().post(url).form(form).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_rejected_form_shows_no_secret() {
    let place = scripted("true\n", PARAMS);
    let server = place.serve(&[], &[]).await;
    let long = "hush".repeat(20);
    for path in ["/start/job", "/start-several/job"] {
        for (key, size) in
            [(SECRET, "10"), (SECRET, ""), (&*long, "5"), ("hush\nhush\nhush", "1\n2")]
        {
            let (status, page) = post(&server, path, &[("key", key), ("size", size)]).await;
            assert_eq!(status, 400, "{path} {key}: {page}");
            assert!(!page.contains("hush"), "{page}");
            assert!(page.contains("Please enter it again"), "{page}");
            assert!(page.contains("type=\"password\""), "{page}");
            // What is no secret is there.
            assert!(size.is_empty() || page.contains("10") || page.contains(size), "{page}");
        }
    }
}

#[tokio::test]
async fn neither_links_nor_problems_show_a_secret() {
    let place = scripted("true\n", PARAMS);
    let server = place.serve(&[], &[("MILEPOST_LOG_FILTER", "trace")]).await;
    let mut seen = Vec::new();
    for path in ["/start/job?key=hushhush&size=3", "/start-several/job?key=hushhush&size=3"] {
        let page = get_text(&server, path).await;
        assert!(page.contains("name=\"key\""), "{page}");
        seen.push(page);
    }
    let said = run(&place, &server, &["key=hushhush", "size=3"]).await;
    let id = said.stdout.trim().to_owned();
    for path in [format!("/start/job?from={id}"), format!("/start-several/job?from={id}")] {
        seen.push(get_text(&server, &path).await);
    }
    seen.push(get_text(&server, &format!("/api/v1/tasks/{id}/input")).await);
    let page = get_text(&server, &format!("/tasks/{id}")).await;
    assert!(page.contains("••••") && page.contains("Started without a session"), "{page}");
    seen.push(page);
    // A field's name is cut before it has all of it.
    let long = "hushhush".repeat(5);
    for body in [
        json!({"kind": "job", "input": {"key": "hushhush", "size": 10}}),
        json!({"kind": "job", "input": {"key": ["hushhush"], "size": "hushhush"}}),
        json!({"kind": "job", "inputs": [{"key": "hushhush", "size": 1}, {"key": "hushhush"}]}),
        // As a key, in the place of another field, and where no field is.
        json!({"kind": "job", "input": {"key": "hushhush", "hushhush": 1, "size": 1}}),
        json!({"kind": "job", "input": {"key": long, format!("{}{long}", "x".repeat(30)): 1, "size": 1}}),
        json!({"kind": "job", "inputs": [{"key": "hushhush", "a hushhush": 1, "size": 1}]}),
        json!({"kind": "job", "inputs": "hushhush"}),
        json!({"kind": "job", "input": "hushhush"}),
        json!({"kind": "job", "priority": "hushhush", "input": {"key": "hushhush", "size": 1}}),
    ] {
        let calls = if body["inputs"].is_null() { "/api/v1/tasks" } else { "/api/v1/batches" };
        let url = format!("{}{calls}", server.url);
        let answer = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        seen.push(answer.text().await.unwrap());
    }
    let wrong = server.run(&place, &["run", "job", "-i", "key=hushhush", "-i", "size=10"]).await;
    seen.extend([wrong.stderr, wrong.stdout, place.log()]);
    for text in seen {
        assert!(!text.contains("hushhush"), "{text}");
    }
}

/// Runs `job` with the secret and collects all that can be seen of it.
async fn all_that_is_seen(place: &Place, server: &Server, key: &str) -> Vec<String> {
    let key = format!("key={key}");
    let said = run(place, server, &[&key, "size=3"]).await;
    let id = said.stdout.trim().to_owned();
    let mut seen = vec![format!("{said:?}"), place.log()];
    for path in ["", "/log", "/result", "/files"] {
        seen.push(get_text(server, &format!("/api/v1/tasks/{id}{path}")).await);
    }
    for path in ["", "/log", "/result"] {
        seen.push(get_text(server, &format!("/tasks/{id}{path}")).await);
    }
    seen
}

/// No piece of `secret` of five letters or more is in any of them.
fn assert_hidden(secret: &str, seen: &[String]) {
    let letters: Vec<char> = secret.chars().collect();
    for piece in letters.windows(5) {
        let piece: String = piece.iter().collect();
        for text in seen {
            assert!(!text.contains(&piece), "{piece} in {text}");
        }
    }
}

#[tokio::test]
async fn no_limit_cuts_a_secret_so_that_a_piece_of_it_is_seen() {
    let secret = "qwertzuiopasdfghjkl";
    // Cut by reads, by the kept beginning and end, by the lengths of lines, messages and names, by
    // colours, by the end of the run.
    let script = r#"
        KEY=$PARAM_KEY; head=${KEY%jkl}; tail=${KEY#"$head"}
        printf %s "$head"; sleep 0.4; printf '%s\n' "$tail"
        i=0; while [ $i -lt 500 ]; do printf '%s' "$KEY."; printf 'x'; i=$((i+1)); done; echo
        for n in 1890 8180; do head -c $n /dev/zero | tr '\0' a; echo "$KEY"; done
        printf 'a\033[31m%s\033[0m%s\n' "$head" "$tail"
        m=$(head -c 190 /dev/zero | tr '\0' m)
        echo "{\"message\": \"$m$KEY\"}" >&$MILEPOST_PROGRESS_FD
        echo "{\"kept\": \"$m$KEY\"}" >&$MILEPOST_PROGRESS_FD
        echo "{\"stage\": \"$(head -c 70 /dev/zero | tr '\0' s)$KEY\"}" >&$MILEPOST_PROGRESS_FD
        f=$(head -c 170 /dev/zero | tr '\0' f); touch "$f$KEY" "$KEY.csv"
        printf '%s' "$(head -c 290 /dev/zero | tr '\0' e)$KEY" >&2; echo >&2
        printf '%s' "$head" >&2
        exit $CODE
    "#;
    let more = |code: &str| {
        format!(
            "results = ['*']\nmax_output_bytes = 1024\nset_env = {{ CODE = '{code}' }}\n{PARAMS}"
        )
    };
    for code in ["0", "3"] {
        let place = scripted(script, &more(code));
        let server = place.serve(&[], &[("MILEPOST_LOG_FILTER", "trace")]).await;
        let seen = all_that_is_seen(&place, &server, secret).await;
        assert!(seen.iter().any(|text| text.contains("***")), "{seen:?}");
        assert_hidden(secret, &seen);
    }
}

#[tokio::test]
async fn a_secret_is_hidden_as_programs_like_to_write_it() {
    let script = "printf '%s\\n' 'hush%2Fhush%20%22hush%22' 'hush%2fhush+%22hush%22' \
        '{\"key\": \"hush/hush \\\"hush\\\"\"}' 'hush/hush &quot;hush&quot;' \
        'dXNlcjpodXNoL2h1c2ggImh1c2gi'\n";
    let place = scripted(script, PARAMS);
    let server = place.serve(&[], &[]).await;
    let said = run(&place, &server, &[&format!("key={SECRET}"), "size=3"]).await;
    let report = report(&place, &server, &said).await;
    let output = report["output"].as_str().unwrap();
    assert!(!output.contains("hush") && output.contains("{\"key\": \"***\"}"), "{output}");
    assert!(!output.contains("dXNlcjpodXNo"), "{output}");
}

#[tokio::test]
async fn base64_of_a_secret_of_many_lines_is_hidden_however_its_own_lines_are_broken() {
    // Cut by the kept beginning and end, by the lengths of lines and by the end of the run, too.
    let script = r#"
        for before in '' u us use; do
            for columns in 76 64 20; do
                printf '%s%s' "$before" "$PARAM_KEY" | base64 -w $columns
                printf '%s%s' "$before" "$PARAM_KEY" | base64 -w $columns | sed 's/$/\r/'
                printf '%s%s' "$before" "$PARAM_KEY" | base64 -w $columns | tr '\n' ' '; echo
            done
        done
        text=$(printf %s "$PARAM_KEY" | base64 -w 64 | sed 's/$/\\n/' | tr -d '\n')
        printf '{"message": "%s"}\n' "$text" >&$MILEPOST_PROGRESS_FD
        printf %s "$PARAM_KEY" | base64 -w 64 >&$MILEPOST_PROGRESS_FD
        printf %s "$PARAM_KEY" | base64 -w 76 >&2
        printf %s "$PARAM_KEY" | base64 -w 64 | head -c 500
        exit $CODE
    "#;
    let param = "[commands.job.params.key]\ntype = 'text'\nsecret = true\nmultiline = true\n\
                 max_length = 4000\nenv = 'PARAM_KEY'\n\
                 [commands.job.params.size]\ntype = 'integer'\nenv = 'PARAM_SIZE'";
    let lines: Vec<_> = (0..20_u32).map(|n| format!("{:x}", u128::from(n + 7).pow(24))).collect();
    let secret = lines.join("\n");
    for code in ["0", "3"] {
        let more = format!("max_output_bytes = 1024\nset_env = {{ CODE = '{code}' }}\n{param}");
        let place = scripted(script, &more);
        let server = place.serve(&[], &[("MILEPOST_LOG_FILTER", "trace")]).await;
        let file = place.write("secret", &secret);
        let seen = all_that_is_seen(&place, &server, &format!("@{}", file.display())).await;
        assert!(seen.iter().any(|text| text.contains("***")), "{seen:?}");
        for before in ["", "u", "us", "use"] {
            let encoded = BASE64_STANDARD_NO_PAD.encode(format!("{before}{secret}"));
            // What other bytes share at both ends is left out.
            let alone = &encoded[before.len() + 2..encoded.len() - 2];
            for text in &seen {
                let text: String =
                    text.replace("\\r", "").replace("\\n", "").split_whitespace().collect();
                for piece in alone.as_bytes().windows(8) {
                    let piece = std::str::from_utf8(piece).unwrap();
                    assert!(!text.contains(piece), "{piece} in {text}");
                }
            }
        }
    }
}
