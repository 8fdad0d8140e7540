//! Whatever anybody has entered, named or printed is text on every page, in every state.

mod browser;
mod operate;
mod sources;

use serde_json::{Value, json};

use self::browser::Browser;
use crate::fixture::{FAST, Place, Server};

/// Ends every element whose content is no markup, and every quoted attribute; then it is an element.
pub(crate) const MARK: &str = r#"</title></textarea></noscript></script>"'><x-mark>"#;
/// The same as far as it can be the name of a file.
const NAME: &str = r#"<textarea><title>"'><x-mark>"#;

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A command whose every word is a mark: `mode` says how it ends.
fn place() -> Place {
    let place = Place::new().and_research();
    let report = json!({ "stage": 1, "progress": 0.5, "message": MARK, "preserved": MARK });
    let mut script = format!(
        "mark={}\nname={}\nprintf '%s\\n' {} >&\"$MILEPOST_PROGRESS_FD\"\n\
         echo \"$mark\"\necho \"$mark\" >&2\nprintf '\\033[31m%s\\033[0m %s\\n' \"$mark\" \"$mark\"\n",
        quoted(MARK),
        quoted(NAME),
        quoted(&report.to_string()),
    );
    let json = json!({ MARK: [MARK, { MARK: MARK }] }).to_string();
    for (ending, text) in [
        (
            "md",
            format!(
                "# {MARK}\n\n{MARK}\n\n```{MARK}\n{MARK}\n```\n\n|{MARK}|\n|-|\n|{MARK}|\n\n[{MARK}](/x \"{MARK}\") ![{MARK}](/y)\n"
            ),
        ),
        ("csv", format!("{MARK},b\n{MARK},2\n")),
        ("tsv", format!("{MARK}\tb\n{MARK}\t2\n")),
        ("json", json.clone()),
        ("ndjson", json),
        ("txt", MARK.to_owned()),
        ("html", MARK.to_owned()),
        ("svg", format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><title>{MARK}</svg>")),
        ("xml", MARK.to_owned()),
        ("js", MARK.to_owned()),
        ("png", MARK.to_owned()),
        ("bin", MARK.to_owned()),
    ] {
        script.push_str(&format!("printf '%s' {} > \"$name.{ending}\"\n", quoted(&text)));
    }
    script.push_str("case \"$1\" in fail) exit 3;; wait) exec sleep 1000;; esac\n");
    place.write("job.sh", &script);
    let mark = toml::Value::from(MARK);
    place.write(
        "milepost.toml",
        &format!(
            "[commands.job]\ntitle = {mark}\ndescription = {mark}\n\
             argv = ['sh', '{{config_dir}}/job.sh', '{{mode}}', '{{text}}', '{{lines}}', '{{choice}}', \
             '{{list}}', '{{number}}', '{{file}}']\n\
             stages = [{{ name = {mark} }}, {{ name = {mark} }}]\nresults = ['*']\n\
             [commands.job.params.mode]\ntype = 'choice'\nchoices = ['done', 'fail', 'wait']\n\
             default = 'done'\n\
             [commands.job.params.text]\ntype = 'text'\ntitle = {mark}\ndescription = {mark}\n\
             default = {mark}\npattern = '.*'\npattern_description = {mark}\n\
             [commands.job.params.lines]\ntype = 'text'\nmultiline = true\ntitle = {mark}\n\
             default = {mark}\n\
             [commands.job.params.choice]\ntype = 'choice'\nchoices = [{mark}, 'b']\ndefault = {mark}\n\
             [commands.job.params.list]\ntype = 'list'\ntitle = {mark}\ndefault = [{mark}]\n\
             [commands.job.params.number]\ntype = 'integer'\ntitle = {mark}\ndescription = {mark}\n\
             [commands.job.params.secret]\ntype = 'text'\nsecret = true\nenv = 'PARAM_SECRET'\n\
             [commands.job.params.file]\ntype = 'file'\ntitle = {mark}\n",
        ),
    );
    place
}

/// Starts `job` to end in this mode, with a mark in each of its fields.
async fn start(browser: &Browser, mode: &str) -> String {
    let input = json!({
        "mode": mode, "text": MARK, "lines": format!("\n{MARK}\n"), "choice": MARK, "list": [MARK, MARK],
    });
    browser.start("job", &input).await
}

/// Every page of a task.
async fn look_at(browser: &Browser, id: &str) {
    let labels = json!({ "tags": [MARK], "note": format!("{MARK}\n{MARK}") });
    browser.post(&format!("/api/v1/tasks/{id}/annotate"), &labels).await;
    let mark = browser::encoded(MARK);
    for path in ["/tasks?tag=", "/admin?q=", "/admin?owner=", "/admin?tag=", "/admin?kind="] {
        browser.page(&format!("{path}{mark}")).await;
    }
    browser.page("/admin").await;
    for path in
        ["", "/labels", "/files", "/result", &format!("?log={}", browser::encoded(MARK)), "?log="]
    {
        browser.page(&format!("/tasks/{id}{path}")).await;
    }
    for path in [format!("/start/job?from={id}"), format!("/start-several/job?from={id}")] {
        browser.page(&path).await;
    }
    let files = browser.json(&format!("/api/v1/tasks/{id}/files")).await;
    for file in files["files"].as_array().unwrap() {
        let href = file["href"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
        browser.page(href).await;
    }
    browser.page(&format!("/tasks/{id}?result")).await;
    for find in ["", MARK] {
        let watch = json!([{ "id": id, "log_after": 0 }]);
        browser
            .function(
                "/api/fn/task_status",
                &json!({ "request": { "watch": watch, "log_contains": find } }),
            )
            .await;
    }
}

#[tokio::test]
async fn nothing_that_a_task_says_is_called_or_makes_is_markup_in_any_state() {
    let place = place();
    let server = place.serve(&[], &[]).await;
    let browser = Browser::new(&server).await;
    browser.page("/").await;
    for (mode, status) in [("done", "completed"), ("fail", "error"), ("wait", "running")] {
        let id = start(&browser, mode).await;
        let task = browser.until(&id, |task| {
            let message =
                task["message"].as_str().is_some_and(|message| message.contains("x-mark"));
            task["status"] == status && (message || status != "running")
        });
        let task = task.await;
        assert!(task.to_string().contains("<x-mark>"), "nothing was planted: {task}");
        look_at(&browser, &id).await;
        browser.page("/tasks").await;
        browser.page("/").await;
        if mode == "wait" {
            browser.form(&format!("/tasks/{id}/cancel"), &[]).await;
            browser.until(&id, |task| task["status"] == "cancelled").await;
            look_at(&browser, &id).await;
        } else {
            // Its files are there: each is shown by its viewer.
            let files = browser.json(&format!("/api/v1/tasks/{id}/files")).await;
            let count = files["files"].as_array().unwrap().len();
            assert_eq!(count, if mode == "done" { 12 } else { 0 });
        }
    }
    let inputs =
        json!({ "kind": "job", "inputs": [{ "text": MARK }, { "text": MARK, "mode": "fail" }] });
    let batch = browser.post("/api/v1/batches", &inputs).await;
    browser.page(&format!("/batches/{}", batch["id"].as_str().unwrap())).await;
}

#[tokio::test]
async fn what_a_data_set_and_a_story_are_made_of_is_no_markup_in_them() {
    let place = place();
    let research = format!("# {MARK}\n\n## People\n\n- {MARK}: keeper {MARK}\n\n{MARK} {MARK}.\n");
    let old = std::fs::read_to_string(place.path("output/lighthouse/research.md")).unwrap();
    place.write("output/lighthouse/research.md", &format!("{old}\n{research}"));
    let server = place.serve(&[], &[FAST]).await;
    let browser = Browser::new(&server).await;
    let rows = format!("{MARK};b\n{MARK};2\n{MARK};3\n{MARK}\n;;;\n");
    let data = browser.start("dataset", &json!({ "data": rows, "name": MARK })).await;
    let story = browser.start("story", &json!({ "subject": "lighthouse", "player": "Ada" })).await;
    for (kind, id) in [("dataset", data), ("story", story)] {
        let task = browser.until(&id, |task| task["finished_at"].is_string()).await;
        assert_eq!(task["status"], "completed", "{task}");
        for path in ["", "/result", "/files"] {
            browser.page(&format!("/tasks/{id}{path}")).await;
        }
        browser.page(&format!("/start/{kind}?from={id}")).await;
        browser.page(&format!("/start-several/{kind}?from={id}")).await;
    }
}

#[tokio::test]
async fn no_address_puts_markup_into_a_page() {
    let place = place();
    let server = place.serve(&[], &[]).await;
    let browser = Browser::new(&server).await;
    let mark = browser::encoded(MARK);
    let kinds = browser.json("/api/v1/kinds").await;
    let kinds = kinds.as_array().unwrap().clone();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    for kind in &kinds {
        let word = kind["kind"].as_str().unwrap();
        let fields = kind["input_schema"]["properties"].as_object().unwrap().keys();
        let query: Vec<_> = fields.map(|field| format!("{field}={mark}")).collect();
        for page in ["start", "start-several"] {
            for query in [query.join("&"), format!("{mark}={mark}"), format!("from={mark}")] {
                browser.page(&format!("/{page}/{word}?{query}")).await;
            }
            let pairs: Vec<_> = query.iter().map(|pair| pair.split('=').next().unwrap()).collect();
            let pairs: Vec<_> = pairs.into_iter().map(|field| (field, MARK)).collect();
            browser.form(&format!("/{page}/{word}"), &pairs).await;
            browser.form(&format!("/{page}/{word}"), &[("number", MARK), (MARK, MARK)]).await;
        }
    }
    let nothing = "00000000-0000-4000-8000-000000000000";
    for path in [
        format!("/{mark}"),
        format!("/?{mark}={mark}"),
        format!("/start/{mark}"),
        format!("/start-several/{mark}"),
        format!("/tasks?q={mark}&status={mark}&kind={mark}"),
        format!("/tasks?q={mark}&cursor={mark}"),
        format!("/tasks?cursor={mark}&limit={mark}"),
        format!("/tasks/{mark}"),
        format!("/tasks/{mark}/result"),
        format!("/tasks/{nothing}?log={mark}"),
        format!("/tasks/{nothing}/files/{mark}"),
        format!("/batches/{mark}"),
        format!("/pkg/{mark}"),
        format!("/tasks/{}", mark.repeat(20)),
    ] {
        browser.page(&path).await;
    }
    for path in [
        "/tasks/{}/cancel",
        "/tasks/{}/keep",
        "/tasks/{}/rerun",
        "/batches/{}/cancel",
        "/batches/{}/rerun",
        "/start/{}",
    ] {
        for id in [&*mark, nothing] {
            browser.form(&path.replace("{}", id), &[("_key", MARK)]).await;
        }
    }
}

#[tokio::test]
async fn what_is_filled_in_is_in_the_field_and_whole() {
    let place = place();
    let server = place.serve(&[], &[]).await;
    let browser = Browser::new(&server).await;
    let field = |html: &str| {
        let (_, rest) = html.split_once("<textarea").unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        rest.split_once("</textarea>").unwrap().0.to_owned()
    };
    for (text, shown) in [
        // The first line feed is the page's own: browsers drop it.
        (
            "</textarea><script>alert(1)</script>",
            "\n&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;",
        ),
        ("\n\na,b", "\n\n\na,b"),
        ("a\r\nb\rc", "\na\nb\nc"),
        ("&lt;&amp;", "\n&amp;lt;&amp;amp;"),
        ("a\0\u{1b}b", "\na\u{fffd}\u{fffd}b"),
        ("", "\n"),
    ] {
        let path = format!("/start/dataset?data={}", browser::encoded(text));
        assert_eq!(field(&browser.page(&path).await), shown, "{text:?}");
        let (_, html) = browser.form("/start/dataset", &[("data", text), ("file", "x")]).await;
        assert_eq!(field(&html), shown, "rejected {text:?}");
    }
    let id = browser.start("job", &json!({ "text": MARK, "mode": "done" })).await;
    let html = browser.page(&format!("/tasks/{id}")).await;
    let (_, title) = html.split_once("<title>").unwrap();
    let title = title.split_once("</title>").unwrap().0;
    assert!(title.contains("&lt;/title&gt;") && title.ends_with(" · Milepost"), "{title}");
    assert!(!title.contains("&amp;lt;"), "escaped twice: {title}");
}

#[tokio::test]
async fn a_form_that_is_too_large_and_a_task_that_is_over_are_no_markup() {
    let place = place();
    let settings = [
        ("MILEPOST_HTTP_MAX_BODY_BYTES", "4096"),
        ("MILEPOST_RETENTION_KEEP_S", "1"),
        ("MILEPOST_RETENTION_PRUNE_INTERVAL_S", "1"),
    ];
    let server = place.serve(&[], &settings).await;
    let browser = Browser::new(&server).await;
    let id = browser.start("job", &json!({ "text": MARK, "mode": "fail" })).await;
    let large = MARK.repeat(90);
    let (status, _) = browser.form("/start/dataset", &[("data", &large), ("name", MARK)]).await;
    assert_eq!(status, 413);
    loop {
        let (status, html) = browser.look(&format!("/tasks/{id}")).await;
        browser::assert_harmless("a task that is over", &html);
        if status == 410 {
            assert!(html.contains("&lt;x-mark&gt;"), "nothing was planted: {html}");
            break;
        }
        tokio::task::yield_now().await;
    }
    browser.page(&format!("/tasks/{id}/result")).await;
}

#[tokio::test]
async fn of_what_is_huge_the_page_shows_the_beginning_and_where_all_of_it_is() {
    let place = Place::new();
    let json = format!("[{}0]", (["[".repeat(100), "]".repeat(100)].concat() + ",").repeat(5_000));
    for (name, text) in [
        ("quotes.md", ">".repeat(4 << 20)),
        ("nested.json", json),
        ("line.txt", "<".repeat(4 << 20)),
        ("columns.csv", "<a>,".repeat(1 << 20)),
        ("rows.csv", "<a>\n".repeat(1 << 20)),
    ] {
        place.write(&format!("made/{name}"), &text);
    }
    place.write("job.sh", "cp \"$(dirname \"$0\")\"/made/* .\n");
    let command = "[commands.job]\nargv = ['sh', '{config_dir}/job.sh']\nresults = ['*']\n";
    place.write("milepost.toml", command);
    // What a busy machine takes for a million columns is not the matter here.
    let server = place.serve(&[], &[("MILEPOST_VIEWERS_TIMEOUT_S", "60")]).await;
    let browser = Browser::new(&server).await;
    let id = browser.start("job", &json!({})).await;
    browser.until(&id, |task| task["status"] == "completed").await;
    for name in ["quotes.md", "nested.json", "line.txt", "columns.csv", "rows.csv"] {
        let html = browser.page(&format!("/tasks/{id}/files/{name}")).await;
        // Its own frame is a few kilobytes.
        assert!(html.len() < (1 << 20) + 20_000, "{name}: {}", html.len());
        assert!(html.contains("Only the beginning is shown"), "{name}");
        assert!(
            html.contains(&format!("href=\"/api/v1/tasks/{id}/files/{name}\" download")),
            "{name}"
        );
    }
}

/// What a stored file is answered with must not be run, whichever page names it.
#[tokio::test]
async fn what_others_wrote_is_refused_where_a_page_would_run_it() {
    let place = place();
    let server = place.serve(&[], &[]).await;
    let browser = Browser::new(&server).await;
    let id = start(&browser, "done").await;
    browser.until(&id, |task| task["status"] == "completed").await;
    let files = browser.json(&format!("/api/v1/tasks/{id}/files")).await;
    let hrefs = files["files"].as_array().unwrap().iter().map(href).collect::<Vec<_>>();
    for path in hrefs.iter().map(String::as_str).chain(rest(&id).iter().map(String::as_str)) {
        for wanted in ["script", "style", "worker", "serviceworker", "object", "iframe", "xslt"] {
            let answer = browser.wanted(&server, path, wanted).await;
            assert_eq!(answer.status(), 403, "{path} as {wanted}");
        }
        for wanted in ["empty", "document", "image", "audio", "video"] {
            let answer = browser.wanted(&server, path, wanted).await;
            assert!(answer.status().is_success(), "{path} as {wanted}: {}", answer.status());
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("x-content-type-options"), "nosniff");
            let media = header("content-type");
            let run = ["script", "css", "html", "xml", "svg", "wasm", "pdf"];
            assert!(!run.iter().any(|run| media.contains(run)), "{path}: {media}");
            if !media.ends_with("json") || path.contains("/files/") {
                assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
                assert!(header("content-disposition").starts_with("attachment; "), "{path}");
            }
        }
    }
}

fn href(file: &Value) -> String {
    file["href"].as_str().unwrap().to_owned()
}

/// What else is answered with words of a task.
fn rest(id: &str) -> [String; 6] {
    [
        format!("/api/v1/tasks/{id}/result"),
        format!("/api/v1/tasks/{id}/log?format=text"),
        format!("/api/v1/tasks/{id}/log"),
        format!("/api/v1/tasks/{id}/input"),
        format!("/api/v1/tasks/{id}/files"),
        format!("/api/status/{id}"),
    ]
}

/// Kept here so that the fixtures above have one way to name the server.
impl Browser {
    async fn wanted(&self, server: &Server, path: &str, wanted: &str) -> reqwest::Response {
        let request = self.request(reqwest::Method::GET, &format!("{}{path}", server.url));
        request.header("sec-fetch-dest", wanted).send().await.unwrap()
    }
}
