//! Choices that a program of the operator prints.

use serde_json::{Value, json};

use super::{scripted, streams::output};

#[tokio::test]
async fn a_value_is_one_of_what_a_program_prints_and_the_form_offers_them() {
    let place = scripted(
        "echo \"on $1\"\n",
        "[commands.job.params.branch]\ntype = 'choice'\nrequired = true\n\
         choices_from = ['cat', '{config_dir}/branches']",
    );
    let text = std::fs::read_to_string(place.path("milepost.toml")).unwrap();
    place.write("milepost.toml", &text.replace("job.sh']", "job.sh', '{branch}']"));
    place.write("branches", "* main\n  fix <b>\n-rf\n");
    let server = place.serve(&[], &[]).await;
    assert_eq!(output(&server, &json!({ "branch": "fix <b>" })).await, "on fix <b>\n");
    let refused = async |branch: &str| {
        let body = json!({ "kind": "job", "input": { "branch": branch } });
        let request = reqwest::Client::new().post(format!("{}/api/v1/tasks", server.url));
        let answer = request.json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], "branch", "{problem}");
        problem["errors"][0]["detail"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused("other").await, "must be one of: main, fix <b>, -rf");
    assert!(refused("-rf").await.contains("must not begin with -"), "no option is smuggled in");
    let page = reqwest::get(format!("{}/start/job", server.url)).await.unwrap();
    let page = page.text().await.unwrap();
    for option in ["value=\"main\"", "value=\"fix &lt;b&gt;\"", "value=\"-rf\""] {
        assert!(page.contains(option), "{option} in {page}");
    }
}

#[tokio::test]
async fn while_the_program_fails_nothing_is_started_and_the_form_is_there() {
    let place = scripted(
        "true \"$B\"\n",
        "[commands.job.params.branch]\ntype = 'choice'\nenv = 'PARAM_B'\n\
         choices_from = ['cat', '{config_dir}/branches']",
    );
    let server = place.serve(&[], &[]).await;
    let page = reqwest::get(format!("{}/start/job", server.url)).await.unwrap();
    assert_eq!(page.status(), 200);
    let body = json!({ "kind": "job", "input": { "branch": "main" } });
    let request = reqwest::Client::new().post(format!("{}/api/v1/tasks", server.url));
    let answer = request.json(&body).send().await.unwrap();
    let problem: Value = answer.json().await.unwrap();
    let detail = problem["errors"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.starts_with("its choices cannot be read now: cat ended with"), "{problem}");
    assert!(detail.contains("No such file"), "{problem}");
    // Without a value it is not asked.
    assert_eq!(output(&server, &json!({})).await, "");
}
