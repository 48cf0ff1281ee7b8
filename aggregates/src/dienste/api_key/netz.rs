//! The networks that a key may be used from.

use std::{net::IpAddr, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A network that a key may be used from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyNetz {
    /// The network, `192.0.2.0/24` or `2001:db8::/32`.
    pub netz: String,
}

impl ApiKeyNetz {
    /// True if an address lies in the network.
    #[must_use]
    pub fn enthaelt(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        netz(&self.netz)
            .is_some_and(|(netz, laenge)| netz.is_ipv4() == ip.is_ipv4() && maskiert(ip, laenge) == bits(netz).0)
    }
}

/// Reads a network; a single address is one of full length.
pub(super) fn netz(text: &str) -> Option<(IpAddr, u32)> {
    let (ip, laenge) = match text.split_once('/') {
        Some((ip, laenge)) => (IpAddr::from_str(ip).ok()?, Some(laenge)),
        None => (IpAddr::from_str(text).ok()?, None),
    };
    let (wert, bits) = bits(ip);
    let laenge = match laenge {
        Some(l) if l.len() <= 3 && l.bytes().all(|b| b.is_ascii_digit()) => l.parse().ok()?,
        Some(_) => return None,
        None => bits,
    };
    (laenge <= bits && maskiert(ip, laenge) == wert).then_some((ip, laenge))
}

/// Value and number of bits of an address.
fn bits(ip: IpAddr) -> (u128, u32) {
    match ip {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()), 32),
        IpAddr::V6(ip) => (ip.to_bits(), 128),
    }
}

/// The first `laenge` bits of an address, the others zero.
fn maskiert(ip: IpAddr, laenge: u32) -> u128 {
    let (wert, bits) = bits(ip);
    let hinten = bits.saturating_sub(laenge);
    wert.checked_shr(hinten)
        .and_then(|w| w.checked_shl(hinten))
        .unwrap_or(0)
}
