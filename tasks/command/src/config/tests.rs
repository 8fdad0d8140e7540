//! Tests of reading commands, and of the messages about mistakes.

use std::time::Duration;

use crate::ParamType;
use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Commands, String> {
    Commands::read_in(Path::new("/etc/milepost"), text, Path::new("milepost.toml"), &["story"])
        .map_err(|error| error.to_string())
}

fn fault(text: &str) -> String {
    read(text).expect_err("this is wrong")
}

/// A command with additional lines.
fn with(lines: &str) -> String {
    format!("[commands.a]\nargv = ['p', '{{x}}']\n{lines}\n[commands.a.params.x]\ntype = 'text'\n")
}

const WHOLE: &str = r#"
[commands.second]
argv = ["true"]

[commands.archive]
title = "Archive a folder"
description = "Packs it."
argv = ["tar", "--create", ["--exclude", "{exclude}"], "{verbose}", "--file", "out.tar", "--", "{folders}"]
folder = "work"
env = ["HOME"]
set_env = { KEY = "hush", HERE = "{config_dir}/x" }
timeout_s = 60
grace_s = 1
keep_s = 0
concurrency = 3
global_concurrency = 5
at_most = "10/min"
at_most_per_owner = "2/h"
max_attempts = 2
max_output_bytes = 4096
max_memory_mb = 64
max_cpu_s = 10
max_file_mb = 2
max_processes = 8
success_exit_codes = [0, 1]
results = ["*.tar"]
pty = true
keep_folder = true
allow = ["group:ops", "ada"]
stages = [{ name = "Packing", weight = 9 }, { name = "Checking" }]

[commands.archive.params.folders]
type = "list"
required = true
max_items = 5

[commands.archive.params.exclude]
type = "text"
pattern = '[a-z*.]+'

[commands.archive.params.verbose]
type = "boolean"
flag = "--verbose"
default = true

[commands.archive.params.password]
type = "text"
secret = true
env = "PARAM_PASSWORD"
"#;

#[test]
fn every_key_is_read() {
    let commands = read(WHOLE).unwrap();
    let names: Vec<_> = commands.definitions.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["second", "archive"], "in the order of the file");
    let archive = &commands.definitions[1];
    let names: Vec<_> = archive.params.iter().map(|param| param.name.as_str()).collect();
    assert_eq!(names, ["folders", "exclude", "verbose", "password"]);
    assert!(matches!(archive.params[0].param_type, ParamType::List { min: 1, max: 5, .. }));
    assert_eq!(archive.folder.as_deref(), Some(Path::new("/etc/milepost/work")));
    assert_eq!(archive.set_env["HERE"], "/etc/milepost/x");
    assert_eq!(archive.limits.timeout, Duration::from_secs(60));
    assert_eq!(archive.limits.memory_bytes, Some(64 << 20));
    assert_eq!((archive.limits.processes, archive.limits.max_attempts), (8, 2));
    assert_eq!(archive.limits.keep, Some(Duration::ZERO), "not that of all kinds");
    let rates = [archive.limits.at_most, archive.limits.at_most_per_owner];
    let rates = rates.map(|rate| rate.map(|rate| rate.to_string()).unwrap_or_default());
    assert_eq!(
        (archive.limits.global_concurrency, rates),
        (Some(5), ["10/min", "2/h"].map(String::from))
    );
    assert_eq!(archive.success, [0, 1]);
    assert_eq!(archive.stages, [("Packing".to_owned(), 9.0), ("Checking".to_owned(), 1.0)]);
    assert!(archive.pty && archive.keep_folder);
    assert_eq!(archive.allow, ["group:ops", "ada"]);
    let usual = &commands.definitions[0];
    assert_eq!((usual.title.as_str(), usual.limits.max_attempts), ("second", 1));
    assert_eq!(usual.limits.keep, None);
}

#[test]
fn what_is_printed_can_be_read_again_and_holds_no_secret() {
    let commands = read(WHOLE).unwrap();
    let printed = commands.to_toml();
    assert!(!printed.contains("hush"), "{printed}");
    let repeated = read(&printed).unwrap();
    assert_eq!(repeated.definitions[1].params.len(), 4);
    let defaults = &repeated.definitions[0];
    assert_eq!(defaults.fingerprint, commands.definitions[0].fingerprint);
}

#[test]
fn a_fingerprint_tells_what_is_done_apart_and_not_how_it_is_called() {
    let print = |text: &str| read(text).unwrap().definitions[0].fingerprint.clone();
    let usual = print(&with(""));
    assert_eq!(usual, print(&with("\n\ntitle = 'T'\ntimeout_s = 5\nkeep_s = 5")));
    assert_ne!(usual, print(&with("pty = true")));
    assert_ne!(usual, print(&with("").replace("'p'", "'q'")));
    assert_ne!(usual, print(&(with("") + "pattern = 'a'")));
    let pattern_description = |pattern_description: &str| {
        print(&format!("{}pattern = 'a'\npattern_description = '{pattern_description}'", with("")))
    };
    assert_eq!(pattern_description("one"), pattern_description("two"));
    let elsewhere = |text: &str| {
        let commands =
            Commands::read_in(Path::new("/opt"), text, Path::new("milepost.toml"), &[]).unwrap();
        commands.definitions[0].fingerprint.clone()
    };
    assert_eq!(usual, elsewhere(&with("")));
    let local = with("set_env = { A = '{config_dir}/a' }");
    assert_ne!(print(&local), elsewhere(&local));
}

#[test]
fn mistakes_are_told_with_their_line_and_what_would_be_right() {
    let cases = [
        ("x = ", "milepost.toml:1: "),
        ("[commands.a]\nargw = ['p']", "milepost.toml:2: unknown field `argw`, expected one of"),
        (
            "[commands.a]\nargv = 'p'",
            "milepost.toml:2: `commands.a.argv`: invalid type: string \"p\"",
        ),
        ("[commands.a]\nargv = [1]", "`commands.a.argv`: expected a text, or a list of texts"),
        (
            "[commands.a]\nargv = ['p']\nat_most = 10",
            "milepost.toml:3: `commands.a.at_most`: invalid type",
        ),
        (
            "[commands.a]\nargv = ['p']\ntimeout_s = '9'",
            "`commands.a.timeout_s`: invalid type: string",
        ),
        ("\n[commands.a]\ntitle = 'x'", "milepost.toml:2: `commands.a`: needs `argv`"),
        (
            "[commands.a]\nargv = ['p']\nat_most = '10/week'",
            "milepost.toml:3: `commands.a.at_most`: must be a number from 1 to 1000000 and a unit",
        ),
        (
            "[commands.a]\nargv = ['p']\nallow = ['ada', 'group:']",
            "`commands.a.allow`: each must be a user",
        ),
        ("[commands.a]\nargv = ['p']\nallow = []", "`commands.a.allow`: must name a user"),
        (
            "[commands.a]\nargv = ['p']\nat_most_per_owner = '0/s'",
            "`commands.a.at_most_per_owner`: must be a number",
        ),
        (
            "[commands.a]\nargv = ['p']\nglobal_concurrency = 0",
            "`commands.a.global_concurrency`: must be 1 to 1000000",
        ),
        ("[commands.A]\nargv = ['p']", "milepost.toml:1: `commands.A`: the name of a kind has"),
        ("[commands.a]\nargv = ['./p']", "milepost.toml:2: `commands.a.argv`: the program is"),
        ("[commands.a]\nargv = ['p', '{x}']", "no parameter `x` is declared"),
        ("[commands.a]\nargv = ['p']\nenv = ['HOME',\n'A-B']", "milepost.toml:4: `commands.a.env`"),
        ("[commands.a]\nargv = ['p']\nset_env = { MILEPOST_X = '1' }", "MILEPOST_ are this"),
        ("[commands.a]\nargv = ['p']\nresults = ['../x']", "in the run's own folder"),
        ("[commands.a]\nargv = ['p']\nresults = ['[']", "milepost.toml:3: `commands.a.results`"),
        ("[commands.a]\nargv = ['p']\nsuccess_exit_codes = [300]", "exit codes from 0 to 255"),
        ("[commands.a]\nargv = ['p']\ntimeout_s = 0", "milepost.toml:3: `commands.a.timeout_s`"),
        (
            "[commands.a]\nargv = ['p']\nkeep_s = 3153600001",
            "milepost.toml:3: `commands.a.keep_s`: must be 0 to 3153600000",
        ),
        ("[commands.a]\nargv = ['p']\nstages = [{ name = '' }]", "milepost.toml:3: `commands.a.st"),
        ("[commands.story]\nargv = ['p']", "milepost.toml:1: `commands.story`: this is the name"),
        (
            "[commands.a]\nargv = ['p']\nprogress = 'rsink'",
            "milepost.toml:3: `commands.a.progress`",
        ),
    ];
    for (text, message) in cases {
        let fault = fault(text);
        assert!(fault.contains(message), "{text}\n{message}\n{fault}");
    }
}

#[test]
fn mistakes_of_parameters_are_told_with_their_line_and_what_would_be_right() {
    let base = with("");
    let cases = [
        ("min = 1", "milepost.toml:6: `commands.a.params.x.min`: does not belong to the type text"),
        (
            "pattern = '('",
            "milepost.toml:6: `commands.a.params.x.pattern`: invalid regular expression: unclosed",
        ),
        ("max_length = 0", "`min_length` to `max_length`"),
        ("secret = true", "would be seen in the list of processes"),
        ("secret = true\nenv = 'PARAM_K'\ndefault = 'x'", "a secret has no default"),
        ("env = 'LD_PRELOAD'", "LD_PRELOAD decides over which code runs"),
        ("env = 'PATH'", "PATH decides over which code runs"),
        (
            "env = 'TAR_OPTIONS'",
            "milepost.toml:6: `commands.a.params.x.env`: a parameter of the command a may not set \
             TAR_OPTIONS",
        ),
        ("env = 'TOKEN'", "PARAM_TOKEN, or write allow_env = [\"TOKEN\"] in [commands.a]"),
        ("env = 'https_proxy'", "or write allow_env = [\"https_proxy\"] in [commands.a]"),
        ("env = 'A-B'", "names of variables have letters, digits and _"),
        ("default = 5", "milepost.toml:6: `commands.a.params.x.default`: must be a text"),
        (
            "pattern = 'a+'\ndefault = 'b'",
            "milepost.toml:7: `commands.a.params.x.default`: must ma",
        ),
        (
            "pattern_description = 'x'",
            "milepost.toml:6: `commands.a.params.x.pattern_description`: says what `pattern` asks for",
        ),
        (
            "pattern = 'a'\npattern_description = ' '",
            "milepost.toml:7: `commands.a.params.x.pattern_description`: one line of 1",
        ),
        ("colour = 'red'", "milepost.toml:6: unknown field `colour`"),
    ];
    for (line, message) in cases {
        let fault = fault(&format!("{base}{line}"));
        assert!(fault.contains(message), "{line}\n{message}\n{fault}");
    }
    let typed = |param_type: &str| fault(&base.replace("type = 'text'", param_type));
    assert!(typed("type = 'file'\ndefault = 'x'").contains("a file has no default"));
    assert!(typed("type = 'file?'").contains("must be one of: text, integer, number, choice"));
    assert!(typed("").contains("`commands.a.params.x.type`: must be one of"));
    assert!(typed("type = 'choice'").contains("needs `choices`"));
    assert!(typed("type = 'integer'\nmin = 2\nmax = 1").contains("`min` must not be above `max`"));
    assert!(typed("type = 'integer'\nmin = 0.5").contains("must be a whole number"));
    assert!(typed("type = 'number'\nmin = nan").contains("must not be above"));
    assert!(typed("type = 'boolean'").contains("needs `flag`"));
}

#[test]
fn errors_of_progress_rules_name_their_line_and_their_key() {
    let base = "[commands.a]\nargv = ['p']\n[commands.a.progress]\npreset = 'rsync'\n";
    let cases = [
        (
            "percent = '('",
            "milepost.toml:5: `commands.a.progress.percent`: invalid regular expression: unclosed",
        ),
        ("percent = ['a(.)',\n'(']", "milepost.toml:6: `commands.a.progress.percent[1]`: "),
        ("total = 0", "milepost.toml:5: `commands.a.progress.total`: "),
        ("streams = []", "milepost.toml:5: `commands.a.progress.streams`: "),
        ("percnt = 'x'", "milepost.toml:5: unknown field `percnt`"),
        ("percent = 5", "milepost.toml:5: "),
        (
            "[[commands.a.progress.stages]]\nname = 'One'\n[[commands.a.progress.stages]]\nname = \
             'Two'\npattern = '['",
            "milepost.toml:9: `commands.a.progress.stages[1].pattern`: ",
        ),
        ("stages = [{ name = '' }]", "milepost.toml:5: `commands.a.progress.stages[0].name`: "),
    ];
    for (lines, expected) in cases {
        let error = fault(&format!("{base}{lines}"));
        assert!(error.contains(expected), "{lines}\n{expected}\n{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_file_of_rules_names_file_line_and_key() {
    let file = Path::new("rules.toml");
    let error = |text: &str| read_rules(text, file).expect_err(text).to_string();
    assert!(error("\nprogress = 'rsink'").starts_with("rules.toml:2: `progress`: there is no"));
    let pattern = error("[progress]\npercent = '('");
    assert!(pattern.starts_with("rules.toml:2: `progress.percent`: "), "{pattern}");
    assert!(error("progress = [").starts_with("rules.toml:1: "));
    assert!(error("progress = 5").starts_with("rules.toml:1: "));
    assert_eq!(read_rules("a = 1", file), Ok(None));
    assert!(read_rules("progress = 'rsync'", file).is_ok_and(|rules| rules.is_some()));
}

#[test]
fn what_a_command_reads_is_declared() {
    let text = "[commands.a.params.t]\ntype = 'text'\n";
    let file = "[commands.a.params.f]\ntype = 'file'\n";
    for fine in [
        format!("stdin = '{{t}}'\n{text}"),
        format!("stdin = '{{t}}'\nencoding = 'cp850'\n{text}secret = true\n"),
        format!("stdin_file = '{{f}}'\n{file}"),
        "stdin_file = 'list.txt'\nencoding = 'Latin1'\n".to_owned(),
        "stdin = 'yes'\n".to_owned(),
    ] {
        let read = read(&format!("[commands.a]\nargv = ['x']\n{fine}"));
        let commands = read.unwrap_or_else(|error| panic!("{fine}: {error}"));
        assert!(commands.definitions[0].stdin.is_some(), "{fine}");
    }
    for (wrong, message) in [
        ("stdin = '{u}'".to_owned(), "no parameter `u` is declared"),
        ("stdin = 'a'\nstdin_file = 'b'".to_owned(), "either `stdin` or `stdin_file`"),
        ("stdin = 'a'\npty = true".to_owned(), "the terminal is the standard input"),
        (format!("stdin_file = '{{t}}'\n{text}"), "the parameter `t` is no file"),
        ("encoding = 'latin-99'".to_owned(), "an encoding such as `utf-8`"),
        (text.to_owned(), "the parameter `t` is used nowhere"),
    ] {
        let told_of = fault(&format!("[commands.a]\nargv = ['x']\n{wrong}\n"));
        assert!(told_of.contains(message), "{wrong}: {told_of}");
    }
}

#[test]
fn choices_come_from_a_list_or_from_a_program() {
    let param = |lines: &str| {
        format!(
            "[commands.a]\nargv = ['x', '{{p}}']\n[commands.a.params.p]\ntype = 'choice'\n{lines}\n"
        )
    };
    let commands = read(&param("choices_from = ['cat', '{config_dir}/list']")).unwrap();
    let offered = format!("{:?}", commands.definitions[0].params[0].param_type);
    assert!(offered.contains(r#"["cat", "/etc/milepost/list"]"#), "{offered}");
    assert!(read(&commands.to_toml()).is_ok());
    for (wrong, message) in [
        ("", "needs `choices`, such as"),
        ("choices_from = []", "params.p.choices_from`: a program and its arguments"),
        ("choices_from = ['']", "params.p.choices_from`: a program and its arguments"),
        ("choices_from = [\"a\", \"\\u0000\"]", "a program and its arguments"),
        ("choices = ['a']\nchoices_from = ['b']", "`choices` or `choices_from`, not both"),
        ("choices_from = 'git branch'", "choices_from`"),
    ] {
        let told_of = fault(&param(wrong));
        assert!(told_of.contains(message), "{wrong}: {told_of}");
    }
    let text = param("choices_from = ['b']").replace("'choice'", "'text'");
    assert!(fault(&text).contains("does not belong to the type text"));
}

#[test]
fn an_operator_can_let_a_parameter_set_another_variable() {
    let base = with("") + "env = 'GIT_DIR'";
    let allowing = |names: &str| base.replace("argv = ", &format!("allow_env = {names}\nargv = "));
    assert!(fault(&base).contains("GIT_DIR"));
    let commands = read(&allowing("['GIT_DIR']")).unwrap();
    assert_eq!(commands.definitions[0].params[0].env.as_deref(), Some("GIT_DIR"));
    assert!(read(&commands.to_toml()).is_ok(), "what is printed allows it too");
    assert!(fault(&allowing("['GIT_DIR', 'GIT_DRI']")).contains("no parameter of this command"));
    let never = allowing("['PATH']").replace("'GIT_DIR'", "'PATH'");
    assert!(fault(&never).contains("PATH decides over which code runs"));
}

#[test]
fn all_mistakes_are_told_at_once_and_nothing_is_taken_over() {
    let message = fault("[commands.a]\nargv = []\ntimeout_s = 0\n[commands.B]\nargv = ['p']");
    assert_eq!(message.lines().count(), 3, "{message}");
}

#[test]
fn other_sections_are_none_of_its_business() {
    assert!(read("[http]\naddr = 5\n[what]\never = 1").unwrap().definitions.is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,80}", key in "[a-z_]{1,12}", value in "[-0-9a-z'\\[\\]{}\"=,.]{0,12}") {
        let _ = read(&text);
        let _ = read(&with(&format!("{key} = {value}")));
        let _ = read(&format!("{}{key} = {value}", with("")));
    }
}
