//! The read models of VALEO NeuroERP: what their tables are, and the SQL of their rows.
//!
//! Two kinds (design.md, idea 6). *State tables*: the rows are the folded aggregate itself, written in the append's own
//! transaction ([`state`]). *Ledgers* over the whole log follow with a checkpoint that commits with their rows
//! ([`ledger`]); most of them are ledgers of changes ([`aenderungsbuch`]). This crate knows SQL, but no connection of its own and no loop: the program runs it.

pub mod aenderungsbuch;
pub mod comments;
pub mod crm;
pub mod dienste;
pub mod fibu;
pub mod ledger;
pub mod state;
pub mod wawi;

pub use ledger::{Ledger, LedgerError, LogEvent};
pub use state::{StateModel, StateReadModel, Table};

/// State tables of all aggregates, one line each.
#[must_use]
pub fn state_models() -> Vec<StateModel> {
    vec![
        StateModel::of::<aggregates::dienste::Mandant>(),
        StateModel::of::<aggregates::dienste::Nummernkreis>(),
        StateModel::of::<aggregates::dienste::ApiKey>(),
        StateModel::of::<aggregates::dienste::Firmenstammdaten>(),
        StateModel::of::<aggregates::fibu::Kontenplan>(),
        StateModel::of::<aggregates::fibu::Konto>(),
        StateModel::of::<aggregates::fibu::SteuerSchluessel>(),
        StateModel::of::<aggregates::fibu::Geschaeftsjahr>(),
        StateModel::of::<aggregates::fibu::Debitor>(),
        StateModel::of::<aggregates::fibu::Kreditor>(),
        StateModel::of::<aggregates::fibu::Zahlungsbedingung>(),
        StateModel::of::<aggregates::fibu::Waehrung>(),
        StateModel::of::<aggregates::fibu::Buchung>(),
        StateModel::of::<aggregates::fibu::Rechnung>(),
        StateModel::of::<aggregates::fibu::Eingangsrechnung>(),
        StateModel::of::<aggregates::wawi::Rechnungspruefung>(),
        StateModel::of::<aggregates::wawi::Mengeneinheit>(),
        StateModel::of::<aggregates::wawi::Artikelgruppe>(),
        StateModel::of::<aggregates::wawi::Artikel>(),
        StateModel::of::<aggregates::wawi::Preisliste>(),
        StateModel::of::<aggregates::wawi::Lager>(),
        StateModel::of::<aggregates::wawi::Lagerbestand>(),
        StateModel::of::<aggregates::crm::Kunde>(),
        StateModel::of::<aggregates::crm::Kreditlinie>(),
        StateModel::of::<aggregates::wawi::Lieferant>(),
        StateModel::of::<aggregates::wawi::Bestellung>(),
        StateModel::of::<aggregates::wawi::Wareneingang>(),
        StateModel::of::<aggregates::fibu::OffenerPosten>(),
        StateModel::of::<aggregates::fibu::Ausgleich>(),
        StateModel::of::<aggregates::fibu::Geldkonto>(),
        StateModel::of::<aggregates::fibu::Zahlung>(),
        StateModel::of::<aggregates::crm::Auftrag>(),
        StateModel::of::<aggregates::wawi::Versand>(),
    ]
}

/// All ledgers, one line each.
#[must_use]
pub fn ledgers() -> Vec<Box<dyn Ledger>> {
    vec![
        Box::new(fibu::Journal),
        Box::new(fibu::KontoSaldo),
        Box::new(fibu::Rechnungsbuch),
        Box::new(wawi::Lagerbewegung),
        Box::new(fibu::OpBewegung),
        Box::new(crm::AuftragBewegung),
        Box::new(wawi::BestellBewegung),
        Box::new(wawi::WareneingangBewegung),
        Box::new(crm::Belegkette),
    ]
}

/// Facts that decisions may ask the ledgers for.
#[must_use]
pub fn facts() -> Vec<ledger::Fact> {
    let facts = [
        crm::auftrag_bewegung::FACTS,
        fibu::konto_saldo::FACTS,
        fibu::op_bewegung::FACTS,
        wawi::bestell_bewegung::FACTS,
        wawi::lagerbewegung::FACTS,
        wawi::wareneingang_bewegung::FACTS,
    ];
    facts.concat()
}
