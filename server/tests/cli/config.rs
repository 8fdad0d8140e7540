//! The configuration, as an operator meets it.

use crate::fixture::{Place, SLOW, arg};

#[tokio::test]
async fn unknown_keys_are_refused_with_file_and_key() {
    let place = Place::new();
    let file = place.write("milepost.toml", "[http]\nadr = '127.0.0.1:1'\n");
    let printed = place.run(&["serve"]).await;
    printed.is_refused_with("`http.adr`: unknown; known keys here: addr,");
    assert!(printed.stderr.contains("milepost.toml"), "{printed:?}");
    place.run(&["config", "--config", arg(&file)]).await.is_refused_with("`http.adr`");
}

#[tokio::test]
async fn bad_values_and_flags_are_refused() {
    let place = Place::new();
    place.run(&["serve", "--addr", "nowhere"]).await.is_refused_with("`http.addr`");
    place.run(&["serve", "--config", "gone.toml"]).await.is_refused_with("gone.toml");
    let printed = place.run(&["serve", "--database", "mysql://x"]).await;
    printed.is_refused_with("sqlite:///");
    assert_eq!(place.run(&["serve", "--nonsense"]).await.code, Some(2));
    assert_eq!(place.run(&["nonsense"]).await.code, Some(2));
    place.run(&[]).await.is_refused_with("milepost --help");
    assert_eq!(place.run(&["--help"]).await.code, Some(0));
}

#[tokio::test]
async fn what_is_in_force_is_printed_with_where_it_came_from() {
    let place = Place::new();
    place.write("milepost.toml", "[engine]\nconcurrency = 3\n");
    let mut command = place.milepost(&["config", "--addr", "127.0.0.1:1"]);
    command.env("MILEPOST_ENGINE_DRAIN_S", "7");
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |key: &str| text.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert_eq!(line("addr"), "addr = \"127.0.0.1:1\" # MILEPOST_HTTP_ADDR; command line");
    assert!(line("concurrency").ends_with("milepost.toml"), "{text}");
    assert_eq!(line("drain_s"), "drain_s = 7 # MILEPOST_ENGINE_DRAIN_S; environment");
    assert_eq!(line("lease_s"), "lease_s = 30 # MILEPOST_ENGINE_LEASE_S; default");
}

#[tokio::test]
async fn the_limits_of_a_kind_are_those_of_its_table() {
    let place = Place::new();
    place.write("milepost.toml", "[kinds.stroy]\ntimeout_s = 60\n");
    place.run(&["serve"]).await.is_refused_with("`kinds.stroy`: unknown; known kinds here: data");
    place.write("milepost.toml", "[kinds.story]\ntimeout_s = 1\nmax_attempts = 2\n");
    let place = place.and_research();
    let server = place.serve(&[], &[SLOW]).await;
    let run = ["run", "story", "-i", "subject=lighthouse", "-i", "player=Ada", "--follow"];
    let printed = server.run(&place, &run).await;
    assert_eq!(printed.code, Some(1), "{printed:?}");
    assert!(
        printed.stderr.contains("longer than 1 s, the limit of its kind. (timeout)"),
        "{printed:?}"
    );
}
