//! Rules as JSON, then output: whatever is accepted behaves.

#![no_main]

use libfuzzer_sys::fuzz_target;
use milepost_fuzz::{
    check,
    progress::{Limits, Rules, Source},
    read,
};

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (Some(rules), bytes) = (parts.next(), parts.next().unwrap_or_default()) else { return };
    let Ok(rules) = serde_json::from_slice::<Rules>(rules) else { return };
    let again = serde_json::to_string(&rules).expect("rules can be written");
    assert_eq!(serde_json::from_str::<Rules>(&again).expect("and read again"), rules);
    let limits = Limits::default();
    for source in [Source::Stdout, Source::Channel] {
        check(&read(&rules, limits, source, bytes, 7), limits);
    }
});
