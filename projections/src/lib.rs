//! The read models of VALEO NeuroERP: what their tables are, and the SQL of their rows.
//!
//! Two kinds (design.md, idea 6). *State tables*: the rows are the folded aggregate itself, written in the append's own
//! transaction ([`state`]). *Ledgers* over the whole log follow with a checkpoint that commits with their rows
//! ([`ledger`]). This crate knows SQL, but no connection of its own and no loop: the program runs it.

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
    use aggregates::{
        crm::{Auftrag, Kreditlinie, Kunde},
        dienste::{ApiKey, Mandant, Nummernkreis},
        fibu::{Buchung, Debitor, Geschaeftsjahr, Kontenplan, Konto, Kreditor, SteuerSchluessel},
        wawi::{
            Artikel, Artikelgruppe, Bestellung, Lager, Lagerbestand, Lieferant, Mengeneinheit, Preisliste, Versand,
            Wareneingang,
        },
    };
    vec![
        StateModel::of::<Mandant>(),
        StateModel::of::<Nummernkreis>(),
        StateModel::of::<ApiKey>(),
        StateModel::of::<Kontenplan>(),
        StateModel::of::<Konto>(),
        StateModel::of::<SteuerSchluessel>(),
        StateModel::of::<Geschaeftsjahr>(),
        StateModel::of::<Debitor>(),
        StateModel::of::<Kreditor>(),
        StateModel::of::<Buchung>(),
        StateModel::of::<Mengeneinheit>(),
        StateModel::of::<Artikelgruppe>(),
        StateModel::of::<Artikel>(),
        StateModel::of::<Preisliste>(),
        StateModel::of::<Lager>(),
        StateModel::of::<Lagerbestand>(),
        StateModel::of::<Kunde>(),
        StateModel::of::<Kreditlinie>(),
        StateModel::of::<Lieferant>(),
        StateModel::of::<Bestellung>(),
        StateModel::of::<Wareneingang>(),
        StateModel::of::<Auftrag>(),
        StateModel::of::<Versand>(),
    ]
}

/// All ledgers, one line each.
#[must_use]
pub fn ledgers() -> Vec<Box<dyn Ledger>> {
    vec![
        Box::new(fibu::Journal),
        Box::new(fibu::KontoSaldo),
        Box::new(wawi::Lagerbewegung),
        Box::new(crm::AuftragBewegung),
    ]
}

/// Facts that decisions may ask the ledgers for.
#[must_use]
pub fn facts() -> Vec<ledger::Fact> {
    [fibu::konto_saldo::FACTS, wawi::lagerbewegung::FACTS].concat()
}
