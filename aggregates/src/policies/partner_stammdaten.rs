//! Changed master data of a Kunde or Lieferant go to his account in the ledger, at once and on the days on which an
//! address or terms begin or end (spec/README section 5, row 3). What differs there is decided when it is handed over,
//! so a day that was planned and changed again does no harm.

use chrono::NaiveDate;

use crate::{
    Aggregate,
    crm::{
        Kunde,
        kunde::{KundeCommand, KundeEvent, KundenAdresseArt},
    },
    policy::{Consequence, PolicyContext},
    types::kalender,
    wawi::{
        Lieferant,
        lieferant::{LieferantAdresseArt, LieferantCommand, LieferantEvent},
    },
};

/// The command now, on the first day and after the last one, as far as they are still to come.
fn uebergeben<T: Aggregate>(
    ctx: &PolicyContext,
    command: &T::Command,
    von: Option<NaiveDate>,
    bis: Option<NaiveDate>,
) -> Vec<Consequence> {
    let jetzt = Consequence::command::<T>(ctx.id, command);
    let beginn = von.filter(|von| *von > ctx.heute).map(kalender::beginn);
    let ende = bis.filter(|bis| *bis >= ctx.heute).map(kalender::ende);
    let spaeter = [beginn, ende].into_iter().flatten().map(|am| jetzt.clone().due(am));
    [jetzt.clone()].into_iter().chain(spaeter).collect()
}

/// Kunde.StammdatenGeaendert, Adresse… (rechnung), KonditionenGesetzt → Kunde.StammdatenUebergeben.
pub(super) fn kunde(event: &KundeEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let (ust_id, von, bis) = match event {
        KundeEvent::StammdatenGeaendert { ust_id, .. } => (ust_id.is_some(), None, None),
        KundeEvent::KonditionenGesetzt { .. } => (false, None, None),
        KundeEvent::AdresseHinzugefuegt { adresse }
        | KundeEvent::AdresseGeaendert { adresse }
        | KundeEvent::AdresseGeschlossen { adresse }
            if adresse.art == KundenAdresseArt::Rechnung =>
        {
            (false, Some(adresse.gueltig_von), adresse.gueltig_bis)
        }
        _ => return Vec::new(),
    };
    uebergeben::<Kunde>(ctx, &KundeCommand::StammdatenUebergeben { ust_id }, von, bis)
}

/// Lieferant.StammdatenGeaendert, AdresseGesetzt (haupt), KonditionGesetzt → Lieferant.StammdatenUebergeben.
pub(super) fn lieferant(event: &LieferantEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let (ust_id, von, bis) = match event {
        LieferantEvent::StammdatenGeaendert { ust_id, .. } => (ust_id.is_some(), None, None),
        LieferantEvent::KonditionGesetzt { kondition } => (false, Some(kondition.gueltig_ab), None),
        LieferantEvent::AdresseGesetzt { adresse } if adresse.art == LieferantAdresseArt::Haupt => {
            (false, Some(adresse.gueltig_von), adresse.gueltig_bis)
        }
        _ => return Vec::new(),
    };
    uebergeben::<Lieferant>(ctx, &LieferantCommand::StammdatenUebergeben { ust_id }, von, bis)
}
