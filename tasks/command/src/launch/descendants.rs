//! Finds all descendants of a process, in any session and group.

use std::fs;

use super::stat;

/// Process ids of all descendants of `root`, parents before their children.
pub(super) fn of(root: i32) -> Vec<i32> {
    if lists_children(root) { by_children(root) } else { by_parents(root) }
}

/// Children of a process, including zombies.
pub(super) fn children(parent: i32) -> Vec<i32> {
    if !lists_children(parent) {
        return by_parents(parent)
            .into_iter()
            .filter(|id| stat::parent(*id) == Some(parent))
            .collect();
    }
    let mut found = Vec::new();
    for thread in fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten() {
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        found.extend(children.split_ascii_whitespace().filter_map(|id| id.parse::<i32>().ok()));
    }
    found
}

/// Whether the kernel lists children.
fn lists_children(of: i32) -> bool {
    fs::exists(format!("/proc/{of}/task/{of}/children")).unwrap_or(false)
}

/// Cost: proportional to the number of descendants.
fn by_children(root: i32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        for child in children(parent) {
            if !found.contains(&child) {
                found.push(child);
                next.push(child);
            }
        }
    }
    found
}

/// Cost: reads every process of the machine.
fn by_parents(root: i32) -> Vec<i32> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let pairs: Vec<(i32, i32)> = ids.filter_map(|id| Some((id, stat::parent(id)?))).collect();
    let mut found = vec![root];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        found.extend(pairs.iter().filter(|(_, p)| *p == parent).map(|(id, _)| *id));
        at += 1;
    }
    found.remove(0);
    found
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
