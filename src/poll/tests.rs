//! The machine under a fake clock, with a seeded source of randomness, no timers and no network.
//!
//! The rules that it is tested for are numbered; the comment of a test says which it shows.
//!
//! | rules | where |
//! | --- | --- |
//! | 1, 2, 7-13, 42, 56, 57, 62, 63: who is watched, start and stop | `start_and_stop` |
//! | 3-6: the pause after an answer | `pace` |
//! | 14-26, 44, 58, 64, 65: never backwards, never stale | `never_backwards` |
//! | 27-33: holding, cuts, fallback | `holding` |
//! | 34-43, 45, 46: failures | `errors` (37 in `retry_after`, too) |
//! | 47-55: visibility, connection, cache, sleep | `browser` |
//! | 58-61: one tab leads | `tabs` |
//! | 66: the fixed delays | `policies` |
//! | 67: any order of events | `properties` |
//! | 69, 70: the log that a page shows | `log` |
//!
//! 68, 71 and 72 are the server's.

mod browser;
mod errors;
mod harness;
mod holding;
mod log;
mod never_backwards;
mod pace;
mod policies;
mod properties;
mod retry_after;
mod spread;
mod start_and_stop;
mod tabs;
mod view;

#[test]
fn each_rule_has_a_test_that_names_it() {
    let sources = [
        include_str!("tests/browser.rs"),
        include_str!("tests/errors.rs"),
        include_str!("tests/holding.rs"),
        include_str!("tests/log.rs"),
        include_str!("tests/never_backwards.rs"),
        include_str!("tests/pace.rs"),
        include_str!("tests/policies.rs"),
        include_str!("tests/properties.rs"),
        include_str!("tests/retry_after.rs"),
        include_str!("tests/start_and_stop.rs"),
        include_str!("tests/tabs.rs"),
    ];
    let named: Vec<u32> = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| line.trim().strip_prefix("/// "))
        .filter(|words| words.starts_with(|first: char| first.is_ascii_digit()))
        .flat_map(|words| words.split(|c: char| !c.is_ascii_digit()))
        .filter_map(|word| word.parse().ok())
        .collect();
    let missing: Vec<u32> = (1..=67).chain(69..=70).filter(|rule| !named.contains(rule)).collect();
    assert!(missing.is_empty(), "rules without a test: {missing:?}");

    let (_, table) = include_str!("../../docs/polling.md").split_once("## The numbered").unwrap();
    let rows = table.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let rule: u32 = cells.next()?.parse().ok()?;
        cells.next().is_some_and(|text| text.len() > 20).then_some(rule)
    });
    let described: Vec<u32> = rows.collect();
    let unknown: Vec<_> = named.iter().filter(|rule| !described.contains(rule)).collect();
    assert!(unknown.is_empty(), "rules without a text in docs/polling.md: {unknown:?}");
    assert_eq!(described, (1..=72).collect::<Vec<_>>(), "the rules stand in their order");
}
