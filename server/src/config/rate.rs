//! Rate limits per client.

use milepost::engine::RateOptions;
use serde::{Deserialize, Serialize};

/// Rate limits per client address (IPv6: /64 network); requests beyond them get 429. Each number is
/// also the burst size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateSettings {
    /// Tasks that a client may start per minute; each task of a batch counts. 0: no limit.
    /// `MILEPOST_HTTP_RATE_STARTS_PER_MINUTE`. Default: 1,200.
    pub starts_per_minute: u32,
    /// Uploads that a client may begin per minute; 0: no limit.
    /// `MILEPOST_HTTP_RATE_UPLOADS_PER_MINUTE`. Default: 600.
    pub uploads_per_minute: u32,
    /// Requests with a wrong token that a client may send per minute; 0: no limit. Those with a right one do not count.
    /// `MILEPOST_HTTP_RATE_WRONG_TOKENS_PER_MINUTE`. Default: 300.
    pub wrong_tokens_per_minute: u32,
    /// Sessions that pages may create for a client per minute; 0: no limit.
    /// `MILEPOST_HTTP_RATE_SESSIONS_PER_MINUTE`. Default: 600.
    pub sessions_per_minute: u32,
}

impl Default for RateSettings {
    fn default() -> Self {
        Self {
            starts_per_minute: 1_200,
            uploads_per_minute: 600,
            wrong_tokens_per_minute: 300,
            sessions_per_minute: 600,
        }
    }
}

impl RateSettings {
    /// Options of the engine.
    pub fn options(&self) -> RateOptions {
        RateOptions::default().with(|o| {
            o.starts_per_minute = self.starts_per_minute;
            o.uploads_per_minute = self.uploads_per_minute;
            o.wrong_tokens_per_minute = self.wrong_tokens_per_minute;
        })
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
