//! All processes that come from this one, whatever sessions and groups they are in.

use std::{fs, path::Path};

/// The process ids of everything below `root`, parents before their children.
pub(super) fn of(root: i32) -> Vec<i32> {
    if Path::new("/proc/self/task").exists()
        && fs::exists(format!("/proc/{root}/task/{root}/children")).unwrap_or(false)
    {
        by_children(root)
    } else {
        by_parents(root)
    }
}

/// Where the kernel lists children: costs as much as there are.
fn by_children(root: i32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            for child in children.split_ascii_whitespace().filter_map(|id| id.parse().ok()) {
                if !found.contains(&child) {
                    found.push(child);
                    next.push(child);
                }
            }
        }
    }
    found
}

/// Where it does not: every process of the machine is looked at.
fn by_parents(root: i32) -> Vec<i32> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let pairs: Vec<(i32, i32)> = ids.filter_map(|id| Some((id, parent(id)?))).collect();
    let mut found = vec![root];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        found.extend(pairs.iter().filter(|(_, p)| *p == parent).map(|(id, _)| *id));
        at += 1;
    }
    found.remove(0);
    found
}

fn parent(id: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in brackets, may hold anything; what follows its last bracket does not.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn both_ways_find_a_grandchild() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 1000 & echo $!; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = shell.stdout.as_mut().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        let (child, grandchild) =
            (i32::try_from(shell.id()).unwrap(), line.trim().parse().unwrap());
        let me = i32::try_from(std::process::id()).unwrap();
        for found in [of(me), by_parents(me)] {
            assert!(found.contains(&child) && found.contains(&grandchild), "{found:?}");
        }
        assert_eq!(by_parents(child), [grandchild]);
        Command::new("kill").arg(grandchild.to_string()).status().unwrap();
        shell.wait().unwrap();
    }
}
