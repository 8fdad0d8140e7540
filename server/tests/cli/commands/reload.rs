//! The configuration is read again, or is wrong.

use super::{get, lines, report, run, scripted, until};
use crate::fixture::{Place, Said, Server, signal};

async fn words(server: &Server) -> Vec<String> {
    let kinds = get(server, "/api/v1/kinds").await;
    kinds.as_array().unwrap().iter().map(|kind| kind["kind"].as_str().unwrap().to_owned()).collect()
}

async fn reload(server: &mut Server, place: &Place, shown: &str) {
    let before = place.log().matches(shown).count();
    signal(server.child(), "HUP").await;
    until(shown, async || place.log().matches(shown).count() > before).await;
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_line_and_nothing_starts() {
    let place = Place::new();
    place.write("milepost.toml", "[commands.a]\nargv = ['p']\ntimeout_s = 0\n");
    let said = place.run(&["serve", "--addr", "127.0.0.1:0"]).await;
    said.is_refused_with("milepost.toml:3: `commands.a.timeout_s`: must be 1 to 31536000");
    let config = place.run(&["config"]).await;
    assert_eq!(config.code, Some(2));
}

#[tokio::test]
async fn a_signal_brings_other_commands_and_leaves_running_and_waiting_tasks_as_they_were() {
    let script = r#"
here=$(dirname "$0")
echo x >> "$here/started"
while [ ! -e "$here/go" ]; do sleep 0.05; done
echo "$WHICH"
"#;
    let place = scripted(script, "concurrency = 1\nset_env = { WHICH = 'first' }");
    let mut server = place.serve(&[], &[]).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(server.run(&place, &["run", "job"]).await.stdout.trim().to_owned());
    }
    lines(place.path("started"), 1).await;
    let text = std::fs::read_to_string(place.path("milepost.toml")).unwrap();
    place.write("milepost.toml", &format!("{text}nonsense = 1\n"));
    reload(&mut server, &place, "commands not reloaded").await;
    assert!(place.log().contains("milepost.toml:5: unknown field `nonsense`"), "{}", place.log());
    let other = text.replace("first", "second") + "[commands.more]\nargv = ['true']\n";
    place.write("milepost.toml", &other);
    reload(&mut server, &place, "commands reloaded").await;
    assert!(words(&server).await.contains(&"more".to_owned()));
    let more = get(&server, "/api/v1/kinds/more").await;
    assert_eq!(more["description"], "Stopped after 60 min. Not retried if the server stops.");
    place.write("go", "");
    for id in &ids {
        let said = server.run(&place, &["status", id, "--follow"]).await;
        let said = Said { stdout: id.clone(), ..said };
        assert_eq!(report(&place, &server, &said).await["output"], "first\n");
    }
    let said = run(&place, &server, &[]).await;
    assert_eq!(report(&place, &server, &said).await["output"], "second\n");
}

#[tokio::test]
async fn a_task_that_waits_fails_where_the_next_server_has_another_command_by_its_name() {
    let place = scripted("echo x\n", "");
    let server = place.serve(&["--no-worker"], &[]).await;
    let id = server.run(&place, &["run", "job"]).await.stdout.trim().to_owned();
    server.stop().await;
    place.write("milepost.toml", "[commands.job]\nargv = ['rm', '-rf', '/tmp/x']\n");
    let server = place.serve(&[], &[]).await;
    server.run(&place, &["status", &id, "--follow"]).await;
    let task = get(&server, &format!("/api/v1/tasks/{id}")).await;
    assert_eq!(task["error"]["code"], "definition_changed", "{task}");
}

#[tokio::test]
async fn the_configuration_in_force_shows_the_commands() {
    let place = scripted("echo x\n", "set_env = { TOKEN = 'hush' }\nmax_cpu_s = 5");
    let said = place.run(&["config"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("[commands.job]\n"), "{said:?}");
    assert!(said.stdout.contains("max_cpu_s = 5") && !said.stdout.contains("hush"), "{said:?}");
}
