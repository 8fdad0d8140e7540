//! A secret in the database, of either make: in no table and no file of it, in whatever form, and not even
//! sealed once its task has ended.

use std::{fs, path::Path, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

use super::{Place, Server, get, lines, scripted, until};
use crate::{
    fixture::{Said, signal},
    postgres_server::schema,
};

const SECRET: &str = "hush/hush \"4711\" & more";
/// What is no secret: whoever looks for it in the same way finds it.
const KNOWN: &str = "known/known \"1147\" & less";

/// The first attempt waits for its end; the second says its secret in every way, and fails or not.
const SCRIPT: &str = r#"
here=$(dirname "$0")
[ "$PARAM_KEY" = 'hush/hush "4711" & more' ] || exit 9
echo started >> "$here/started"
[ $(wc -l < "$here/started") = 1 ] && sleep 1000
echo "the key is $PARAM_KEY, the word $PARAM_WORD"
printf 'user:%s' "$PARAM_KEY" | base64 -w 8
echo "{\"message\": \"$(printf %s "$PARAM_KEY" | base64)\"}" >&$MILEPOST_PROGRESS_FD
exit $1
"#;

const PARAMS: &str = "[commands.job.params.key]\ntype = 'text'\nsecret = true\nenv = 'PARAM_KEY'\n\
    [commands.job.params.word]\ntype = 'text'\nenv = 'PARAM_WORD'\n\
    [commands.job.params.code]\ntype = 'integer'\nrequired = true\n";

fn place() -> Place {
    let place = scripted(SCRIPT, "");
    let argv = "argv = ['sh', '{config_dir}/job.sh', '{code}']\nmax_attempts = 2\n";
    place.write("milepost.toml", &format!("[commands.job]\n{argv}{PARAMS}"));
    place
}

/// Where the tasks are.
enum Database {
    Sqlite,
    Postgres(String),
}

impl Database {
    /// A server on it whose leases are short: a killed one's tasks are soon another's.
    async fn serve(&self, place: &Place, args: &[&str]) -> Server {
        let url = match self {
            Self::Sqlite => vec![],
            Self::Postgres(url) => vec!["--database", url],
        };
        let lease = [("MILEPOST_ENGINE_LEASE_S", "10"), ("MILEPOST_ENGINE_HEARTBEAT_S", "1")];
        place.serve(&[args, &url].concat(), &lease).await
    }

    /// All that is stored: each value of each table, and each file.
    async fn dump(&self, place: &Place) -> Vec<u8> {
        let mut all = Vec::new();
        read_all(&place.path("data"), &mut all);
        if let Self::Postgres(url) = self {
            let mut connection = PgConnection::connect(url).await.unwrap();
            let columns = "SELECT table_name, column_name, data_type FROM information_schema.columns \
                           WHERE table_schema = current_schema()";
            let columns = sqlx::query(columns).fetch_all(&mut connection).await.unwrap();
            assert!(columns.len() > 50, "{}", columns.len());
            for column in columns {
                let [table, column, kind] = [0, 1, 2].map(|index| column.get::<String, _>(index));
                let value = match &*kind {
                    "bytea" => format!("\"{column}\""),
                    _ => format!("convert_to(\"{column}\"::text, 'UTF8')"),
                };
                let query = AssertSqlSafe(format!("SELECT {value} FROM \"{table}\""));
                for row in sqlx::query(query).fetch_all(&mut connection).await.unwrap() {
                    all.extend(row.get::<Option<Vec<u8>>, _>(0).unwrap_or_default());
                    all.push(b'\n');
                }
            }
        }
        all
    }

    /// How many tasks have sealed secrets. Of SQLite's for when no server runs.
    async fn sealed(&self, place: &Place) -> i64 {
        let query = "SELECT count(sealed) FROM tasks";
        match self {
            Self::Sqlite => {
                let file = format!("sqlite://{}", place.path("data/milepost.db").display());
                let mut connection = SqliteConnection::connect(&file).await.unwrap();
                let number = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                number
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
            }
        }
    }
}

/// The files in a folder, one after the other.
fn read_all(folder: &Path, all: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => read_all(&entry.path(), all),
            // A log file of the database may just be gone.
            false => all.extend(fs::read(entry.path()).unwrap_or_default()),
        }
        all.push(b'\n');
    }
}

/// In which of its forms a text stands there.
fn found(all: &[u8], text: &str) -> Vec<String> {
    let percent = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let json = json!(text).to_string();
    let mut forms = vec![text.to_owned(), json.trim_matches('"').to_owned(), percent];
    // What other bytes share at both ends is left out.
    forms.extend((0..3).map(|before| {
        let encoded = BASE64_STANDARD_NO_PAD.encode(format!("{}{text}", ".".repeat(before)));
        encoded[4..encoded.len() - 4].to_owned()
    }));
    forms.retain(|form| memchr::memmem::find(all, form.as_bytes()).is_some());
    forms
}

async fn assert_hidden(database: &Database, place: &Place, when: &str) {
    let all = database.dump(place).await;
    assert_eq!(found(&all, SECRET), [""; 0], "{when}");
    assert!(!found(&all, KNOWN).is_empty(), "{when}: all of it was looked at");
}

async fn run_with(place: &Place, server: &Server, code: &str) -> String {
    let inputs = [format!("key={SECRET}"), format!("word={KNOWN}"), format!("code={code}")];
    let inputs = inputs.iter().flat_map(|input| ["--input", input]);
    let args: Vec<_> = ["run", "job"].into_iter().chain(inputs).collect();
    let printed = server.run(place, &args).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    printed.stdout.trim().to_owned()
}

/// From its start to its end, with a crash in between, nothing but the seal is stored, and that until the
/// end of the last attempt.
async fn is_sealed_until_the_end_of_the_last_attempt(database: Database, code: &str) {
    let place = place();
    let waiting = database.serve(&place, &["--no-worker"]).await;
    let id = run_with(&place, &waiting, code).await;
    assert_hidden(&database, &place, "while it waits").await;
    waiting.stop().await;
    assert_eq!(database.sealed(&place).await, 1);

    let mut server = database.serve(&place, &[]).await;
    lines(place.path("started"), 1).await;
    assert_hidden(&database, &place, "while it runs").await;
    signal(server.child(), "KILL").await;
    server.child().wait().await.unwrap();
    assert_hidden(&database, &place, "after a crash").await;
    assert_eq!(database.sealed(&place).await, 1, "its next attempt needs it");

    let server = database.serve(&place, &[]).await;
    let path = format!("/api/v1/tasks/{id}");
    until("it has ended", async || get(&server, &path).await["finished_at"].is_string()).await;
    let task = get(&server, &path).await;
    let expected = if code == "0" { "completed" } else { "error" };
    assert_eq!((&task["status"], &task["attempt"]), (&json!(expected), &json!(2)), "{task}");
    assert_hidden(&database, &place, "after its end").await;
    server.stop().await;
    assert_eq!(database.sealed(&place).await, 0, "an ended task has none");
    is_asked_for_anew(&database, &place, &id).await;
}

/// An ended task is started again with its secret only where that is given anew.
async fn is_asked_for_anew(database: &Database, place: &Place, id: &str) {
    let server = database.serve(place, &["--no-worker"]).await;
    let again = server.run(place, &["rerun", id]).await;
    assert_eq!(again.code, Some(2), "it is not started without its secret: {again:?}");
    assert!(again.stderr.contains("key: has to be entered again"), "{again:?}");
    let page = reqwest::Client::new().post(format!("{}/tasks/{id}/rerun", server.url)).send().await;
    let page = page.unwrap();
    assert_eq!(page.status(), 400);
    let page = page.text().await.unwrap();
    assert!(
        page.contains("action=\"start/job\"") && page.contains("has to be entered again"),
        "{page}"
    );
    let secret = place.write("secret", SECRET);
    let key = format!("key=@{}", secret.display());
    let again: Said = server.run(place, &["rerun", id, "--input", &key]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    server.stop().await;
    assert_eq!(database.sealed(place).await, 1);
    assert_hidden(database, place, "of the next task").await;
}

#[tokio::test]
async fn not_even_a_hash_of_a_secret_that_could_be_guessed_by_is_stored() {
    let place = place();
    let server = Database::Sqlite.serve(&place, &["--no-worker"]).await;
    let start = async |key: &str| {
        let input = json!({"code": 0, "key": key});
        let body = json!({"kind": "job", "input": input});
        let request = reqwest::Client::new().post(format!("{}/api/v1/tasks", server.url));
        let answer = request.header("Idempotency-Key", "one").json(&body).send().await.unwrap();
        let hash = Sha256::new().chain_update("job\0").chain_update(input.to_string()).finalize();
        let status = answer.status().as_u16();
        let task: serde_json::Value = answer.json().await.unwrap();
        (status, task["id"].clone(), format!("{hash:x}"))
    };
    let ((status, id, hash), (_, again, _)) = (start("4711").await, start("4711").await);
    assert_eq!((status, &id), (202, &again), "the same start is known by it");
    assert_ne!(start("4712").await.1, id, "and another one");
    server.stop().await;
    let all = Database::Sqlite.dump(&place).await;
    assert!(memchr::memmem::find(&all, hash.as_bytes()).is_none());
}

/// A test that hangs fails.
async fn in_time(test: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(120), test).await.unwrap();
}

#[tokio::test]
async fn in_sqlite_a_secret_is_sealed_until_its_task_has_completed() {
    in_time(is_sealed_until_the_end_of_the_last_attempt(Database::Sqlite, "0")).await;
}

#[tokio::test]
async fn in_sqlite_a_secret_is_sealed_until_its_task_has_failed() {
    in_time(is_sealed_until_the_end_of_the_last_attempt(Database::Sqlite, "3")).await;
}

#[tokio::test]
async fn in_postgresql_a_secret_is_sealed_until_its_task_has_completed() {
    let database = Database::Postgres(schema().await);
    in_time(is_sealed_until_the_end_of_the_last_attempt(database, "0")).await;
}

#[tokio::test]
async fn in_postgresql_a_secret_is_sealed_until_its_task_has_failed() {
    let database = Database::Postgres(schema().await);
    in_time(is_sealed_until_the_end_of_the_last_attempt(database, "3")).await;
}
