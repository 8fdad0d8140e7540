//! Imports point down: each layer of the house knows only those below it.

use std::{fs, path::Path};

/// A folder of sources and the paths of our own that it must not name.
const RULES: &[(&str, &[&str])] = &[
    ("src/task", &["crate::poll", "crate::view", "crate::engine", "crate::http", "leptos", "axum"]),
    ("src/html", &["crate::", "leptos", "axum", "tokio"]),
    ("src/poll", &["crate::view", "crate::engine", "crate::http", "leptos", "axum", "tokio"]),
    ("src/view", &["crate::engine", "crate::http", "axum", "tokio"]),
    ("src/engine", &["crate::poll", "crate::view", "crate::http", "leptos", "axum"]),
    ("src/http", &["crate::poll", "crate::view", "leptos"]),
    ("app/src", &["sqlx", "milepost::engine::store"]),
    ("frontend/src", &["milepost::", "axum", "tokio"]),
];

/// The one file of a layer that knows what serves it: the server functions' own side of the server.
const DOORS: &[&str] = &["src/view/server_fns/server.rs"];

/// Words that only the crates in `tasks` and the simple calls may know.
const KINDS: &[&str] = &["\"story\"", "\"dataset\""];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "tests") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a readable source");
            found.push((path.display().to_string(), text));
        }
    }
}

/// The sources of a module: its file and its folder.
fn module(name: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let file = root.join(format!("{name}.rs"));
    if file.is_file() {
        let text = fs::read_to_string(&file).expect("a readable source");
        found.push((file.display().to_string(), text));
    }
    if root.join(name).is_dir() {
        sources(&root.join(name), &mut found);
    }
    assert!(!found.is_empty(), "no sources at {name}: the rules are out of date");
    found
}

/// Lines of code, without comments and test modules.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .filter(|line| !line.trim_start().starts_with("//"))
}

fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let path_like = path.ends_with(':') || matches!(after, Some(':' | ';' | '{'));
        !word(before) && path_like
    })
}

#[test]
fn imports_point_down() {
    let mut faults = Vec::new();
    for (folder, forbidden) in RULES {
        let inside = |(file, _): &(String, _)| !DOORS.iter().any(|door| file.ends_with(door));
        for (file, text) in module(folder).into_iter().filter(inside) {
            for line in code(&text) {
                for path in forbidden.iter().filter(|path| names(line, path)) {
                    faults.push(format!("{file}: {path} in `{}`", line.trim()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn kinds_of_task_are_known_only_where_they_are_made() {
    let mut faults = Vec::new();
    for folder in ["src/task", "src/poll", "src/view", "src/engine", "app/src", "frontend/src"] {
        for (file, text) in module(folder) {
            for line in code(&text) {
                if KINDS.iter().any(|kind| line.contains(kind)) {
                    faults.push(format!("{file}: `{}`", line.trim()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn features_are_asked_for_on_modules_only() {
    let mut faults = Vec::new();
    for folder in ["src", "app/src", "frontend/src"] {
        for (file, text) in module(folder) {
            let lines: Vec<_> = code(&text).collect();
            for pair in lines.windows(2) {
                let asks = pair[0].trim().starts_with("#[cfg(") && pair[0].contains("feature");
                let item = pair[1].trim();
                let bare = item.trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
                let bare = bare.trim_start_matches("pub ");
                let fine = ["mod ", "use ", "#["].iter().any(|start| bare.starts_with(start));
                if asks && !fine {
                    faults.push(format!("{file}: {} before `{item}`", pair[0].trim()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
