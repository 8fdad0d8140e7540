//! Folders, processes and what they say.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Far longer than anything here takes; a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// So slow that no test sees its end.
pub(crate) const SLOW: (&str, &str) = ("MILEPOST_STORY_WORDS_PER_SECOND", "1");
/// As fast as it can.
pub(crate) const FAST: (&str, &str) = ("MILEPOST_STORY_WORDS_PER_SECOND", "0");

/// Number of the newest migration, and how many there are, as the messages say it: `1 migration`.
pub(crate) fn migrations() -> (usize, String) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/sqlite");
    let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let numbers: Vec<usize> = names
        .map(|name| name.to_str().unwrap().split('_').next().unwrap().parse().unwrap())
        .collect();
    let count = match numbers.len() {
        1 => "1 migration".to_owned(),
        many => format!("{many} migrations"),
    };
    (numbers.into_iter().max().unwrap(), count)
}

/// A folder with a server's data, removed at the end.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// One that has the research for a story about a lighthouse.
    pub(crate) fn with_research() -> Self {
        Self::new().and_research()
    }

    /// The same one, with that research.
    pub(crate) fn and_research(self) -> Self {
        let research = concat!(env!("CARGO_MANIFEST_DIR"), "/../output/lighthouse/research.md");
        self.write("output/lighthouse/research.md", &std::fs::read_to_string(research).unwrap());
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The binary in this folder, knowing nothing of the tester's own settings.
    pub(crate) fn milepost(&self, args: &[&str]) -> Command {
        self.wrapped(&[], args)
    }

    /// The binary as the last arguments of another command.
    pub(crate) fn wrapped(&self, wrapper: &[&str], args: &[&str]) -> Command {
        let binary = [env!("CARGO_BIN_EXE_milepost")];
        let line = [wrapper, &binary, args].concat();
        let mut command = Command::new(line[0]);
        let ours = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in ours.filter(|n| n.starts_with("MILEPOST_") || n.starts_with("LEPTOS_")) {
            command.env_remove(name);
        }
        command.args(&line[1..]).current_dir(self.folder.path()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Said {
        Said::of(self.milepost(args)).await
    }

    /// Starts a server on a free port and waits until it is ready.
    pub(crate) async fn serve(&self, args: &[&str], variables: &[(&str, &str)]) -> Server {
        let args: Vec<&str> =
            ["serve", "--addr", "127.0.0.1:0"].iter().chain(args).copied().collect();
        self.serve_by(self.milepost(&args), variables).await
    }

    /// Starts a server by this command and waits until it is ready.
    pub(crate) async fn serve_by(
        &self,
        mut command: Command,
        variables: &[(&str, &str)],
    ) -> Server {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.path("log"));
        command.envs(variables.iter().copied()).stderr(log.unwrap());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = timeout(PATIENCE, stdout.next_line()).await.unwrap().unwrap();
        let url = url.unwrap_or_else(|| panic!("the server did not start: {}", self.log()));
        Server { child, stdout, url }
    }

    /// What the servers here logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

/// A server that is ready.
pub(crate) struct Server {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
}

impl Server {
    /// Runs a client command against this server, to its end.
    pub(crate) async fn run(&self, place: &Place, args: &[&str]) -> Said {
        Said::of(self.client(place, args)).await
    }

    pub(crate) fn client(&self, place: &Place, args: &[&str]) -> Command {
        let mut command = place.milepost(args);
        command.env("MILEPOST_URL", &self.url);
        command
    }

    /// Sends TERM and waits for the end; tells what else was printed.
    pub(crate) async fn stop(mut self) -> (ExitStatus, Option<String>) {
        signal(&self.child, "TERM").await;
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        let more = timeout(PATIENCE, self.stdout.next_line()).await.unwrap().unwrap();
        (status, more)
    }

    pub(crate) const fn child(&mut self) -> &mut Child {
        &mut self.child
    }
}

/// What a finished command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) async fn of(mut command: Command) -> Self {
        let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
        let Output { status, stdout, stderr } = output;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The command failed with code 2 and one line that says why.
    pub(crate) fn is_refused_with(&self, part: &str) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(self.stderr.contains(part), "{part} is not in {self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
    }
}

/// A command that is still under way.
pub(crate) struct Running {
    child: Child,
    stderr: Lines<BufReader<tokio::process::ChildStderr>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, stderr }
    }

    /// Waits for a line on the standard error with this part.
    pub(crate) async fn until_it_says(&mut self, part: &str) {
        let mut seen = Vec::new();
        loop {
            let line = timeout(PATIENCE, self.stderr.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("{part} was not said, but {seen:?}"));
            let Some(line) = line.unwrap() else { panic!("{part} was not said, but {seen:?}") };
            if line.contains(part) {
                return;
            }
            seen.push(line);
        }
    }

    pub(crate) async fn signal(&self, name: &str) {
        signal(&self.child, name).await;
    }

    /// Waits for the end; standard output goes elsewhere.
    pub(crate) async fn code(mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap().code()
    }

    /// Waits for the end.
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        let mut stdout = String::new();
        let mut pipe = self.child.stdout.take().unwrap();
        timeout(PATIENCE, pipe.read_to_string(&mut stdout)).await.unwrap().unwrap();
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        (status.code(), stdout)
    }
}

/// Sends a signal as a shell does.
pub(crate) async fn signal(child: &Child, name: &str) {
    let pid = child.id().expect("it has not ended yet");
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().await;
    assert!(sent.unwrap().success());
}

/// A path as an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}
