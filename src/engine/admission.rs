//! Limited slots for connections, uploads, exports or deletions, in total and per client address or other holder.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use parking_lot::Mutex;

use super::ClientAddress;

/// An eighth of all slots is reserved for holders that have none yet, so that a few of them
/// cannot take all.
const NEWCOMERS: usize = 8;

/// Numbers of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MaxPlaces {
    /// In total.
    pub in_all: usize,
    /// Per client address, or whoever else holds them.
    pub per_client: usize,
}

impl MaxPlaces {
    /// Creates limits of `in_all` slots, and `per_client` for each client address.
    pub const fn new(in_all: usize, per_client: usize) -> Self {
        Self { in_all, per_client }
    }
}

/// Counts the slots in use, by who holds them.
#[derive(Debug)]
pub struct Admission<C: Eq + Hash = ClientAddress> {
    max: MaxPlaces,
    taken: Mutex<Taken<C>>,
}

#[derive(Debug)]
struct Taken<C> {
    in_all: usize,
    /// Those that hold at least one slot.
    by_client: HashMap<C, usize>,
}

/// Why no slot is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The address holds its maximum.
    #[error("{max} from your address are open, the most that one may have")]
    Client {
        /// The limit.
        max: usize,
    },
    /// All slots are in use.
    #[error("{max} are open, the most that there may be")]
    All {
        /// The limit.
        max: usize,
    },
}

impl<C: Clone + Eq + Hash> Admission<C> {
    /// Creates an admission with all slots free.
    pub fn new(max: MaxPlaces) -> Arc<Self> {
        let taken = Taken { in_all: 0, by_client: HashMap::new() };
        Arc::new(Self { max, taken: Mutex::new(taken) })
    }

    /// Returns how many slots are in use.
    pub fn in_use(&self) -> usize {
        self.taken.lock().in_all
    }

    /// Takes a slot for this address. Without an address only the total counts, as for a proxy that
    /// serves many clients.
    ///
    /// # Errors
    /// When no slot is free.
    pub fn enter(self: &Arc<Self>, client: Option<C>) -> Result<Place<C>, Full> {
        let mut taken = self.taken.lock();
        let own = client.as_ref().and_then(|client| taken.by_client.get(client));
        let own = own.copied().unwrap_or(0);
        let MaxPlaces { in_all, per_client } = self.max;
        if client.is_some() && own >= per_client {
            return Err(Full::Client { max: per_client });
        }
        let newcomer = client.is_some() && own == 0;
        let room = if newcomer { in_all } else { in_all - in_all / NEWCOMERS };
        if taken.in_all >= room {
            return Err(Full::All { max: in_all });
        }
        taken.in_all += 1;
        if let Some(client) = client.clone() {
            taken.by_client.insert(client, own + 1);
        }
        Ok(Place { admission: Arc::clone(self), client })
    }
}

/// A slot in use, released on drop.
#[derive(Debug)]
pub struct Place<C: Eq + Hash = ClientAddress> {
    admission: Arc<Admission<C>>,
    client: Option<C>,
}

impl<C: Eq + Hash> Drop for Place<C> {
    fn drop(&mut self) {
        let mut taken = self.admission.taken.lock();
        taken.in_all = taken.in_all.saturating_sub(1);
        let Some(client) = &self.client else { return };
        if let Some(own) = taken.by_client.get_mut(client) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by_client.remove(client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(last: u8) -> Option<ClientAddress> {
        Some(IpAddr::from([192, 0, 2, last]).into())
    }

    fn places(
        admission: &Arc<Admission>,
        client: Option<ClientAddress>,
        number: usize,
    ) -> Vec<Place> {
        (0..number).map_while(|_| admission.enter(client).ok()).collect()
    }

    #[test]
    fn one_address_has_its_share_and_no_more() {
        let admission = Admission::new(MaxPlaces { in_all: 16, per_client: 4 });
        let mut own = places(&admission, client(1), 10);
        assert_eq!(own.len(), 4);
        assert_eq!(admission.enter(client(1)).err(), Some(Full::Client { max: 4 }));
        assert!(admission.enter(client(2)).is_ok());
        own.pop();
        assert!(admission.enter(client(1)).is_ok());
    }

    #[test]
    fn the_last_places_are_for_those_who_have_none() {
        let admission = Admission::new(MaxPlaces { in_all: 16, per_client: 16 });
        let own = places(&admission, client(1), 20);
        assert_eq!(own.len(), 14);
        assert_eq!(admission.enter(client(1)).err(), Some(Full::All { max: 16 }));
        let second = admission.enter(client(2)).ok();
        assert!(second.is_some() && admission.enter(client(2)).is_err());
        let third = admission.enter(client(3)).ok();
        assert!(third.is_some() && admission.enter(client(4)).is_err());
        drop((own, second, third));
        assert_eq!(places(&admission, client(4), 20).len(), 14);
        assert!(admission.taken.lock().by_client.is_empty());
    }

    #[test]
    fn a_proxy_has_the_connections_of_many() {
        let admission = Admission::new(MaxPlaces { in_all: 16, per_client: 4 });
        assert_eq!(places(&admission, None, 20).len(), 14);
    }
}
