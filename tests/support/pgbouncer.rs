//! A real PgBouncer in front of a test's PostgreSQL, gone when this process is.

use std::{
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
};

use crate::postgres_server::Server;

/// A pooler, and the program that ends with this process.
pub(crate) struct Pooler {
    folder: PathBuf,
    database: String,
    _orders: ChildStdin,
    _process: Child,
}

/// Runs PgBouncer until its standard input is closed, and removes the folder.
const KEEPER: &str = r#"
trap '' INT TERM
program=$(command -v pgbouncer || echo /usr/sbin/pgbouncer)
"$program" -q "$1/pgbouncer.ini" >"$1/log" 2>&1 &
pooler=$!
read -r _
kill -KILL "$pooler"
wait "$pooler"
rm -rf "$1"
"#;

impl Pooler {
    /// A pooler with this `pool_mode` in front of the database at `direct`, a URL of
    /// [`Server::database`].
    pub(crate) fn new(server: &Server, direct: &str, mode: &str) -> Self {
        let (_, rest) = direct.split_once("localhost/").unwrap();
        let (database, _) = rest.split_once('?').unwrap();
        let database = database.to_owned();
        let folder = tempfile::Builder::new().prefix("milepost-pooler").tempdir().unwrap().keep();
        let (own, socket) = (folder.display(), server.socket().display());
        let settings = format!(
            "[databases]\n* = host={socket} user=milepost\n[pgbouncer]\nlisten_addr =\n\
             listen_port = 6432\nunix_socket_dir = {own}\nauth_type = any\npool_mode = {mode}\n\
             default_pool_size = 20\nmax_client_conn = 500\nlogfile =\npidfile =\n"
        );
        std::fs::write(folder.join("pgbouncer.ini"), settings).unwrap();
        // It refuses to run as root.
        let root =
            std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0;
        let mut keeper = if root {
            let given = Command::new("chown").args(["-R", "postgres"]).arg(&folder).status();
            assert!(given.unwrap().success());
            let mut keeper = Command::new("runuser");
            keeper.args(["-u", "postgres", "--", "sh"]);
            keeper
        } else {
            Command::new("sh")
        };
        let keeper = keeper.args(["-c", KEEPER, "keeper"]).arg(&folder).current_dir("/");
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = keeper.spawn().unwrap();
        let orders = process.stdin.take().unwrap();
        let pooler = Self { folder, database, _orders: orders, _process: process };
        pooler.wait();
        pooler
    }

    fn wait(&self) {
        let begun = std::time::Instant::now();
        while std::os::unix::net::UnixStream::connect(self.folder.join(".s.PGSQL.6432")).is_err() {
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let patience = std::time::Duration::from_secs(30);
            assert!(
                begun.elapsed() < patience,
                "is pgbouncer installed (scripts/tools test)? {}",
                log()
            );
            std::thread::yield_now();
        }
    }

    /// The address of the database through the pooler.
    pub(crate) fn url(&self) -> String {
        let (name, folder) = (&self.database, self.folder.display());
        format!("postgres://milepost@localhost:6432/{name}?host={folder}")
    }
}
