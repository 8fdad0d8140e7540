//! A configuration file: no panic; whatever is refused is told with its line, and whatever is taken can
//! be printed and read again.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use milepost_server::config::{ConfigError, Configuration, Flags, print};

const PLACE: &str = "/etc/milepost.toml";

fn read(text: &str) -> Result<Configuration, ConfigError> {
    Configuration::of(Some((text, Path::new(PLACE))), &Flags::default(), [])
}

fuzz_target!(|text: &str| {
    match read(text) {
        Ok(configuration) => {
            let printed = print(&configuration);
            let again = read(&printed);
            assert!(again.is_ok(), "{again:?}\n{printed}");
        }
        Err(error) => {
            for told in error.to_string().lines() {
                let rest = told.strip_prefix("configuration: /etc/milepost.toml:");
                let place = rest.and_then(|rest| rest.split_once(": "));
                let (line, what) = place.unwrap_or_else(|| panic!("no place: {told}"));
                assert!(line.parse::<usize>().is_ok() && !what.is_empty(), "{told}");
            }
        }
    }
});
