//! How many connections there may be.

use crate::telemetry::Reason;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the connections that are open, all and by address.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    max_per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Places {
    pub(super) fn new(max: usize, max_per_address: usize) -> Arc<Self> {
        Arc::new(Self { max, max_per_address, taken: Mutex::default() })
    }

    /// A place for a connection from this address, until it is dropped.
    ///
    /// # Errors
    /// Which limit is reached.
    pub(super) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Place, Reason> {
        let address = address.map(neighbourhood);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.max {
            return Err(Reason::Connections);
        }
        if let Some(address) = address {
            let count = taken.by_address.entry(address).or_default();
            if *count >= self.max_per_address {
                return Err(Reason::ConnectionsPerAddress);
            }
            *count += 1;
        }
        taken.all += 1;
        Ok(Place { places: Arc::clone(self), address })
    }

    fn free(&self, address: Option<IpAddr>) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        let Some(address) = address else { return };
        if let Some(count) = taken.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

/// What counts as one address: of version 6 the first 64 bits, all of which one host may use.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

impl Place {
    /// What the connections of its peer are counted by.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.free(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([127, 0, 0, last]))
    }

    #[test]
    fn one_address_cannot_take_the_places_of_all() {
        let places = Places::new(3, 2);
        let first = places.take(address(1)).unwrap();
        let _second = places.take(address(1)).unwrap();

        assert_eq!(places.take(address(1)).unwrap_err(), Reason::ConnectionsPerAddress);
        let _third = places.take(address(2)).unwrap();
        assert_eq!(places.take(address(3)).unwrap_err(), Reason::Connections);

        drop(first);
        assert!(places.take(address(1)).is_ok());
    }

    #[test]
    fn a_host_of_version_six_is_one_address_however_many_it_has() {
        let places = Places::new(100, 1);
        let take = |address: &str| places.take(Some(address.parse().unwrap()));
        let _first = take("2001:db8::1").unwrap();
        let _mapped = take("::ffff:127.0.0.1").unwrap();

        assert_eq!(take("2001:db8::ffff:1").unwrap_err(), Reason::ConnectionsPerAddress);
        assert_eq!(take("127.0.0.1").unwrap_err(), Reason::ConnectionsPerAddress);
        assert!(take("2001:db8:0:1::1").is_ok());
    }

    #[test]
    fn addresses_that_have_left_are_forgotten() {
        let places = Places::new(100, 2);

        for last in 0..50 {
            drop(places.take(address(last)));
        }

        assert_eq!(places.taken.lock().unwrap().by_address.len(), 0);
    }
}
