//! `milepost progress-test`, and the helpers of docs/commands.md in their languages.

use std::{path::Path, process::Stdio};

use tokio::{io::AsyncWriteExt, process::Command};

use crate::fixture::{Place, Said, arg};

/// What the command says of a log.
async fn test(place: &Place, args: &[&str], log: &[u8]) -> Said {
    let mut command = place.milepost(&[&["progress-test"], args].concat());
    command.stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let log = log.to_owned();
    // It may end before it has read everything.
    let writing = tokio::spawn(async move { stdin.write_all(&log).await });
    let output = child.wait_with_output().await.unwrap();
    let _ = writing.await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn fixture(name: &str) -> Vec<u8> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tasks/command/tests/fixtures/progress");
    std::fs::read(folder.join(name)).unwrap()
}

#[tokio::test]
async fn what_a_preset_sees_in_a_log_is_told_line_by_line() {
    let place = Place::new();
    let printed = test(&place, &["rsync"], &fixture("rsync.txt")).await;
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""), "{printed:?}");
    assert!(
        printed.stdout.contains("  50.0%        2,100,000  50%    3.05MB/s"),
        "{}",
        printed.stdout
    );
    let last = printed.stdout.lines().last().unwrap();
    assert_eq!(last, "9 pieces, 8 that say something; 1 line for the log; last progress: 100.0 %");
    let printed = test(&place, &["git"], &fixture("git-clone.txt")).await;
    assert!(printed.stdout.contains("> stage 3 Receiving objects"), "{}", printed.stdout);
    let printed = test(&place, &["dd", "--total", "1572864000"], &fixture("dd.txt")).await;
    assert!(printed.stdout.contains("  67.9%  1068498944 bytes"), "{}", printed.stdout);
    let printed = test(&place, &["pv", "--stream", "stdout"], &fixture("pv-n.txt")).await;
    assert_eq!(printed.code, Some(1), "pv speaks on the standard error: {printed:?}");
}

#[tokio::test]
async fn own_rules_are_tested_from_a_file() {
    let place = Place::new();
    let rules = place.write("rules.toml", "[progress]\ncount = '(?<done>\\d+) of (?<total>\\d+)'");
    let printed = test(&place, &["--rules", arg(&rules)], b"1 of 4\nx\x1b]0;title\x07\n").await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert!(printed.stdout.starts_with("  25.0%  1 of 4\n"), "{}", printed.stdout);
    assert!(!printed.stdout.contains('\u{1b}'), "nothing that a terminal obeys");
    let printed = test(&place, &["--rules", arg(&rules)], b"nothing\n").await;
    assert_eq!(printed.code, Some(1), "{printed:?}");
}

#[tokio::test]
async fn what_is_wrong_is_told_in_one_line() {
    let place = Place::new();
    test(&place, &["rsnyc"], b"").await.is_refused_with("there is no preset `rsnyc`; there are: ");
    test(&place, &["dd", "--total=-1"], b"").await.is_refused_with("--total is -1");
    test(&place, &["--rules", "none.toml"], b"").await.is_refused_with("none.toml: ");
    let rules = place.write("rules.toml", "[progress]\npercent = '('\n");
    let printed = test(&place, &["--rules", arg(&rules)], b"").await;
    assert_eq!(printed.code, Some(2), "{printed:?}");
    assert!(printed.stderr.contains("rules.toml:2: `progress.percent`: invalid"), "{printed:?}");
    assert_eq!(printed.stderr.lines().count(), 1, "{printed:?}");
    let empty = place.write("empty.toml", "");
    test(&place, &["--rules", arg(&empty)], b"").await.is_refused_with("has no `progress = ...`");
    let printed = test(&place, &[], b"").await;
    assert!(printed.stdout.contains("rsync    rsync --info=progress2"), "{printed:?}");
}

/// The fenced piece of docs/commands.md that comes after this heading.
fn helper(language: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/commands.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let fence = format!("```{language}\n");
    let begin = docs.find(&fence).expect("the helper is documented") + fence.len();
    let end = begin + docs[begin..].find("```").expect("it ends");
    docs[begin..end].to_owned()
}

/// Runs a helper of the documentation with the channel on descriptor 3 (and without one), and gives
/// what came on it. `None` where the interpreter is not there.
async fn speak(interpreter: &str, option: &str, script: &str) -> Option<String> {
    if Command::new(interpreter).arg("--version").output().await.is_err() {
        return None;
    }
    let place = Place::new();
    let channel = place.path("channel");
    let with = format!("exec 3>'{}'; MILEPOST_PROGRESS_FD=3 exec \"$@\"", arg(&channel));
    let run = |shell: String| {
        let mut command = Command::new("sh");
        command.args(["-c", &shell, "sh", interpreter, option, script]);
        command.env_remove("MILEPOST_PROGRESS_FD").stdin(Stdio::null());
        async move { command.output().await.unwrap() }
    };
    let output = run(with).await;
    assert!(output.status.success(), "{interpreter}: {output:?}");
    let without = run("exec \"$@\"".to_owned()).await;
    assert!(without.status.success(), "without a channel nothing is said: {without:?}");
    Some(std::fs::read_to_string(channel).unwrap())
}

/// The helpers of the documentation say what the reader understands.
async fn is_understood(interpreter: &str, option: &str, language: &str) {
    let Some(printed) = speak(interpreter, option, &helper(language)).await else { return };
    let place = Place::new();
    let test = test(&place, &["git", "--stream", "channel"], printed.as_bytes()).await;
    assert_eq!(test.code, Some(0), "{printed}: {test:?}");
    assert!(test.stdout.contains("  30.0%  "), "{printed}: {test:?}");
    assert!(test.stdout.contains("> message \"3 of 10\""), "{printed}: {test:?}");
}

#[tokio::test]
async fn the_helper_for_sh_is_understood() {
    is_understood("sh", "-c", "sh").await;
}

#[tokio::test]
async fn the_helper_for_python_is_understood() {
    is_understood("python3", "-c", "python").await;
}

#[tokio::test]
async fn the_helper_for_node_is_understood() {
    is_understood("node", "-e", "js").await;
}

/// What a program that is installed here prints right now is seen, too; one that is not proves nothing.
#[tokio::test]
async fn the_programs_of_this_machine_are_understood() {
    let place = Place::new();
    let data = place.write("from/data", &"0123456789abcde\n".repeat(1 << 17));
    let (from, to) = (place.path("from"), place.path("to"));
    let archive = place.path("data.tar");
    let calls: [(&str, &[&str], &[&str]); 3] = [
        ("pv", &["-n", arg(&data)], &["pv"]),
        (
            "tar",
            &["--checkpoint=50", "-cf", arg(&archive), arg(&data)],
            &["tar", "--total", "2106880"],
        ),
        ("rsync", &["-r", "--info=progress2", arg(&from), arg(&to)], &["rsync"]),
    ];
    for (program, call, preset) in calls {
        let Ok(output) = Command::new(program).args(call).env("LC_ALL", "C").output().await else {
            continue;
        };
        assert!(output.status.success(), "{program}: {output:?}");
        let printed = if program == "rsync" { output.stdout } else { output.stderr };
        let test = test(&place, preset, &printed).await;
        assert_eq!(test.code, Some(0), "{program}: {test:?}");
        let last = test.stdout.lines().last().unwrap_or_default();
        let (_, percent) = last.rsplit_once("last progress: ").expect("a sum");
        let percent: f64 = percent.trim_end_matches(" %").parse().expect("a number");
        assert!(percent > 90.0, "{program}: {test:?}");
    }
}
