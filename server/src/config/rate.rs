//! How often one client may do what costs something.

use milepost::engine::RateOptions;
use serde::{Deserialize, Serialize};

/// How often one client, by its address (IPv6: by its /64 network), may do what costs something; more gets
/// 429. Each number may also come at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateSettings {
    /// Tasks that one client may start in a minute, a batch counting as each of its tasks; 0: no limit.
    /// `MILEPOST_HTTP_RATE_STARTS_PER_MINUTE`. Default: 1,200.
    pub starts_per_minute: u32,
    /// Uploads that one client may begin in a minute; 0: no limit.
    /// `MILEPOST_HTTP_RATE_UPLOADS_PER_MINUTE`. Default: 600.
    pub uploads_per_minute: u32,
    /// Sessions that pages may make for one client in a minute; 0: no limit.
    /// `MILEPOST_HTTP_RATE_SESSIONS_PER_MINUTE`. Default: 600.
    pub sessions_per_minute: u32,
}

impl Default for RateSettings {
    fn default() -> Self {
        Self { starts_per_minute: 1_200, uploads_per_minute: 600, sessions_per_minute: 600 }
    }
}

impl RateSettings {
    /// As the engine takes them.
    pub fn options(&self) -> RateOptions {
        RateOptions {
            starts_per_minute: self.starts_per_minute,
            uploads_per_minute: self.uploads_per_minute,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_engines() {
        assert_eq!(RateSettings::default().options(), RateOptions::default());
    }
}
