//! Tests of precedence, and of the messages about mistakes.

use super::*;

#[path = "layers_tests/kinds.rs"]
mod kinds;

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn with_file(text: &str, pairs: &[(&str, &str)], flags: &Flags) -> Result<Configuration, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("milepost.toml");
    std::fs::write(&path, text).unwrap();
    Configuration::load(Some(&path), flags, variables(pairs))
        .map_err(|error| error.to_string().replace(&*path.to_string_lossy(), "milepost.toml"))
}

fn fault(text: &str, pairs: &[(&str, &str)]) -> String {
    with_file(text, pairs, &Flags::default()).unwrap_err()
}

fn values(settings: &Settings) -> serde_json::Value {
    serde_json::to_value(settings).unwrap()
}

#[test]
fn without_anything_the_defaults_are_in_force() {
    let configuration = with_file("", &[], &Flags::default()).unwrap();
    assert_eq!(values(&configuration.settings), values(&Settings::default()));
    assert_eq!(configuration.source("http.addr"), Source::Default);
}

#[test]
fn the_stronger_source_wins() {
    let file = "[http]\naddr = '127.0.0.1:1'\nmax_body_bytes = 5000\n[engine]\nconcurrency = 2\n";
    let pairs = [
        ("LEPTOS_SITE_ADDR", "127.0.0.1:9"),
        ("LEPTOS_SITE_ROOT", "site"),
        ("MILEPOST_HTTP_ADDR", "127.0.0.1:2"),
        ("MILEPOST_ENGINE_CONCURRENCY", "3"),
        ("MILEPOST_ENGINE_WORKER", "true"),
        ("MILEPOST_STORAGE_DATABASE", "sqlite:///x"),
    ];
    let flags = Flags { addr: Some("127.0.0.1:3".to_owned()), no_worker: true, ..Flags::default() };
    let configuration = with_file(file, &pairs, &flags).unwrap();
    let Settings { http, engine, storage, .. } = &configuration.settings;
    assert_eq!(http.addr.port(), 3);
    assert_eq!(http.max_body_bytes, 5000);
    assert_eq!(http.site_dir, Some(PathBuf::from("site")));
    assert_eq!((engine.concurrency, engine.worker), (3, false));
    assert_eq!(storage.database, Some("sqlite:///x".into()));
    assert_eq!(configuration.source("http.addr"), Source::Flag);
    assert_eq!(configuration.source("engine.worker"), Source::Flag);
    assert_eq!(configuration.source("engine.concurrency"), Source::Variable);
    assert_eq!(configuration.source("http.site_dir"), Source::CargoLeptos);
    assert!(matches!(configuration.source("http.max_body_bytes"), Source::File(_)));
}

#[test]
fn a_list_in_a_variable_is_separated_by_commas() {
    let pairs = [("MILEPOST_HTTP_PUBLIC_ORIGINS", "https://a.example, http://b.example:81,")];
    let configuration = with_file("", &pairs, &Flags::default()).unwrap();
    assert_eq!(
        configuration.settings.http.public_origins,
        ["https://a.example", "http://b.example:81"]
    );
}

#[test]
fn how_much_a_page_shows_is_set_within_limits() {
    let pairs = [("MILEPOST_VIEWERS_MAX_DEPTH", "8"), ("MILEPOST_VIEWERS_TIMEOUT_S", "3")];
    let file = "[viewers]\nmax_html_bytes = 20000\nmax_concurrent = 1\n";
    let limits = with_file(file, &pairs, &Flags::default()).unwrap().settings.viewers.limits();
    assert_eq!((limits.html.max_bytes, limits.html.max_depth), (20_000, 8));
    assert_eq!((limits.max_concurrent, limits.timeout.as_secs()), (1, 3));
    for (key, message) in [
        ("max_html_bytes = 100", "16384 to 67108864"),
        ("max_depth = 0", "4 to 256"),
        ("max_concurrent = 0", "1 to 64"),
        ("timeout_s = 0", "1 to 600"),
    ] {
        let fault = fault(&format!("[viewers]\n{key}\n"), &[]);
        assert!(fault.contains(message), "{key}: {fault}");
    }
}

#[test]
fn unknown_keys_are_told_with_their_file_and_what_would_be_right() {
    let message = fault("[http]\nadr = 'x'\n[storag]\na = 1\n", &[]);
    assert!(
        message.contains("milepost.toml:2: `http.adr`: unknown; known keys here: addr,"),
        "{message}"
    );
    assert!(
        message.contains(
            "milepost.toml:3: `storag`: unknown; known sections here: auth, dataset, engine"
        ),
        "{message}"
    );
}

#[test]
fn an_unknown_variable_of_a_section_is_refused_others_are_remarked() {
    let message = fault("", &[("MILEPOST_HTTP_ADR", "x")]);
    assert!(message.contains("MILEPOST_HTTP_ADR: unknown"), "{message}");
    assert!(message.contains("MILEPOST_HTTP_ADDR"), "{message}");
    let pairs = [
        ("MILEPOST_ADDR", "x"),
        ("MILEPOST_URL", "x"),
        ("MILEPOST_TOKEN", "x"),
        ("MILEPOST_SERVICE_HOST", "x"),
        ("MILEPOST_PORT_80_TCP", "x"),
    ];
    let configuration = with_file("", &pairs, &Flags::default()).unwrap();
    assert_eq!(configuration.remarks.len(), 1);
    assert!(configuration.remarks[0].contains("MILEPOST_ADDR"));
}

#[test]
fn values_of_a_wrong_type_are_told_with_their_source() {
    let message = fault("[engine]\nconcurrency = 'many'\n", &[]);
    assert!(message.contains("milepost.toml:2: `engine.concurrency`: "), "{message}");
    let message = fault("", &[("MILEPOST_HTTP_ADDR", "localhost")]);
    assert!(message.contains("MILEPOST_HTTP_ADDR: "), "{message}");
    let message = fault("[engine]\nconcurrency = -1\n", &[]);
    assert!(message.contains("engine.concurrency"), "{message}");
    let message = fault("\n[http\n", &[]);
    assert!(message.contains("milepost.toml:2: "), "{message}");
}

#[test]
fn values_that_make_no_sense_are_told_with_what_would_be_right() {
    let message = fault("[engine]\nheartbeat_s = 20\nconcurrency = 0\n", &[]);
    assert!(
        message.contains(
            "milepost.toml:2: `engine.heartbeat_s`: must be at least 1 and at most a thi"
        ),
        "{message}"
    );
    assert!(message.contains("`engine.concurrency`: must be at least 1"), "{message}");
    let message = fault("[engine]\nheartbeat_s = 9223372036854775807\n", &[]);
    assert!(message.contains("`engine.heartbeat_s`: must be at least 1"), "{message}");
    let message = fault("[engine]\nlist_rows = 300\nmax_watched = 0\n", &[]);
    assert!(
        message.contains("`engine.list_rows`: must be at least 1 and at most engine.max"),
        "{message}"
    );
    assert!(message.contains("`engine.max_watched`: must be at least 1"), "{message}");
    let message = fault("[story]\nmax_name_chars = 101\n[dataset]\nmax_name_chars = 0\n", &[]);
    assert!(message.contains("`story.max_name_chars`: must be 1 to 100"), "{message}");
    assert!(message.contains("`dataset.max_name_chars`: must be 1 to 100"), "{message}");
    let message = fault("[storage]\ndatabase = 'mysql://x'\n", &[]);
    assert!(message.contains("sqlite:///") && message.contains("postgres://"), "{message}");
    let message = fault("[http]\npublic_origins = ['https://a.example/path']\n", &[]);
    assert!(message.contains("http.public_origins"), "{message}");
    let message = fault("", &[("MILEPOST_LOG_FILTER", "a=b=c")]);
    assert!(message.contains("MILEPOST_LOG_FILTER"), "{message}");
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let missing = Path::new("/nonexistent/milepost.toml");
    let error = Configuration::load(Some(missing), &Flags::default(), []).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/milepost.toml: cannot be read"), "{error}");
}

#[test]
fn what_is_printed_can_be_read_again() {
    let flags = Flags { addr: Some("127.0.0.1:7".to_owned()), ..Flags::default() };
    let configuration = with_file("", &[], &flags).unwrap();
    let printed = super::super::print(&configuration);
    assert!(
        printed.contains("addr = \"127.0.0.1:7\" # MILEPOST_HTTP_ADDR; command line"),
        "{printed}"
    );
    assert!(
        printed.contains("# database is not set # MILEPOST_STORAGE_DATABASE; default"),
        "{printed}"
    );
    let repeated = with_file(&printed, &[], &Flags::default()).unwrap();
    assert_eq!(values(&repeated.settings), values(&configuration.settings));
}

#[test]
fn a_default_that_the_file_makes_wrong_is_told_at_its_table() {
    let message = fault("\n[engine]\nlease_s = 3\n", &[]);
    assert!(
        message.contains("milepost.toml:2: `engine.heartbeat_s` (not set here): must be"),
        "{message}"
    );
}

proptest::proptest! {
    /// Replaces lines of a complete file; each fault must be one line and name its position.
    #[test]
    fn whatever_stands_in_a_file_each_fault_is_one_line_and_has_a_place(
        changes in proptest::collection::vec((0_usize..400, "[-a-z_.0-9 =\\[\\]{}'\",#\u{1b}\n]{0,24}", 0_usize..400), 0..4),
    ) {
        let whole = super::super::print(&Configuration::of(None, &Flags::default(), []).unwrap());
        let example = include_str!("../../../examples/milepost.toml");
        let mut lines: Vec<_> = whole.lines().chain(example.lines()).map(str::to_owned).collect();
        for (at, new, from) in &changes {
            let (at, from) = (at % lines.len(), from % lines.len());
            let (key, _) = lines[from].split_once('=').unwrap_or_default();
            lines[at] = if new.starts_with('=') { format!("{key}{new}") } else { new.clone() };
        }
        let text = lines.join("\n");
        let path = Path::new("/etc/milepost.toml");
        if let Err(error) = Configuration::of(Some((&text, path)), &Flags::default(), []) {
            for message in error.to_string().lines() {
                let position = message.strip_prefix("configuration: /etc/milepost.toml:");
                let what = position.and_then(|rest| rest.split_once(": "));
                let placed = what.is_some_and(|(line, what)| line.parse::<usize>().is_ok() && !what.is_empty());
                proptest::prop_assert!(placed, "{}\n{}", message, text);
            }
        }
    }
}

/// A secret file that only its owner can read.
fn secret_file(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.path().join("secret");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

const URL: &str = "postgres://ada:hush@h/m";

#[test]
fn a_secret_can_stand_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = secret_file(&folder, &format!("{URL}\n"));
    let path = file.to_str().unwrap();
    let flags = Flags { database_file: Some(file.clone()), ..Flags::default() };
    let by_table = format!("[storage]\ndatabase_file = '{path}'\n");
    for configuration in [
        with_file("", &[], &flags),
        with_file("", &[("MILEPOST_STORAGE_DATABASE_FILE", path)], &Flags::default()),
        with_file(&by_table, &[], &Flags::default()),
        // The source with higher precedence wins, whichever of the two it sets.
        with_file("[storage]\ndatabase = 'sqlite:///x'\n", &[], &flags),
    ] {
        let configuration = configuration.unwrap();
        let database = configuration.settings.storage.database.as_ref().unwrap();
        assert_eq!(database.expose(), URL);
        assert_eq!(configuration.source("storage.database"), Source::File(file.clone()));
        assert_eq!(configuration.exposed, [""; 0]);
        assert!(!super::super::print(&configuration).contains("hush"));
    }
    let stronger = Flags { database: Some("sqlite:///y".to_owned()), ..Flags::default() };
    let configuration = with_file(&by_table, &[], &stronger).unwrap();
    assert_eq!(configuration.settings.storage.database, Some("sqlite:///y".into()));
    let key = [("MILEPOST_NARRATOR_KEY_FILE", path)];
    let configuration = with_file("", &key, &Flags::default()).unwrap();
    assert!(configuration.settings.narrator.key.is_some());
}

#[test]
fn a_file_with_a_secret_that_cannot_be_used_is_told_without_what_stands_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = secret_file(&folder, "hush\nhush\n");
    let by = |path: &str| fault("", &[("MILEPOST_STORAGE_DATABASE_FILE", path)]);
    let message = by(file.to_str().unwrap());
    assert!(message.contains("MILEPOST_STORAGE_DATABASE_FILE: "), "{message}");
    assert!(message.contains("must hold one line") && !message.contains("hush"), "{message}");
    assert!(by("/nowhere/secret").contains("/nowhere/secret cannot be read"));
    let both = "[storage]\ndatabase = 'sqlite:///x'\ndatabase_file = 'f'\n";
    let message = fault(both, &[]);
    assert!(
        message.contains("milepost.toml:3: `storage.database_file`: `storage.database` is set")
    );
    let wrong = secret_file(&folder, "mysql://ada:hush@h/m");
    let message = by(wrong.to_str().unwrap());
    assert!(
        message.contains("postgres://user:password@host") && !message.contains("hush"),
        "{message}"
    );
}

#[test]
fn what_others_can_read_of_a_secret_is_remarked() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = secret_file(&folder, URL);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let flags = Flags { database_file: Some(file), ..Flags::default() };
    let remarks = with_file("", &[], &flags).unwrap().exposed;
    assert!(remarks[0].contains("others may read"), "{remarks:?}");
    let remarks = |database: &str| {
        let flags = Flags { database: Some(database.to_owned()), ..Flags::default() };
        with_file("", &[], &flags).unwrap().exposed
    };
    assert!(remarks(URL)[0].contains("stands on the command line"));
    assert_eq!(remarks("postgres://ada@h/m?sslmode=require"), [""; 0]);
    let pairs = [("MILEPOST_STORAGE_DATABASE", URL)];
    assert_eq!(with_file("", &pairs, &Flags::default()).unwrap().exposed, [""; 0]);
}

#[test]
fn passwords_in_addresses_are_not_printed() {
    let file = "[narrator]\nurl = 'https://ada:hush@h/v1?api-key=hush'\nmodel = 'm'\n\
                [commands.a]\nargv = ['curl', 'https://ada:hush@h/']\n";
    let printed = super::super::print(&with_file(file, &[], &Flags::default()).unwrap());
    assert!(!printed.contains("hush"), "{printed}");
    assert!(printed.contains("https://ada:***@h/v1?api-key=***"), "{printed}");
}

#[test]
fn a_narrator_has_fields_and_headers_as_a_table_or_in_a_variable() {
    let file = "[narrator]\nurl = 'http://h/v1'\nmodel = 'm'\nomit = ['stream', 'system']\n\
                [narrator.extra_body]\ntop_k = 5\n[narrator.extra_headers]\nX-Title = 'hush'\n";
    let table = with_file(file, &[], &Flags::default()).unwrap();
    let pairs = [
        ("MILEPOST_NARRATOR_EXTRA_BODY", "{\"top_k\":5}"),
        ("MILEPOST_NARRATOR_EXTRA_HEADERS", "{\"X-Title\":\"hush\"}"),
        ("MILEPOST_NARRATOR_OMIT", "stream, system"),
        ("MILEPOST_NARRATOR_URL", "http://h/v1"),
        ("MILEPOST_NARRATOR_MODEL", "m"),
    ];
    let variables = with_file("", &pairs, &Flags::default()).unwrap();
    assert_eq!(table.settings.narrator, variables.settings.narrator);
    let printed = super::super::print(&table);
    assert!(!printed.contains("hush"), "{printed}");
    let repeated = with_file(&printed, &[], &Flags::default()).unwrap().settings.narrator;
    assert_eq!(repeated.extra_body, table.settings.narrator.extra_body);
    let file = "[narrator]\nurl = 'http://h/v1'\nmodel = 'm'\n\
                [narrator.extra_body]\nuser = [{ API_Key = 'hush' }]\n";
    let printed = super::super::print(&with_file(file, &[], &Flags::default()).unwrap());
    assert!(!printed.contains("hush") && printed.contains("# extra_body is set"), "{printed}");
    for wrong in ["extra_body = 5", "extra_body = '[]'", "omit = ['x']", "token_field = 'x'"] {
        let file = format!("[narrator]\n{wrong}\n");
        let error = with_file(&file, &[], &Flags::default()).unwrap_err().to_string();
        assert!(error.contains(":2: `narrator."), "{error}");
    }
}
