//! Validated declaration of a command.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use milepost::engine::RunRate;

use super::{
    argv::Template,
    decode::Encoding,
    offer::Offer,
    params::{Param, ParamType},
    progress::Rules,
    stdin::Stdin,
    value::ParamValue,
};

/// A `[commands.<name>]` table.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Name of the kind.
    pub name: String,
    /// Title, with `{name}` for the value of a parameter; in the title of the kind `…` stands for it.
    pub title: String,
    /// Description for the start page, one sentence.
    pub description: String,
    /// Program and arguments, with placeholders for parameters.
    pub argv: Template,
    /// Parameters in the order of the file.
    pub params: Vec<Param>,
    /// Working directory; `None`: the run's own folder.
    pub folder: Option<PathBuf>,
    /// Variables of the server that are passed to the command.
    pub env: Vec<String>,
    /// Variables set for the command.
    pub set_env: BTreeMap<String, String>,
    /// Resource limits.
    pub limits: Limits,
    /// Exit codes that mean success.
    pub success: Vec<i32>,
    /// Names and weights of the stages; may be empty.
    pub stages: Vec<(String, f64)>,
    /// How progress is recognised in the output.
    pub progress: Rules,
    /// Patterns of the files in the run's folder that become results.
    pub results: Vec<String>,
    /// Whether the command gets a terminal.
    pub pty: bool,
    /// What it reads from its standard input; `None`: nothing.
    pub stdin: Option<Stdin>,
    /// Encoding of its output; `None`: UTF-8, or else a guess.
    pub encoding: Option<Encoding>,
    /// Whether the command may change its user, as `sudo` and other setuid programs do.
    pub new_privileges: bool,
    /// Whether the run's folder is preserved after the end.
    pub keep_folder: bool,
    /// Users (`ada`) and groups (`group:ops`) who see and may start it; empty: everybody.
    pub allow: Vec<String>,
    /// Hash of everything that determines what the command does; hexadecimal.
    pub fingerprint: String,
}

impl Definition {
    /// The variables of its processes, whatever it is started with.
    pub(crate) fn environment(&self, home: String) -> Vec<(String, String)> {
        let server = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
        let path =
            server("PATH").map_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned(), |p| p.1);
        let mut env = vec![
            ("PATH".to_owned(), path),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            // Many programs need one, and write into it.
            ("HOME".to_owned(), home),
        ];
        env.extend(self.env.iter().filter_map(|name| server(name)));
        env.extend(self.set_env.clone());
        env
    }

    /// The parameters whose choices a program prints, each with its value of `values`.
    pub(crate) fn offered<'a>(
        &'a self,
        values: &'a [ParamValue],
    ) -> impl Iterator<Item = (&'a Param, &'a Offer, &'a str)> {
        self.params.iter().zip(values).filter_map(|(param, value)| {
            match (&param.param_type, value) {
                (ParamType::Offered(offer), ParamValue::Text(text)) => {
                    Some((param, offer, text.as_str()))
                }
                _ => None,
            }
        })
    }
}

/// Limits of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time limit; a run that exceeds it is stopped. Default: 1 hour.
    pub timeout: Duration,
    /// Time between SIGTERM and SIGKILL. Default: 5 s.
    pub grace: Duration,
    /// Retention of a task and its result after its end; zero: no limit. Default: that of all kinds.
    pub keep: Option<Duration>,
    /// Maximum number of concurrent runs per server process. Default: 2.
    pub concurrency: u32,
    /// Maximum number of concurrent runs in all processes of a database. Default: no limit.
    pub global_concurrency: Option<u32>,
    /// Maximum rate of runs in all processes of a database. Default: no limit.
    pub at_most: Option<RunRate>,
    /// The same for each owner. Default: no limit.
    pub at_most_per_owner: Option<RunRate>,
    /// Maximum number of attempts, including those after crashes. Default: 1, because repeating a
    /// command may be harmful.
    pub max_attempts: u32,
    /// Bytes of output to store, half of them from its beginning. Default: 256 KiB.
    pub output_bytes: usize,
    /// Address space of each process in bytes. Default: unlimited.
    pub memory_bytes: Option<u64>,
    /// Total memory of all processes in bytes. Default: unlimited.
    pub total_memory_bytes: Option<u64>,
    /// CPU time of each process in seconds. Default: unlimited.
    pub cpu_s: Option<u64>,
    /// Size of each written file in bytes. Default: unlimited.
    pub file_bytes: Option<u64>,
    /// Maximum number of concurrent processes. Default: 256.
    pub processes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3600),
            grace: Duration::from_secs(5),
            keep: None,
            concurrency: 2,
            global_concurrency: None,
            at_most: None,
            at_most_per_owner: None,
            max_attempts: 1,
            output_bytes: 256 << 10,
            memory_bytes: None,
            total_memory_bytes: None,
            cpu_s: None,
            file_bytes: None,
            processes: 256,
        }
    }
}
