//! A real PostgreSQL for tests: a server of this test process's own, on a socket in a temporary
//! folder, gone when the process is, however that ends.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use sqlx::{Connection as _, Executor as _, PgConnection};

/// The folder and the program that ends with this process.
struct Server {
    socket: PathBuf,
    _watched: Child,
}

/// Makes a cluster in $1 with the programs of $2, runs it, and says "ready"; ends it and removes the
/// folder once its standard input is closed, which the end of any process does.
const KEEPER: &str = r#"
trap '' INT TERM
exec 2>"$1/log"
"$2/initdb" -D "$1/data" -U milepost -A trust --no-sync --no-locale -E UTF8 >"$1/initdb" || exit 1
"$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c max_connections=200 >&2 &
server=$!
while ! "$2/pg_isready" -q -h "$1" -U milepost -d postgres; do
    kill -0 "$server" || exit 1
    sleep 0.05
done
echo ready
cat >/dev/null
kill -INT "$server"
wait "$server"
rm -rf "$1"
"#;

/// The newest server that is installed.
fn programs() -> PathBuf {
    let mut found: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    let on_path = || {
        std::env::split_paths(&std::env::var_os("PATH")?).find(|bin| bin.join("initdb").exists())
    };
    found.pop().or_else(on_path).expect("PostgreSQL is installed (scripts/tools test)")
}

fn start() -> Server {
    let folder = tempfile::Builder::new().prefix("milepost-pg").tempdir().unwrap().keep();
    // PostgreSQL refuses to run as root.
    let root = std::fs::metadata("/proc/self").is_ok_and(|me| owner(&me) == 0);
    let mut keeper = if root {
        assert!(Command::new("chown").arg("postgres").arg(&folder).status().unwrap().success());
        let mut keeper = Command::new("runuser");
        keeper.args(["-u", "postgres", "--", "sh"]);
        keeper
    } else {
        Command::new("sh")
    };
    let mut watched = keeper
        .args(["-c", KEEPER, "keeper"])
        .args([&folder, &programs()])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(watched.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said.trim(), "ready", "{}", std::fs::read_to_string(folder.join("log")).unwrap());
    Server { socket: folder, _watched: watched }
}

fn owner(file: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(file)
}

/// The folder with this process's server.
fn socket() -> &'static Path {
    static SERVER: OnceLock<Server> = OnceLock::new();
    &SERVER.get_or_init(start).socket
}

/// The address of a schema of its own.
pub(crate) async fn schema() -> String {
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    let socket = tokio::task::spawn_blocking(socket).await.unwrap().to_string_lossy();
    let server = format!("postgres://milepost@localhost/postgres?host={socket}");
    let mut connection = PgConnection::connect(&server).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"));
    connection.execute(sqlx::query(create)).await.unwrap();
    connection.close().await.unwrap();
    format!("{server}&options=-csearch_path%3D{name}")
}
