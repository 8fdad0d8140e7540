//! The client address, by which limits are counted, because identities are free.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use super::{
    keyed_hash::{HashKey, hex},
    store::Secret,
};

/// Prefix length of an IPv6 client network; the client chooses the remaining bits.
const NETWORK_BITS: u32 = 64;

/// A client address as limits count it: a whole IPv4 address, or an IPv6 /64 network. Its text form
/// is `192.0.2.7` or `2001:db8:1:2::/64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientAddress(IpAddr);

impl From<IpAddr> for ClientAddress {
    /// Treats an IPv4-mapped IPv6 address (`::ffff:192.0.2.7`) as the IPv4 address.
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) if !v6.is_loopback() => {
                let network = u128::MAX << (Ipv6Addr::BITS - NETWORK_BITS);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & network))
            }
            whole => whole,
        })
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V6(v6) if !v6.is_loopback() => write!(f, "{v6}/{NETWORK_BITS}"),
            whole => whole.fmt(f),
        }
    }
}

/// Hashes addresses for storage. The same for all processes of one store.
pub(super) struct ClientKey(HashKey);

impl ClientKey {
    /// The name of its secret in the store.
    pub(super) const NAME: &str = "client";

    pub(super) fn new(secret: &Secret) -> Self {
        Self(HashKey::new(secret))
    }

    /// A keyed hash, so that a dump of the tasks table contains no addresses.
    pub(super) fn hash(&self, client: ClientAddress) -> String {
        hex(&self.0.hash(&[client.to_string().as_bytes()])[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(address: &str) -> String {
        ClientAddress::from(address.parse::<IpAddr>().unwrap()).to_string()
    }

    #[test]
    fn an_address_counts_whole_or_by_its_network() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8::1", "2001:db8::/64"),
            ("fe80::1", "fe80::/64"),
            ("::1", "::1"),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(text(address), expected, "{address}");
        }
    }

    #[test]
    fn a_hash_is_the_same_for_one_key_and_tells_no_address() {
        let (one, other) = (ClientKey::new(&[1; 32]), ClientKey::new(&[2; 32]));
        let client = ClientAddress::from(IpAddr::from([192, 0, 2, 7]));
        assert_eq!(one.hash(client), one.hash(client));
        assert_ne!(one.hash(client), other.hash(client));
        assert_ne!(one.hash(client), one.hash(IpAddr::from([192, 0, 2, 8]).into()));
        assert_eq!(one.hash(client).len(), 32);
    }
}
