//! Tests of `[kinds.*]` from every source.

use std::time::Duration;

use super::*;

#[test]
fn each_kind_has_limits_of_its_own_from_every_source() {
    let file = "[kinds.story]\ntimeout_s = 60\nconcurrency = 2\nat_most = '10/min'\nkeep_s = 60\n[kinds.dataset]\nmax_attempts = 1\n";
    let pairs = [
        ("MILEPOST_KINDS_STORY_CONCURRENCY", "7"),
        ("MILEPOST_KINDS_DATASET_CANCEL_GRACE_S", "0"),
        ("MILEPOST_KINDS_DATASET_KEEP_S", "0"),
    ];
    let configuration = with_file(file, &pairs, &Flags::default()).unwrap();
    let story = configuration.settings.kinds.options("story");
    assert_eq!((story.timeout.as_secs(), story.concurrency, story.max_attempts), (60, 7, 3));
    let dataset = configuration.settings.kinds.options("dataset");
    assert_eq!((dataset.max_attempts, dataset.concurrency), (1, 2));
    assert!(dataset.cancel_grace.is_zero());
    let keep = [story.keep, dataset.keep].map(|keep| keep.map(|keep| keep.as_secs()));
    assert_eq!(keep, [Some(60), Some(0)]);
    let source = |key| configuration.source(key);
    assert!(matches!(source("kinds.story.timeout_s"), Source::File(_)));
    assert_eq!(source("kinds.story.concurrency"), Source::Variable);
    assert_eq!(source("kinds.dataset.timeout_s"), Source::Default);
    let printed = crate::config::print(&configuration);
    for line in [
        "\n[kinds.dataset]\n",
        "\n[kinds.story]\n",
        "\nconcurrency = 7 # MILEPOST_KINDS_STORY_CONCURRENCY; environment\n",
        "\nat_most = \"10/min\" # MILEPOST_KINDS_STORY_AT_MOST; ",
        "\n# at_most_per_owner is not set # MILEPOST_KINDS_STORY_AT_MOST_PER_OWNER; default\n",
        "\nkeep_s = 0 # MILEPOST_KINDS_DATASET_KEEP_S; environment\n",
        "\ntimeout_s = 600 # MILEPOST_KINDS_DATASET_TIMEOUT_S; default\n",
    ] {
        assert!(printed.contains(line), "{line} is not in {printed}");
    }
    assert!(!printed.contains("[kinds]"), "{printed}");
    let repeated = with_file(&printed, &[], &Flags::default()).unwrap();
    assert_eq!(values(&repeated.settings), values(&configuration.settings));
}

#[test]
fn a_kind_that_there_is_not_and_limits_that_make_no_sense_are_told() {
    let message = fault("[kinds.stroy]\ntimeout_s = 60\n", &[]);
    let right = "milepost.toml:1: `kinds.stroy`: unknown; known kinds here: dataset, story";
    assert!(message.contains(right), "{message}");
    let message = fault("[kinds.story]\ntimeout = 60\n", &[]);
    assert!(
        message.contains("`kinds.story.timeout`: unknown; known keys here: allow, at_most, at_most_per_owner, cancel_gra"),
        "{message}"
    );
    let message = fault("", &[("MILEPOST_KINDS_STROY_TIMEOUT_S", "60")]);
    assert!(message.contains("MILEPOST_KINDS_STORY_TIMEOUT_S"), "{message}");
    let message = fault("[kinds]\nstory = 5\n", &[]);
    assert!(message.contains("`kinds.story`: "), "{message}");
    let message =
        fault("[kinds.dataset]\nmax_attempts = 0\n", &[("MILEPOST_KINDS_STORY_TIMEOUT_S", "0")]);
    assert!(message.contains("`kinds.dataset.max_attempts`: must be 1 to 100"), "{message}");
    assert!(message.contains("MILEPOST_KINDS_STORY_TIMEOUT_S: must be 1 to 2592000"), "{message}");
    for (wrong, variables) in [
        ("[kinds.story]\nat_most = '10/week'\n", &[][..]),
        ("[kinds.story]\nat_most = 10\n", &[]),
        ("", &[("MILEPOST_KINDS_STORY_AT_MOST", "0/min")]),
    ] {
        assert!(fault(wrong, variables).contains("such as \"10/min\""), "{wrong}");
    }
    let message = fault("[kinds.story]\nconcurrency = 'many'\n", &[]);
    assert!(message.contains("`kinds.story.concurrency`: "), "{message}");
}

#[test]
fn a_kind_without_a_retention_of_its_own_has_that_of_all_kinds() {
    let file = "[retention]\nkeep_s = 5\n[kinds.dataset]\nkeep_s = 7\n";
    let configuration = with_file(file, &[], &Flags::default()).unwrap();
    let keep = |kind| configuration.settings.kinds.options(kind).keep;
    assert_eq!((keep("story"), keep("dataset")), (None, Some(Duration::from_secs(7))));
    assert_eq!(configuration.source("kinds.story.keep_s"), Source::Default);
    let printed = crate::config::print(&configuration);
    let line = "\n# keep_s is not set # MILEPOST_KINDS_STORY_KEEP_S; default\n";
    assert!(printed.contains(line), "{printed}");
}

#[test]
fn a_retention_that_makes_no_sense_is_told_with_what_would_be_right() {
    let right = "must be 0 to 3153600000";
    let message = fault("[kinds.dataset]\nkeep_s = 3153600001\n", &[]);
    let place = "milepost.toml:2: `kinds.dataset.keep_s`: ";
    assert!(message.contains(&format!("{place}{right}")), "{message}");
    let message = fault("", &[("MILEPOST_KINDS_STORY_KEEP_S", "3153600001")]);
    assert!(message.contains(&format!("MILEPOST_KINDS_STORY_KEEP_S: {right}")), "{message}");
    for (file, variables) in [
        ("[kinds.story]\nkeep_s = -1\n", &[][..]),
        ("[kinds.story]\nkeep_s = 'forever'\n", &[]),
        ("", &[("MILEPOST_KINDS_STORY_KEEP_S", "30 days")]),
    ] {
        let message = fault(file, variables).to_lowercase();
        assert!(message.contains("keep_s") && message.contains("story"), "{message}");
    }
}
