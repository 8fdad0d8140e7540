//! Arguments of the commands that run here, without a server.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Clone, Debug, Default)]
pub(super) struct ServerArgs {
    /// Address and port to listen on; port 0 picks a free port [default: 127.0.0.1:3000]
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) addr: Option<String>,
    /// Folder for the database [default: ./data]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Database URL, such as sqlite:///path/to/file [default: milepost.db in the data folder]
    #[arg(long, value_name = "URL")]
    pub(super) database: Option<String>,
    /// File that contains the database URL, including its password, as its only line; make it
    /// readable by its owner only
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    pub(super) database_file: Option<PathBuf>,
    /// Folder of the built pages, instead of those inside this program
    #[arg(long, value_name = "DIR")]
    pub(super) site: Option<PathBuf>,
    /// Folder of {subject}/research.md, and of the stories written [default: output]
    #[arg(long, value_name = "DIR")]
    pub(super) output_dir: Option<PathBuf>,
    /// Serve requests only; leave queued tasks to other processes
    #[arg(long)]
    pub(super) no_worker: bool,
    /// Serve everybody who reaches the address, without sign-in, also on other addresses than the
    /// loopback address
    #[arg(long)]
    pub(super) open: bool,
    /// Configuration file [default: milepost.toml, if it exists]
    #[arg(long, value_name = "FILE", env = "MILEPOST_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct WorkerArgs {
    /// Database URL of the servers, such as postgres://user:password@host:5432/database
    #[arg(long, value_name = "URL")]
    pub(super) database: Option<String>,
    /// File that contains the database URL, including its password, as its only line; make it
    /// readable by its owner only
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    pub(super) database_file: Option<PathBuf>,
    /// Maximum number of tasks that run at once [default: 8]
    #[arg(long, value_name = "N")]
    pub(super) concurrency: Option<u32>,
    /// Folder of {subject}/research.md, and of the stories written [default: output]
    #[arg(long, value_name = "DIR")]
    pub(super) output_dir: Option<PathBuf>,
    /// Configuration file [default: milepost.toml, if it exists]
    #[arg(long, value_name = "FILE", env = "MILEPOST_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Check instead what the proxy at this URL passes on to the server that runs behind it
    #[arg(long, value_name = "URL")]
    pub(super) behind: Option<String>,
    /// Print one JSON document on one line
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub(super) struct JsonArgs {
    /// Print one JSON document on one line
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub(super) struct BackupArgs {
    /// File to write; it must not exist
    pub(super) file: PathBuf,
    /// Print one JSON document on one line
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}
