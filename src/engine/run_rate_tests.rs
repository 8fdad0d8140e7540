use proptest::prelude::*;

use super::*;

fn rate(text: &str) -> RunRate {
    text.parse().unwrap()
}

#[test]
fn a_rate_is_a_number_and_a_unit() {
    for (text, runs, seconds) in
        [("1/s", 1, 1), ("10/min", 10, 60), ("100/h", 100, 3_600), ("1000000/d", 1_000_000, 86_400)]
    {
        let rate = rate(text);
        assert_eq!((rate.runs(), rate.period().as_secs()), (runs, seconds), "{text}");
        assert_eq!(rate.to_string(), text);
    }
    assert_eq!(rate(" 10 / min ").to_string(), "10/min");
    for text in [
        "",
        "/",
        "10",
        "10/",
        "/min",
        "0/min",
        "-1/min",
        "+1/min",
        "1.5/min",
        "1000001/min",
        "99999999999999999999/s",
        "10/m",
        "10/week",
        "10/MIN",
        "10/2min",
        "10 per min",
        "1_000/d",
        "١/s",
    ] {
        assert_eq!(text.parse::<RunRate>(), Err(InvalidRate), "{text}");
    }
}

#[test]
fn the_wire_text_is_the_same_and_an_error_says_what_is_right() {
    assert_eq!(serde_json::to_string(&rate("10/min")).unwrap(), "\"10/min\"");
    assert_eq!(serde_json::from_str::<RunRate>("\"10/min\"").unwrap(), rate("10/min"));
    for wrong in ["\"10\"", "10", "true", "[1]"] {
        let error = serde_json::from_str::<RunRate>(wrong).unwrap_err().to_string();
        assert!(error.contains("such as \"10/min\""), "{error}");
    }
}

#[test]
fn the_next_run_begins_when_enough_have_left_the_window() {
    let rate = rate("3/min");
    let at = |began, runs| (began, runs);
    assert_eq!(rate.allowance(&[], 5), Allowance { free: 3, next_in_ms: 0 });
    let parts = [at(0, 1), at(10_000, 2)];
    assert_eq!(rate.allowance(&parts, 10_500), Allowance { free: 0, next_in_ms: 50_500 });
    assert_eq!(rate.allowance(&parts, 60_999), Allowance { free: 0, next_in_ms: 1 });
    assert_eq!(rate.allowance(&parts, 61_000), Allowance { free: 1, next_in_ms: 0 });
    // A rate that was lowered meanwhile waits for as many as are too many.
    let parts = [at(0, 5), at(1_000, 1), at(2_000, 2)];
    assert_eq!(rate.allowance(&parts, 2_000).next_in_ms, 62_000 - 2_000);
    assert_eq!(rate.allowance(&[at(0, 1), at(1_000, 5)], 2_000).next_in_ms, 62_000 - 2_000);
    // A time in the future, of a clock that was set back, is no reason to wait for ever.
    assert_eq!(rate.allowance(&[at(0, 3)], i64::MIN).free, 0);
    assert_eq!(rate.allowance(&[at(i64::MAX, 3)], 0).free, 0);
}

proptest! {
    /// Runs that begin whenever they may, looked at after any pauses: no window has too many, and
    /// a run waits at most one part longer than it must.
    #[test]
    fn no_window_has_too_many_runs(
        runs in 1_u32..6, unit in 0_usize..4, begins in 0_i64..1_000_000,
        pauses in prop::collection::vec(0_i64..400, 1..80),
    ) {
        let rate = RunRate { runs, unit: Unit::ALL[unit] };
        let (mut now, mut parts, mut begun) = (begins, Vec::<(i64, i64)>::new(), Vec::new());
        for pause in pauses {
            now += pause * rate.unit.ms() / 250;
            let Allowance { free, next_in_ms } = rate.allowance(&parts, now);
            prop_assert_eq!(free == 0, next_in_ms > 0);
            if free == 0 {
                prop_assert!(rate.allowance(&parts, now + next_in_ms).free > 0);
                let nth = begun.len() - runs as usize;
                prop_assert!(now + next_in_ms <= begun[nth] + rate.unit.ms() + rate.part_ms());
                continue;
            }
            let part = rate.part_of(now);
            match parts.last_mut() {
                Some((began, some)) if *began == part => *some += 1,
                _ => parts.push((part, 1)),
            }
            begun.push(now);
            let window = begun.iter().filter(|at| **at > now - rate.unit.ms()).count();
            prop_assert!(window <= runs as usize);
        }
    }
}
