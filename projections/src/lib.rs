//! The read models of VALEO NeuroERP: what their tables are, and the SQL of their rows.
//!
//! Two kinds (design.md, idea 6). *State tables*: the rows are the folded aggregate itself, written in the append's own
//! transaction ([`state`]). *Ledgers* over the whole log follow with a checkpoint that commits with their rows
//! ([`ledger`]). This crate knows SQL, but no connection of its own and no loop: the program runs it.

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
        StateModel::of::<aggregates::fibu::Kontenplan>(),
        StateModel::of::<aggregates::fibu::Konto>(),
        StateModel::of::<aggregates::fibu::SteuerSchluessel>(),
        StateModel::of::<aggregates::fibu::Geschaeftsjahr>(),
        StateModel::of::<aggregates::fibu::Debitor>(),
        StateModel::of::<aggregates::fibu::Kreditor>(),
        StateModel::of::<aggregates::fibu::Buchung>(),
    ]
}

/// All ledgers, one line each.
#[must_use]
pub fn ledgers() -> Vec<Box<dyn Ledger>> {
    vec![Box::new(fibu::Journal), Box::new(fibu::KontoSaldo)]
}

/// Facts that decisions may ask the ledgers for.
#[must_use]
pub fn facts() -> Vec<ledger::Fact> {
    fibu::konto_saldo::FACTS.to_vec()
}
