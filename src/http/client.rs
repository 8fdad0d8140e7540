//! Client addresses: the peer, or the address that trusted proxies report.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, header},
};
use ipnet::{IpNet, Ipv4Net};

use super::HttpOptions;
use crate::{engine::ClientAddress, loopback::is_loopback};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Proxy, or network of proxies, whose `X-Forwarded-For` is trusted: `192.0.2.1`, `10.0.0.0/8`,
/// `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

impl TrustedProxy {
    /// Whether the address belongs to the proxy or the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// The text is neither an IP address nor a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an IP address or a network such as 10.0.0.0/8")]
pub struct InvalidProxy(String);

impl FromStr for TrustedProxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let network = address.or_else(|_| text.parse::<IpNet>());
        let network = network.map_err(|_| InvalidProxy(text.to_owned()))?;
        Ok(Self(canonical(network)))
    }
}

/// Converts a network of IPv4-mapped IPv6 addresses to IPv4, the form in which addresses are
/// compared.
fn canonical(network: IpNet) -> IpNet {
    let inside = |net: ipnet::Ipv6Net| {
        let bits = net.prefix_len().checked_sub(96)?;
        Ipv4Net::new(net.addr().to_ipv4_mapped()?, bits).ok()
    };
    match network {
        IpNet::V6(net) => inside(net).map_or(network, IpNet::V4),
        IpNet::V4(_) => network,
    }
}

/// Determines the client's address and inserts it into the request's extensions. Keeps an address
/// that is already there; returns `None` without [`ConnectInfo`]. Call it before any limit by
/// address.
pub(super) fn note(request: &mut Request, trusted: &[TrustedProxy]) -> Option<ClientAddress> {
    if let Some(known) = request.extensions().get::<ClientAddress>() {
        return Some(*known);
    }
    let ConnectInfo(peer) = *request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let client = ClientAddress::from(behind_proxies(peer.ip(), request.headers(), trusted));
    request.extensions_mut().insert(client);
    Some(client)
}

/// Headers that a proxy adds.
const FORWARDED: [&str; 4] = [FORWARDED_FOR, "forwarded", "via", "x-real-ip"];

/// Whether a request comes from this machine itself, for a server that only this machine knows and whose
/// operator wants to know (`auth.local_operator`): the peer and the host are
/// loopback, no proxy is in between, and the server has no public origin.
pub(super) fn is_local(request: &Request, options: &HttpOptions) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let host = request.uri().authority().map(|authority| authority.host());
    let host = host.or_else(|| {
        let header = request.headers().get(header::HOST)?.to_str().ok()?;
        // Without the port, also behind an IPv6 address.
        Some(
            header
                .rsplit_once(':')
                .filter(|(_, port)| !port.contains(']'))
                .map_or(header, |it| it.0),
        )
    });
    options.auth.local_operator
        && options.public_origins.is_empty()
        && peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback())
        && host.is_some_and(is_loopback)
        && FORWARDED.iter().all(|name| !request.headers().contains_key(*name))
}

/// The right-most address in `X-Forwarded-For` that is not a trusted proxy. An invalid entry ends
/// the search at the proxy that wrote it.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[TrustedProxy]) -> IpAddr {
    let mut current = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    while trusted.iter().any(|proxy| proxy.0.contains(&current)) {
        let Some(address) = entries.next().and_then(entry) else { break };
        current = address;
    }
    current
}

/// Parses one entry: an address, optionally with a port.
fn entry(bytes: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address: Option<IpAddr> = text.parse().ok().or_else(bracketed).or_else(with_port);
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, lines: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let trusted: Vec<_> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        behind_proxies(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        assert_eq!(client("192.0.2.1", &["198.51.100.9"], &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["198.51.100.9"], &["192.0.2.2"]), "192.0.2.1");
    }

    #[test]
    fn behind_trusted_proxies_the_right_most_untrusted_entry_counts() {
        let trusted = ["10.0.0.0/8", "2001:db8:ffff::/48", "::ffff:172.16.0.0/108"];
        for (peer, lines, expected) in [
            ("10.0.0.1", &["198.51.100.9"][..], "198.51.100.9"),
            // Entries that the client sent itself stand further left.
            ("10.0.0.1", &["1.1.1.1, 198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.9, 10.0.0.2"], "198.51.100.9"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.9,10.0.0.2"], "198.51.100.9"),
            ("10.0.0.1", &["198.51.100.9", "10.0.0.3", "10.0.0.2"], "198.51.100.9"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.9"], "198.51.100.9"),
            ("172.16.0.1", &["2001:db8::9"], "2001:db8::9"),
            ("2001:db8:ffff::1", &["[2001:db8::9]:443"], "2001:db8::9"),
            ("10.0.0.1", &["[2001:db8::9]"], "2001:db8::9"),
            ("10.0.0.1", &["198.51.100.9:4711"], "198.51.100.9"),
            // All are trusted: use the left-most.
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_eq!(client(peer, lines, &trusted), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn an_entry_that_is_no_address_ends_the_search_at_the_last_trusted_proxy() {
        for line in ["", ",", "unknown", "198.51.100.9, nonsense", "198.51.100.9, ", "256.1.1.1"] {
            assert_eq!(client("10.0.0.1", &[line], &["10.0.0.0/8"]), "10.0.0.1", "{line:?}");
        }
        let line = "198.51.100.9, evil, 10.0.0.2";
        assert_eq!(client("10.0.0.1", &[line], &["10.0.0.0/8"]), "10.0.0.2");
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        for text in ["192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "::1"] {
            assert!(text.parse::<TrustedProxy>().is_ok(), "{text}");
        }
        for text in ["", "proxy.example", "10.0.0.0/33", "*", "10.0.0.1:80"] {
            assert!(text.parse::<TrustedProxy>().is_err(), "{text}");
        }
    }
}
