//! The last means: processes of a run whose guard was killed, found by their environment.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process};

/// How often it is looked for more. What forks faster than this is not ended.
const ROUNDS: usize = 50;

/// Ends every process whose `MILEPOST_RUN_DIR` is this folder. Tells how many it found.
pub(crate) fn end_all_of(folder: &Path) -> usize {
    let mark = format!("MILEPOST_RUN_DIR={}", folder.display());
    let mut ended = 0;
    for _ in 0..ROUNDS {
        let found = find(mark.as_bytes());
        if found.is_empty() {
            break;
        }
        for signal in [Signal::STOP, Signal::KILL] {
            for process in &found {
                let _ = kill_process(*process, signal);
            }
        }
        ended += found.len();
    }
    ended
}

fn find(mark: &[u8]) -> Vec<Pid> {
    let me = rustix::process::getpid();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(Pid::from_raw).filter(|id| *id != me && has(*id, mark)).collect()
}

/// A process that has ended has no environment any more.
fn has(process: Pid, mark: &[u8]) -> bool {
    let environment = fs::read(format!("/proc/{}/environ", process.as_raw_pid()));
    environment.is_ok_and(|all| all.split(|byte| *byte == 0).any(|variable| variable == mark))
}
