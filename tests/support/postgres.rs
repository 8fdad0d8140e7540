//! A real PostgreSQL for tests: a server of this test process's own, on a socket in a temporary
//! folder, gone when the process is, however that ends.

use std::{
    io::{BufRead, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, OnceLock},
};

use sqlx::{Connection as _, Executor as _, PgConnection};

/// A server, and the program that ends with this process.
pub(crate) struct Server {
    socket: PathBuf,
    keeper: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _process: Child,
}

/// Makes a cluster in $1 with the programs of $2 and the options of $3 (a copy of one that was made once: each test has its
/// own process, and so its own cluster), and obeys orders: "start" and "stop" the
/// server, each answered by a line. Once its standard input is closed, which the end of any process
/// does, it ends the server and removes the folder.
const KEEPER: &str = r#"
trap '' INT TERM
exec 2>"$1/log"
model=${TMPDIR:-/tmp}/milepost-pg-model-$(id -u)$(echo "$2" | tr / -)
umask 077
mkdir -p "$model" && [ -O "$model" ] || exit 1
flock "$model" sh -c '
    [ -e "$1/whole" ] && exit
    rm -rf "$1/data"
    "$2/initdb" -D "$1/data" -U milepost -A trust --no-sync --no-locale -E UTF8 >"$1/initdb" &&
        touch "$1/whole"' sh "$model" "$2" || exit 1
cp -R --reflink=auto "$model/data" "$1/data" || exit 1
while read -r order; do
    case $order in
    start)
        "$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c max_connections=200 $3 >&2 &
        server=$!
        while ! "$2/pg_isready" -q -h "$1" -U milepost -d postgres; do
            kill -0 "$server" || exit 1
            sleep 0.05
        done ;;
    stop) kill -INT "$server"; wait "$server" ;;
    esac
    echo done
done
kill -INT "$server"
wait "$server"
rm -rf "$1"
"#;

impl Server {
    /// "start" or "stop".
    fn order(&self, order: &str) {
        let mut keeper = self.keeper.lock().unwrap();
        writeln!(keeper.0, "{order}").unwrap();
        let mut said = String::new();
        keeper.1.read_line(&mut said).unwrap();
        let log = || std::fs::read_to_string(self.socket.join("log")).unwrap();
        assert_eq!(said.trim(), "done", "{}", log());
    }

    /// Cuts all connections and answers nobody until [`Server::start`].
    pub(crate) fn stop(&self) {
        self.order("stop");
    }

    pub(crate) fn start(&self) {
        self.order("start");
    }

    /// The folder of its socket.
    pub(crate) fn socket(&self) -> &std::path::Path {
        &self.socket
    }

    /// The address of a database of its own.
    pub(crate) async fn database(&self) -> String {
        let name = format!("d{}", uuid::Uuid::new_v4().simple());
        let socket = self.socket.display();
        let server = |name| format!("postgres://milepost@localhost/{name}?host={socket}");
        let mut connection = PgConnection::connect(&server("postgres")).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        connection.execute(sqlx::query(create)).await.unwrap();
        connection.close().await.unwrap();
        server(&name)
    }

    /// The address of a schema of its own.
    pub(crate) async fn schema(&self) -> String {
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        let socket = self.socket.display();
        let server = format!("postgres://milepost@localhost/postgres?host={socket}");
        let mut connection = PgConnection::connect(&server).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"));
        connection.execute(sqlx::query(create)).await.unwrap();
        connection.close().await.unwrap();
        format!("{server}&options=-csearch_path%3D{name}")
    }
}

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

/// Starts a server of the caller's own.
pub(crate) fn server() -> Server {
    server_with("")
}

/// Starts a server with further options, such as `-c fsync=on`.
pub(crate) fn server_with(options: &str) -> Server {
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
    let mut process = keeper
        .args(["-c", KEEPER, "keeper"])
        .args([&folder, &programs()])
        .arg(options)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (orders, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
    let keeper = Mutex::new((orders, BufReader::new(answers)));
    let server = Server { socket: folder, keeper, _process: process };
    server.start();
    server
}

fn owner(file: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(file)
}

/// The address of a schema of its own, at the server that the tests of this process share.
pub(crate) async fn schema() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let shared = tokio::task::spawn_blocking(|| SERVER.get_or_init(server)).await.unwrap();
    shared.schema().await
}
