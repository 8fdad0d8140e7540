//! Choices that a program of the operator prints, one a line: `choices_from`.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

/// Time limit of the program.
const LIMIT: Duration = Duration::from_secs(2);
/// How long its choices, or its failure, are taken as they were.
const FRESH: Duration = Duration::from_secs(5);
/// Bytes of its output that are read, and the most choices.
const MAX_BYTES: u64 = 64 << 10;
const MAX_CHOICES: usize = 1_000;
/// Maximum length of a choice in characters; longer lines are none.
pub(crate) const MAX_CHOICE: usize = 1_000;
/// Choices that a refusal names.
const SHOWN: usize = 20;

/// The program whose lines are the choices. It gets no input of anybody.
#[derive(Clone, Debug)]
pub struct Offer {
    argv: Vec<String>,
    folder: Option<PathBuf>,
    recent: Arc<Mutex<Option<(Instant, Choices)>>>,
}

/// The choices, or why there are none.
type Choices = Result<Arc<Vec<String>>, Arc<str>>;

impl Offer {
    /// The first element of `argv` is the program; it runs in `folder`, by default in `/`.
    pub fn new(argv: Vec<String>, folder: Option<PathBuf>) -> Self {
        Self { argv, folder, recent: Arc::default() }
    }

    /// The choices as they are now, at most 5 s old; `env` are the variables of the command.
    ///
    /// # Errors
    /// Why the program did not print any within 2 s.
    pub(crate) async fn choices(&self, env: &[(String, String)]) -> Choices {
        // Who comes meanwhile waits for the same run.
        let mut recent = self.recent.lock().await;
        if let Some((at, choices)) = &*recent
            && at.elapsed() < FRESH
        {
            return choices.clone();
        }
        let printed = self.print(env).await;
        let choices = printed.map(|text| Arc::new(lines(&text))).map_err(Arc::from);
        *recent = Some((Instant::now(), choices.clone()));
        choices
    }

    /// Checks a value of a start.
    ///
    /// # Errors
    /// What would be valid.
    pub(crate) async fn check(&self, value: &str, env: &[(String, String)]) -> Result<(), String> {
        let choices = self.choices(env).await;
        let choices =
            choices.map_err(|reason| format!("its choices cannot be read now: {reason}"))?;
        if choices.iter().any(|choice| choice == value) {
            return Ok(());
        }
        let shown: Vec<_> = choices.iter().take(SHOWN).map(String::as_str).collect();
        let more = choices.len().saturating_sub(SHOWN);
        Err(match (shown.is_empty(), more) {
            (true, _) => "there is nothing to choose from now".to_owned(),
            (false, 0) => format!("must be one of: {}", shown.join(", ")),
            (false, more) => format!("must be one of: {}, and {more} more", shown.join(", ")),
        })
    }

    #[cfg(target_os = "linux")]
    async fn print(&self, env: &[(String, String)]) -> Result<String, String> {
        use std::process::Stdio;

        let (program, arguments) = self.argv.split_first().ok_or("there is no program")?;
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).env_clear().envs(env.iter().cloned());
        command.current_dir(self.folder.as_deref().unwrap_or(std::path::Path::new("/")));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).spawn();
        let child = child.map_err(|error| format!("{program} cannot be started: {error}"))?;
        let mut run = Run(child);
        match tokio::time::timeout(LIMIT, run.output()).await {
            Ok(Ok((text, _, status))) if status.success() => Ok(text),
            Ok(Ok((_, complaint, status))) => {
                let last = complaint.trim().lines().last().unwrap_or_default();
                Err(format!("{program} ended with {status}: {last}"))
            }
            Ok(Err(error)) => Err(format!("{program}: {error}")),
            Err(_) => Err(format!("{program} takes longer than {} s", LIMIT.as_secs())),
        }
    }

    /// Commands run on Linux only.
    #[cfg(not(target_os = "linux"))]
    async fn print(&self, _: &[(String, String)]) -> Result<String, String> {
        Err("commands run on Linux only".to_owned())
    }
}

/// A run of the program, which is killed with all that it started when this is dropped.
#[cfg(target_os = "linux")]
struct Run(tokio::process::Child);

#[cfg(target_os = "linux")]
impl Run {
    /// Its output, its complaints and its end.
    async fn output(&mut self) -> std::io::Result<(String, String, std::process::ExitStatus)> {
        let (out, err) = (self.0.stdout.take(), self.0.stderr.take());
        let (out, err) = tokio::join!(beginning(out), beginning(err));
        Ok((out?, err?, self.0.wait().await?))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Run {
    fn drop(&mut self) {
        // Without an id it was waited for, and the id may be another process's.
        let id = self.0.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(rustix::process::Pid::from_raw) {
            // Fails only if it is gone.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// The first bytes as text; the rest is read and dropped, so that the program can end.
#[cfg(target_os = "linux")]
async fn beginning(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> std::io::Result<String> {
    use tokio::io::AsyncReadExt as _;

    let Some(mut stream) = stream else { return Ok(String::new()) };
    let mut bytes = Vec::new();
    (&mut stream).take(MAX_BYTES).read_to_end(&mut bytes).await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Lines with a text, without white space around it and without the `* ` by which `git branch` marks
/// the current one. Each is there once.
fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let lines = lines.map(|line| line.strip_prefix("* ").unwrap_or(line).trim());
    let fits = |line: &&str| {
        !line.is_empty()
            && line.chars().count() <= MAX_CHOICE
            && !line.chars().any(|c| c.is_control() || c == '\u{fffd}')
    };
    let mut seen = HashSet::new();
    let lines = lines.filter(fits).filter(|line| seen.insert(*line));
    lines.take(MAX_CHOICES).map(str::to_owned).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn sh(script: &str) -> Offer {
        Offer::new(["sh", "-c", script].map(str::to_owned).to_vec(), None)
    }

    fn env() -> Vec<(String, String)> {
        vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned()), ("WORD".to_owned(), "w".to_owned())]
    }

    #[test]
    fn a_choice_is_a_line() {
        let text = "* main\n  next\r\n\n\tnext \na\u{7}b\n日本\n\u{fffd}\nlast";
        assert_eq!(lines(text), ["main", "next", "日本", "last"]);
        assert_eq!(lines(&"x".repeat(1_001)), [""; 0]);
        assert_eq!(lines(&(0..2_000).map(|n| format!("{n}\n")).collect::<String>()).len(), 1_000);
    }

    #[tokio::test]
    async fn a_value_is_checked_against_what_the_program_prints() {
        let offer = sh("printf 'one\\n%s\\n' \"$WORD\"; pwd");
        assert_eq!(*offer.choices(&env()).await.unwrap(), ["one", "w", "/"]);
        assert_eq!(offer.check("w", &env()).await, Ok(()));
        let refused = offer.check("two", &env()).await.unwrap_err();
        assert_eq!(refused, "must be one of: one, w, /");
        let refused = sh("seq 25").check("x", &env()).await.unwrap_err();
        assert!(refused.ends_with("19, 20, and 5 more"), "{refused}");
        let refused = sh("true").check("x", &env()).await.unwrap_err();
        assert_eq!(refused, "there is nothing to choose from now");
    }

    #[tokio::test]
    async fn it_runs_once_for_all_who_ask_within_five_seconds() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let offer = sh(&format!("echo x >>{0}; wc -l <{0}", runs.display()));
        let env = env();
        let (one, other) = tokio::join!(offer.choices(&env), offer.choices(&env));
        assert_eq!(
            (&**one.unwrap(), &**other.unwrap()),
            (&["1".to_owned()][..], &["1".to_owned()][..])
        );
    }

    #[tokio::test]
    async fn a_failure_says_why() {
        for (offer, words) in [
            (
                sh("echo out; echo no such branch >&2; exit 3"),
                "sh ended with exit status: 3: no such branch",
            ),
            (
                Offer::new(vec!["/no/such".to_owned()], None),
                "/no/such cannot be started: No such file",
            ),
            (
                Offer::new(vec!["true".to_owned()], Some("/no/such".into())),
                "true cannot be started",
            ),
        ] {
            let refused = offer.check("x", &env()).await.unwrap_err();
            assert!(refused.contains("its choices cannot be read now: "), "{refused}");
            assert!(refused.contains(words), "{refused}");
        }
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_killed_with_all_that_it_started() {
        let refused = sh("sleep 1000 & sleep 1000").choices(&env()).await.unwrap_err();
        assert_eq!(&*refused, "sh takes longer than 2 s");
    }

    #[tokio::test]
    async fn more_than_is_read_does_no_harm() {
        assert_eq!(sh("yes | head -c 1000000").choices(&env()).await.unwrap().len(), 1);
    }
}
