//! Random histories over all areas at once, over HTTP: whatever is posted, invoiced, paid, settled, taken back, moved,
//! ordered, delivered, bought, received and sealed, in whatever order, the invariants hold, and reports of the past say what
//! they said.
//!
//! The dice have a seed; a failing test names it. Policies follow on their own time, so a history is the same only
//! as far as its own steps go.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

#[path = "../common/mod.rs"]
mod common;
mod damals;
mod einkauf;
mod einkaufsrechnungen;
mod geld;
mod modell;
mod pruefen;
mod pruefen_einkauf;
mod rechnungen;
mod waren;
mod wareneingaenge;
mod welt;

use welt::Welt;

/// Plays a history in which so many steps of a hundred are of the books and so many of purchase; reports are kept every so
/// many steps.
async fn verlauf(saat: u64, geld: u64, einkauf: u64) {
    const SCHRITTE: u32 = 300;
    const DAVON_GELINGEN: u32 = 100;
    let mut w = Welt::neu(saat).await;
    let mut berichte = Vec::new();
    for schritt in 0..SCHRITTE {
        match w.wuerfel.unter(100) {
            wurf if wurf < geld => geld::schritt(&mut w).await,
            wurf if wurf < geld + einkauf => einkauf::schritt(&mut w).await,
            _ => waren::schritt(&mut w).await,
        }
        if schritt == SCHRITTE / 3 {
            geld::festschreiben(&mut w).await;
        }
        if schritt % 60 == 59 {
            damals::merken(&mut w, &mut berichte).await;
        }
    }
    pruefen::alles(&w).await;
    damals::vergleichen(&w, &berichte).await;
    eprintln!("{:#?} {:#?}", w.angenommen, w.abgelehnt);
    assert!(w.angenommen.values().sum::<u32>() > DAVON_GELINGEN);
    assert!(!w.abgelehnt.is_empty() && !w.siegel.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn ueber_beliebige_verlaeufe_der_buecher_halten_alle_invarianten() {
    verlauf(1, 95, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ueber_beliebige_verlaeufe_von_lager_und_verkauf_halten_alle_invarianten() {
    verlauf(2, 15, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ueber_beliebige_gemischte_verlaeufe_halten_alle_invarianten() {
    verlauf(3, 40, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ueber_beliebige_verlaeufe_des_einkaufs_halten_alle_invarianten() {
    verlauf(4, 20, 75).await;
}
