//! Database URL, which may contain a password.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// Database URL. Displayed without its password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL including the password, for connecting.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the URL contains a password.
    pub fn has_password(&self) -> bool {
        if !self.is_postgres() {
            return false;
        }
        match reqwest::Url::parse(&self.0) {
            Ok(url) => {
                url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
            }
            Err(_) => self.0.contains('@'),
        }
    }

    /// Whether it is a PostgreSQL database, which several processes can share.
    pub fn is_postgres(&self) -> bool {
        ["postgres://", "postgresql://"].iter().any(|scheme| self.0.starts_with(scheme))
    }
}

impl From<&str> for DatabaseUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_postgres() {
            return f.write_str(&self.0);
        }
        match reqwest::Url::parse(&self.0) {
            Ok(mut url) if url.password().is_some() || url.query().is_some() => {
                // A query parameter may contain a password, too.
                url.set_query(None);
                let hidden = url.password().map(|_| "***");
                let _ = url.set_password(hidden.map(str::to_owned).as_deref());
                f.write_str(url.as_str())
            }
            Ok(url) => f.write_str(url.as_str()),
            Err(_) => f.write_str("postgres://…"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("sqlite:///a/b.db", "sqlite:///a/b.db"),
            ("postgres://ada@host/m", "postgres://ada@host/m"),
            ("postgres://ada:secret@host:5/m", "postgres://ada:***@host:5/m"),
            ("postgresql://host/m?user=ada&password=secret", "postgresql://host/m"),
            ("postgres://ada:secret@[", "postgres://…"),
        ] {
            let url = DatabaseUrl::from(url);
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("secret"));
            assert_eq!(url.has_password(), url.expose().contains("secret"));
        }
    }
}
