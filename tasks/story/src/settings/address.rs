//! The address of an endpoint, from what people write into `narrator.url`.

use milepost::loopback::is_loopback;
use reqwest::Url;

/// Path of the protocol below the base address.
const CHAT: &str = "/chat/completions";
/// Hosts of Azure, which take a key in a header of its own.
const AZURE: [&str; 4] = [
    ".openai.azure.com",
    ".cognitiveservices.azure.com",
    ".services.ai.azure.com",
    ".models.ai.azure.com",
];

/// Addresses of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Address {
    /// Where replies are asked for.
    pub(in super::super) chat: Url,
    /// Where its models are listed.
    pub(in super::super) models: Url,
    /// Whether it is one of Azure's.
    pub(in super::super) azure: bool,
    /// Whether it is on this machine, so that no proxy leads to it.
    pub(in super::super) loopback: bool,
}

impl Address {
    /// Reads an address: with or without `/chat/completions`, and with a query that each request
    /// keeps, such as Azure's `?api-version=`.
    ///
    /// # Errors
    /// What a right address looks like.
    pub(in super::super) fn read(text: &str) -> Result<Self, &'static str> {
        const RIGHT: &str = "an address such as http://127.0.0.1:8080/v1";
        let mut chat = Url::parse(text.trim()).map_err(|_| RIGHT)?;
        if !matches!(chat.scheme(), "http" | "https") || !chat.has_host() {
            return Err(RIGHT);
        }
        if chat.fragment().is_some() {
            return Err("without a fragment (#…)");
        }
        let host = chat.host_str().unwrap_or_default().to_ascii_lowercase();
        let azure = AZURE.iter().any(|ending| host.ends_with(ending));
        let path = chat.path().trim_end_matches('/');
        let base = path.strip_suffix(CHAT).unwrap_or(path).trim_end_matches('/').to_owned();
        let version = chat.query_pairs().any(|(name, _)| name == "api-version");
        if azure && base.contains("/deployments/") && !version {
            return Err("with its version at the end: ?api-version=…");
        }
        let mut models = chat.clone();
        chat.set_path(&format!("{base}{CHAT}"));
        models.set_path(&format!("{base}/models"));
        let loopback = is_loopback(&host);
        Ok(Self { chat, models, azure, loopback })
    }

    /// Whether a user name or a password stands in it.
    pub(in super::super) fn has_credentials(&self) -> bool {
        !self.chat.username().is_empty() || self.chat.password().is_some()
    }

    /// Host and port.
    pub(in super::super) fn host(&self) -> String {
        let host = self.chat.host_str().unwrap_or_default();
        self.chat.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The address of replies without secrets.
    pub(in super::super) fn shown(&self) -> String {
        format!("{}://{}{}", self.chat.scheme(), self.host(), self.chat.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_put_right() {
        let azure = "https://me.openai.azure.com/openai/deployments/gpt";
        let cases = [
            ("http://h/v1", "http://h/v1/chat/completions"),
            (" http://h/v1/ ", "http://h/v1/chat/completions"),
            ("http://h", "http://h/chat/completions"),
            ("http://h/v1/chat/completions", "http://h/v1/chat/completions"),
            ("http://h/v1/chat/completions/", "http://h/v1/chat/completions"),
            ("http://h/v1?a=b", "http://h/v1/chat/completions?a=b"),
            (
                &format!("{azure}?api-version=2024-10-21"),
                "https://me.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21",
            ),
        ];
        for (text, chat) in cases {
            assert_eq!(Address::read(text).unwrap().chat.as_str(), chat, "{text}");
        }
        let address = Address::read("https://me.openai.azure.com/openai/v1").unwrap();
        assert!(address.azure && !address.loopback);
        assert_eq!(address.models.path(), "/openai/v1/models");
        assert!(Address::read(azure).unwrap_err().contains("api-version"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["", "localhost", "localhost:80", "ftp://h/v1", "http://", "http://h/v1#top", "/v1"]
        {
            assert!(Address::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn this_machine_is_known_under_all_its_names() {
        for host in
            ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "0.0.0.0", "LOCALHOST"]
        {
            assert!(Address::read(&format!("http://{host}:1/v1")).unwrap().loopback, "{host}");
        }
        for host in ["localhost.example.org", "10.0.0.1", "example.org"] {
            assert!(!Address::read(&format!("http://{host}/v1")).unwrap().loopback, "{host}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let address = Address::read("https://ada:hush@h:8443/v1?key=hush").unwrap();
        assert_eq!(address.shown(), "https://h:8443/v1/chat/completions");
        assert!(address.has_credentials());
    }
}
