//! Where the framework does not escape, nothing stands that could need it.

use std::{fs, path::Path};

/// Elements whose children the framework writes as they are.
const RAW: [&str; 5] = ["textarea", "title", "noscript", "script", "style"];

/// The files that place HTML as it is, each for something that is escaped or was made as HTML: what is
/// new here needs an escape of its own.
const AS_IT_IS: [&str; 11] = [
    "app/src/islands/log.rs",
    "app/src/islands/platform/browser.rs",
    "app/src/islands/platform/server.rs",
    "app/src/islands/task_details.rs",
    "app/src/pages/admin.rs",
    "app/src/pages/admin/chart.rs",
    "app/src/pages/admin/tasks.rs",
    "app/src/pages/result.rs",
    "app/src/pages/start/field.rs",
    "app/src/shell.rs",
    "src/view/components/outcome.rs",
];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
            let code = code.filter(|line| !line.trim_start().starts_with("//"));
            found.push((path.display().to_string(), code.collect::<Vec<_>>().join("\n")));
        }
    }
}

/// The sources that make pages.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for folder in ["app/src", "src/view", "frontend/src"] {
        sources(&root.join(folder), &mut found);
    }
    assert!(found.len() > 30, "the sources are elsewhere");
    let root = format!("{}/", root.display());
    found.into_iter().map(|(file, text)| (file.replace(&root, ""), text)).collect()
}

/// The text after the start tag that begins a text, and that tag. Braces and quotes hold the values of
/// attributes.
fn after_tag(text: &str) -> Option<(&str, &str)> {
    let (mut braces, mut quoted, mut before) = (0_usize, false, ' ');
    for (at, c) in text.char_indices() {
        match c {
            '"' if before != '\\' => quoted = !quoted,
            _ if quoted => {}
            '{' | '(' | '[' => braces += 1,
            '}' | ')' | ']' => braces = braces.saturating_sub(1),
            '>' if braces == 0 && !"-=".contains(before) => {
                return Some((&text[..at], &text[at + 1..]));
            }
            _ => {}
        }
        before = c;
    }
    None
}

/// The children of each such element in a source.
fn children<'s>(source: &'s str, name: &str) -> Vec<&'s str> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let starts = source.match_indices(&open).filter_map(|(at, _)| {
        let rest = &source[at + open.len()..];
        let (tag, rest) = rest.starts_with([' ', '\n', '>']).then(|| after_tag(rest)).flatten()?;
        (!tag.ends_with('/')).then(|| rest.split(&close).next().unwrap_or(rest))
    });
    starts.collect()
}

/// What of some children is not in a tag: text, and what is put there.
fn direct(children: &str) -> String {
    let (mut rest, mut direct) = (children, String::new());
    while let Some(at) = rest.find('<') {
        direct.push_str(&rest[..at]);
        rest = after_tag(&rest[at..]).map_or("", |(_, rest)| rest);
    }
    direct + rest
}

#[test]
fn no_dynamic_child_stands_where_the_framework_does_not_escape() {
    let mut faults = Vec::new();
    for (file, source) in pages() {
        for name in RAW {
            for children in children(&source, name) {
                if direct(children).contains(['{', '}']) {
                    faults.push(format!("{file}: <{name}> {children}"));
                }
            }
        }
        if source.contains("<Title") && file != "app/src/pages.rs" && source.contains("formatter=")
        {
            faults.push(format!("{file}: a formatter of titles beside the one that escapes"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn html_is_placed_as_it_is_where_that_is_known() {
    let mut found: Vec<_> = pages()
        .into_iter()
        .filter(|(_, source)| source.contains("inner_html"))
        .map(|(file, _)| file)
        .collect();
    found.sort();
    assert_eq!(found, AS_IT_IS);
}

#[test]
fn the_scan_finds_what_it_looks_for() {
    let source =
        r#"view! { <textarea id=a on:input=move |e| { x > 1 } rows="2">{text}</textarea> }"#;
    assert_eq!(children(source, "textarea"), ["{text}"]);
    assert!(direct("\"a\" <a href=format!(\"{x}\")>\"b\"</a>").find('{').is_none());
    assert!(direct("<p>{x}</p>").contains('{'));
    assert!(children("<Title text=x />", "title").is_empty());
    assert!(children("<textarea inner_html=x></textarea>", "textarea") == [""]);
}
