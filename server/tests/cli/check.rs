//! `milepost check`, `config --json` and `progress-test --json`.

use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::{
    fixture::{Place, Said, arg, migrations},
    postgres_server,
};

/// A migration that this version does not have.
const LATER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
    VALUES (9000, 'later', true, '', 0)";

async fn check(place: &Place, args: &[&str]) -> (Value, Option<i32>) {
    let said = place.run(&[&["check", "--json"], args].concat()).await;
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
    assert_eq!(report["ok"], said.code == Some(0), "{report:#}");
    (report, said.code)
}

/// Status and detail of the first finding of this name that has this part.
fn has(report: &Value, name: &str, status: &str, part: &str) {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().any(|check| {
        check["name"] == name
            && check["status"] == status
            && check["detail"].as_str().unwrap().contains(part)
    });
    assert!(found, "no {status} of {name} with {part} in {report:#}");
}

#[tokio::test]
async fn a_machine_on_which_everything_is_there_is_fine_and_stays_as_it_is() {
    let place = Place::with_research();
    let said = place.run(&["check", "--addr", "127.0.0.1:0"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let names: Vec<_> =
        said.stdout.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(
        names,
        ["configuration", "database", "files", "output", "clock", "port", "narrator"],
        "one line each: {said:?}"
    );
    assert!(said.stdout.lines().all(|line| line.starts_with("ok ")), "{said:?}");
    assert!(!place.path("data").exists(), "nothing was made");
}

#[tokio::test]
async fn what_is_in_the_way_of_a_start_is_told_each_by_itself() {
    let place = Place::new();
    place.write("data", "a file");
    place.write(
        "milepost.toml",
        "[commands.there]\nargv = [\"sh\", \"-c\", \"true\"]\n\
         [commands.gone]\nargv = [\"no-such-program\"]\n\
         [commands.path]\nargv = [\"/no/such/program\"]\n\
         [storage]\noutput_dir = \"nowhere\"\n",
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (report, code) = check(&place, &["--addr", &address]).await;
    assert_eq!(code, Some(2));
    has(&report, "files", "error", "data is not a folder");
    has(&report, "output", "warning", "there is no such folder");
    has(&report, "port", "error", "another program listens there");
    has(&report, "command", "ok", "there: /");
    has(&report, "command", "error", "gone: no-such-program is not on PATH");
    has(&report, "command", "error", "path: /no/such/program is not a program that can be run");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let twice = format!("[http]\naddr = \"{free}\"\nmetrics_addr = \"{free}\"\n");
    let twice = place.write("twice.toml", &twice);
    let (report, code) = check(&place, &["--config", arg(&twice)]).await;
    assert_eq!(code, Some(2));
    has(&report, "port", "error", "http.addr has the same address");
    let wrong = place.write("wrong.toml", "[http]\naddr = \"nonsense\"\n");
    let (report, code) = check(&place, &["--config", arg(&wrong)]).await;
    assert_eq!(code, Some(2));
    has(&report, "configuration", "error", "wrong.toml:2");
}

#[tokio::test]
async fn beside_a_server_that_runs_its_database_and_its_port_are_told() {
    let place = Place::with_research();
    let server = place.serve(&[], &[]).await;
    let address = server.url.trim_start_matches("http://");
    let (report, code) = check(&place, &["--addr", address]).await;
    assert_eq!(code, Some(0), "{report:#}");
    has(&report, "database", "ok", &format!("schema version {}", migrations().0));
    has(&report, "port", "warning", "a Milepost runs there already");
    // And it goes on.
    assert_eq!(server.run(&place, &["ls"]).await.code, Some(0));
}

fn refuses_a_newer(said: &Said) {
    said.is_refused_with("a newer version of Milepost has migrated it (its schema is version 9000");
    said.is_refused_with("start that version, or restore the backup from before the upgrade");
}

#[tokio::test]
async fn a_file_that_a_newer_version_has_migrated_is_refused_with_what_to_do() {
    let place = Place::new();
    assert_eq!(place.run(&["migrate"]).await.code, Some(0));
    let url = format!("sqlite://{}", place.path("data/milepost.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    connection.execute(LATER).await.unwrap();
    connection.close().await.unwrap();
    refuses_a_newer(&place.run(&["serve", "--addr", "127.0.0.1:0"]).await);
    refuses_a_newer(&place.run(&["migrate"]).await);
    let (report, code) = check(&place, &["--addr", "127.0.0.1:0"]).await;
    assert_eq!(code, Some(2));
    has(&report, "database", "error", "a newer version of Milepost has migrated it");
}

#[tokio::test]
async fn a_postgresql_database_is_looked_at_and_a_newer_one_is_refused() {
    let place = Place::with_research();
    let database = tokio::task::spawn_blocking(postgres_server::server).await.unwrap();
    let url = database.database().await;
    let at = ["--addr", "127.0.0.1:0", "--database", &url];
    let (report, _) = check(&place, &at).await;
    has(&report, "database", "ok", "is empty; the first start makes its schema");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute("CREATE ROLE app LOGIN").await.unwrap();
    let app = url.replace("milepost@", "app@");
    let (report, code) = check(&place, &["--addr", "127.0.0.1:0", "--database", &app]).await;
    assert_eq!(code, Some(2));
    has(
        &report,
        "database",
        "error",
        &format!("as app, schema version 0, lacks {}", migrations().1),
    );
    has(&report, "database", "error", "run `milepost migrate`");

    assert_eq!(place.run(&["migrate", "--database", &url]).await.code, Some(0));
    let (report, code) = check(&place, &at).await;
    assert_eq!(code, Some(0), "{report:#}");
    has(&report, "database", "ok", &format!("as milepost, schema version {}", migrations().0));
    has(&report, "clock", "ok", "as the database has it");
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&mut connection).await.unwrap();
    let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    connection.execute(sqlx::AssertSqlSafe(set)).await.unwrap();
    let (report, _) = check(&place, &at).await;
    has(&report, "database", "error", "is read-only");
    let reset = format!("ALTER DATABASE {name} RESET default_transaction_read_only");
    connection.execute(sqlx::AssertSqlSafe(reset)).await.unwrap();

    connection.execute(LATER).await.unwrap();
    for command in [&["serve", "--addr", "127.0.0.1:0"][..], &["worker"], &["migrate"]] {
        let said = place.run(&[command, &["--database", &url]].concat()).await;
        refuses_a_newer(&said);
    }
    let (report, _) = check(&place, &at).await;
    has(&report, "database", "error", "a newer version of Milepost has migrated it");
    let (report, _) = check(&place, &["--database", "postgres://ada:hush@127.0.0.1:1/x"]).await;
    has(&report, "database", "error", "127.0.0.1:1/x cannot be opened");
    assert!(!report.to_string().contains("hush"), "{report}");
}

#[tokio::test]
async fn settings_and_tests_of_progress_are_told_as_json() {
    let place = Place::new();
    let mut command = place.milepost(&["config", "--json", "--addr", "127.0.0.1:4"]);
    command.env("MILEPOST_NARRATOR_KEY", "hush").env("MILEPOST_ENGINE_CONCURRENCY", "3");
    let said = Said::of(command).await;
    assert_eq!((said.code, said.stdout.lines().count()), (Some(0), 1), "{said:?}");
    assert!(!said.stdout.contains("hush"), "{said:?}");
    let config: Value = serde_json::from_str(&said.stdout).unwrap();
    let addr = &config["settings"]["http.addr"];
    assert_eq!((&addr["value"], &addr["source"]), (&"127.0.0.1:4".into(), &"command line".into()));
    let number = &config["settings"]["engine.concurrency"];
    assert_eq!((&number["value"], &number["source"]), (&3.into(), &"environment".into()));
    assert_eq!(number["variable"], "MILEPOST_ENGINE_CONCURRENCY");
    assert_eq!(config["settings"]["narrator.key"]["hidden"], true);
    assert!(config["isolation"].is_string());

    let mut command = place.wrapped(
        &["sh", "-c", "printf 'a\n 26%% x\n' | \"$0\" \"$@\""],
        &["progress-test", "git", "--json"],
    );
    command.stdin(std::process::Stdio::null());
    let said = Said::of(command).await;
    let lines: Vec<Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["piece"], "a", "{said:?}");
    assert_eq!(lines.last().unwrap()["pieces"], 2, "{said:?}");
    let presets = place.run(&["progress-test", "--json"]).await;
    let presets: Value = serde_json::from_str(&presets.stdout).unwrap();
    assert!(presets["presets"].as_array().unwrap().iter().any(|it| it["name"] == "rsync"));
}

#[tokio::test]
async fn a_database_that_was_lost_and_a_key_that_is_missing_are_told() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("data")).unwrap();
    place.write("data/milepost.db", "");
    let (report, _) = check(&place, &[]).await;
    has(&report, "database", "warning", "is an empty file");
    assert_eq!(place.run(&["migrate"]).await.code, Some(0));
    let (report, _) = check(&place, &[]).await;
    has(&report, "database", "ok", "schema version");
    has(&report, "secret_key", "warning", "secret.key is missing");
    place.write("data/secret.key", &"0".repeat(64));
    let (report, _) = check(&place, &[]).await;
    assert!(!report.to_string().contains("secret_key"), "{report:#}");
}

#[tokio::test]
async fn nothing_is_left_beside_a_file_that_is_no_database() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("data")).unwrap();
    place.write("data/milepost.db", "this is no database");
    for command in [&["migrate"][..], &["serve", "--addr", "127.0.0.1:0"]] {
        place.run(command).await.is_refused_with("the file is not a database");
        let lock = place.path("data/milepost.db.lock");
        assert!(!lock.exists(), "{command:?}");
    }
}
