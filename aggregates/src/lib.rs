//! The pure domain of VALEO NeuroERP: aggregates, value types, policies. No I/O, no clock, no randomness.
//!
//! A new aggregate is one file in its area's folder, one line in [`registry()`], one read model and one migration;
//! `docs/new-aggregate.md` shows it step by step.

mod aggregate;
mod angaben;
pub mod context;
pub mod crm;
pub mod dienste;
pub mod eingabe;
pub mod fibu;
pub mod geschaeftspartner;
pub mod policies;
pub mod policy;
mod refusal;
pub mod registry;
pub mod testing;
pub mod types;
pub mod wawi;

pub use aggregate::{Aggregate, CommandName, Decision, EventName, Key, StreamKey};
pub use context::{Context, Lookup};
pub use refusal::{DomainError, FieldError, Refusal, Refused, Shared, status_of};
pub use registry::{Entry, Registry};

/// All aggregates of the house, one line each, and the policies that connect them.
#[must_use]
pub fn registry() -> Registry {
    Registry::new(
        vec![
            Entry::of::<dienste::Mandant>(),
            Entry::of::<dienste::Nummernkreis>(),
            Entry::of::<dienste::ApiKey>(),
            Entry::of::<dienste::Firmenstammdaten>(),
            Entry::of::<fibu::Kontenplan>(),
            Entry::of::<fibu::Konto>(),
            Entry::of::<fibu::SteuerSchluessel>(),
            Entry::of::<fibu::Geschaeftsjahr>(),
            Entry::of::<fibu::Debitor>(),
            Entry::of::<fibu::Kreditor>(),
            Entry::of::<fibu::Zahlungsbedingung>(),
            Entry::of::<fibu::Waehrung>(),
            Entry::of::<fibu::Buchung>(),
            Entry::of::<fibu::Rechnung>(),
            Entry::of::<fibu::Eingangsrechnung>(),
            Entry::of::<wawi::Rechnungspruefung>(),
            Entry::of::<wawi::Mengeneinheit>(),
            Entry::of::<wawi::Artikelgruppe>(),
            Entry::of::<wawi::Artikel>(),
            Entry::of::<wawi::Preisliste>(),
            Entry::of::<wawi::Lager>(),
            Entry::of::<wawi::Lagerbestand>(),
            Entry::of::<crm::Kunde>(),
            Entry::of::<crm::Kreditlinie>(),
            Entry::of::<wawi::Lieferant>(),
            Entry::of::<wawi::Bestellung>(),
            Entry::of::<wawi::Wareneingang>(),
            Entry::of::<fibu::OffenerPosten>(),
            Entry::of::<fibu::Ausgleich>(),
            Entry::of::<fibu::Geldkonto>(),
            Entry::of::<fibu::Zahlung>(),
            Entry::of::<crm::Auftrag>(),
            Entry::of::<wawi::Versand>(),
        ],
        policies::all(),
    )
}
