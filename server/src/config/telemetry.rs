//! `[telemetry]`: traces for an OpenTelemetry collector.

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::settings::broken;

/// Where collectors take traces, below their address.
const TRACES: &str = "/v1/traces";

/// Traces for a collector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySettings {
    /// Address of an OpenTelemetry collector that takes OTLP over HTTP, such as
    /// `http://127.0.0.1:4318`: spans are sent to `/v1/traces` below it. Service name, headers, sampler
    /// and batches are set by OpenTelemetry's own variables (`OTEL_SERVICE_NAME`,
    /// `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`), which alone turn nothing on.
    /// `MILEPOST_TELEMETRY_OTLP_ENDPOINT`. Default: none; no traces are recorded.
    pub otlp_endpoint: Option<String>,
}

impl TelemetrySettings {
    /// Validates the values; returns the invalid keys and what would be valid.
    pub(super) fn invalid(&self) -> Vec<(&'static str, String)> {
        broken([(
            self.otlp_endpoint.is_none() || self.traces_url().is_some(),
            "telemetry.otlp_endpoint",
            "the address of a collector that takes OTLP over HTTP, without user, query and fragment, such as \
             http://127.0.0.1:4318",
        )])
    }

    /// Where spans are sent, if anywhere.
    pub(crate) fn traces_url(&self) -> Option<Url> {
        let mut url = Url::parse(self.otlp_endpoint.as_deref()?).ok()?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let path = url.path().trim_end_matches('/');
        let path = if path.ends_with(TRACES) { path.to_owned() } else { format!("{path}{TRACES}") };
        url.set_path(&path);
        is_plain.then_some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(endpoint: &str) -> TelemetrySettings {
        TelemetrySettings { otlp_endpoint: Some(endpoint.to_owned()) }
    }

    #[test]
    fn the_path_of_traces_is_added_once() {
        for (endpoint, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            ("https://otel.example/a/", "https://otel.example/a/v1/traces"),
            ("https://otel.example/v1/traces", "https://otel.example/v1/traces"),
        ] {
            let settings = settings(endpoint);
            assert_eq!(settings.traces_url().map(String::from).as_deref(), Some(url), "{endpoint}");
            assert!(settings.invalid().is_empty());
        }
        let off = TelemetrySettings::default();
        assert_eq!((off.traces_url(), off.invalid()), (None, Vec::new()));
    }

    #[test]
    fn what_is_no_address_of_a_collector_is_refused() {
        for endpoint in [
            "",
            "127.0.0.1:4318",
            "localhost:4318",
            "grpc://127.0.0.1:4317",
            "http://",
            "http://u:p@otel.example",
            "http://otel.example?key=1",
            "http://otel.example#a",
        ] {
            assert_eq!(settings(endpoint).invalid().len(), 1, "{endpoint}");
        }
    }
}
