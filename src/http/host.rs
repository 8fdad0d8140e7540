//! Hosts and origins as values, because one host can be written in several ways.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Host with its optional port, as in a `Host` header or an origin. Borrows from the text, because
/// one is parsed per request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Host<'t> {
    name: Name<'t>,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug)]
enum Name<'t> {
    Ip(IpAddr),
    /// Without the trailing dot of the root.
    Domain(&'t str),
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ip(one), Self::Ip(other)) => one == other,
            (Self::Domain(one), Self::Domain(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        }
    }
}

impl Eq for Name<'_> {}

impl<'t> Host<'t> {
    /// Parses `host`, `host:port`, `1.2.3.4:port` or `[::1]:port`; rejects users and paths.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (ip, rest) = rest.split_once(']')?;
                let ip = ip.parse::<Ipv6Addr>().ok()?;
                let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
                (Name::Ip(ip.into()), port)
            }
            None => {
                let (name, port) = match text.split_once(':') {
                    Some((name, port)) => (name, Some(port)),
                    None => (text, None),
                };
                (Self::name(name)?, port)
            }
        };
        // `host:` has no port.
        let port = match port {
            None | Some("") => None,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse().ok()?)
            }
            Some(_) => return None,
        };
        Some(Self { name, port })
    }

    fn name(text: &'t str) -> Option<Name<'t>> {
        let name = text.strip_suffix('.').unwrap_or(text);
        if let Ok(ip) = name.parse::<Ipv4Addr>() {
            return Some(Name::Ip(ip.into()));
        }
        let label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        (name.len() <= 253 && name.split('.').all(label)).then_some(Name::Domain(name))
    }

    /// Whether no other site can make the name resolve to this server: IP addresses, `localhost`
    /// and names below it, and names without a dot.
    pub(super) fn is_own(&self) -> bool {
        match self.name {
            Name::Ip(_) => true,
            Name::Domain(name) => {
                name.rsplit_once('.').is_none_or(|(_, last)| last.eq_ignore_ascii_case("localhost"))
            }
        }
    }

    /// Whether it is a loopback name of this machine; ignores the port.
    pub(super) fn is_local(&self) -> bool {
        match self.name {
            Name::Ip(ip) => ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST,
            Name::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        }
    }

    /// Compares two hosts; a missing port is `default_port`.
    fn is(&self, other: &Host<'_>, default_port: u16) -> bool {
        let port = |host: &Host<'_>| host.port.unwrap_or(default_port);
        self.name == other.name && port(self) == port(other)
    }
}

/// Origin, such as `http://host:port`, from an `Origin` header or a setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'t> {
    default_port: u16,
    host: Host<'t>,
}

impl<'t> Origin<'t> {
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let (scheme, host) = text.split_once("://")?;
        let schemes = [("http", 80), ("https", 443)];
        let known = schemes.into_iter().find(|(known, _)| scheme.eq_ignore_ascii_case(known));
        Some(Self { default_port: known?.1, host: Host::parse(host)? })
    }

    /// Whether a request to `host` from a page of this origin is same-origin.
    pub(super) fn is_at(&self, host: &Host<'_>) -> bool {
        self.host.is(host, self.default_port)
    }

    /// Whether both are the same origin.
    pub(super) fn is(&self, other: &Origin<'_>) -> bool {
        // The default port identifies the scheme.
        self.default_port == other.default_port && self.is_at(&other.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host<'_> {
        Host::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn a_host_is_read_however_it_is_written() {
        for (one, other) in [
            ("JOBS.example", "jobs.example"),
            ("jobs.example.", "jobs.example"),
            ("jobs.example:", "jobs.example"),
            ("jobs.example.:80", "jobs.example:80"),
            ("[::1]", "[0:0:0:0:0:0:0:1]"),
            ("127.0.0.1.", "127.0.0.1"),
        ] {
            assert_eq!(host(one), host(other));
        }
        assert_ne!(host("jobs.example:80"), host("jobs.example:81"));
        for wrong in [
            "",
            ".",
            "a..b",
            "user@host",
            "host/path",
            "host:x",
            "host:+80",
            "host:65536",
            "ho st",
            "[::1",
            "::1",
            "[::1]x",
            "[::1]:x",
            "[fe80::1%25eth0]",
            "host:80:80",
            "höst",
            "a?b",
            "http://host",
        ] {
            assert_eq!(Host::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_that_others_can_make_mean_this_server_are_not_its_own() {
        for own in [
            "1.2.3.4",
            "127.0.0.1:3000",
            "[2001:db8::1]:3000",
            "localhost",
            "nas",
            "NAS.",
            "x.localhost",
        ] {
            assert!(host(own).is_own(), "{own}");
        }
        for foreign in
            ["evil.example", "1.2.3.4.evil.example", "nas.lan", "localhost.example", "1.2.3"]
        {
            assert!(!host(foreign).is_own(), "{foreign}");
        }
    }

    #[test]
    fn an_origin_has_the_port_of_its_scheme() {
        fn origin(text: &str) -> Origin<'_> {
            Origin::parse(text).unwrap_or_else(|| panic!("{text}"))
        }
        assert!(origin("https://jobs.example").is(&origin("HTTPS://Jobs.Example:443")));
        assert!(!origin("https://jobs.example").is(&origin("http://jobs.example:443")));
        assert!(origin("https://jobs.example").is_at(&host("jobs.example:443")));
        assert!(origin("http://jobs.example:80").is_at(&host("jobs.example.")));
        assert!(!origin("http://jobs.example:81").is_at(&host("jobs.example")));
        for wrong in
            ["null", "", "file://host", "http:host", "http://", "http://host/", "http://a@b"]
        {
            assert!(Origin::parse(wrong).is_none(), "{wrong}");
        }
    }
}
