//! What happens to a Lieferant happens to his Kreditor in the same unit of work (spec/README section 5, rows 2, 3 and 5).

use crate::{
    fibu::{
        Kreditor,
        kreditor::KreditorCommand,
        partner::{StammdatenEingabe, UstStatusEingabe},
    },
    policy::{Consequence, PolicyContext},
    types::Text,
    wawi::lieferant::LieferantEvent,
};

/// Lieferant.Freigegeben → Kreditor.Anlegen; Gesperrt, Entsperrt (zahlung, gesamt) → Kreditor.ZahlsperreSetzen,
/// ZahlsperreAufheben; StammdatenUebergeben → Kreditor.StammdatenUebernehmen.
pub(super) fn react(event: &LieferantEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let (kreditor_id, command) = match event {
        LieferantEvent::Freigegeben {
            kreditor_id,
            lieferant_nr,
            name,
            anschrift,
            zahlungsbedingung_id,
            ust_art,
            ust_status_ab,
            ust_id,
            waehrung,
        } => {
            let anlegen = KreditorCommand::Anlegen {
                nr: Text::cut(lieferant_nr),
                name: Text::cut(name),
                anschrift: Some(anschrift.clone()),
                lieferant_id: Some(ctx.id),
                sammelkonto: None,
                zahlungsbedingung_id: Some(*zahlungsbedingung_id),
                waehrung: Some(Text::cut(waehrung)),
                selbstabrechnung_ab: None,
                ust_status: Some(UstStatusEingabe::anfang(*ust_status_ab, *ust_art, ust_id.as_deref())),
            };
            (*kreditor_id, anlegen)
        }
        LieferantEvent::Gesperrt {
            sperre,
            kreditor_id: Some(kreditor_id),
        } => {
            let grund = Text::cut(&sperre.grund);
            (*kreditor_id, KreditorCommand::ZahlsperreSetzen { bis: None, grund })
        }
        LieferantEvent::Entsperrt {
            kreditor_id: Some(kreditor_id),
            ..
        } => (*kreditor_id, KreditorCommand::ZahlsperreAufheben {}),
        LieferantEvent::StammdatenUebergeben {
            kreditor_id,
            name,
            anschrift,
            ust_id,
            zahlungsbedingung_id,
        } => {
            let neu = StammdatenEingabe {
                name: name.as_deref().map(Text::cut),
                anschrift: anschrift.clone(),
                ust_id: ust_id.as_deref().map(Text::cut),
                zahlungsbedingung_id: *zahlungsbedingung_id,
            };
            (*kreditor_id, KreditorCommand::StammdatenUebernehmen(neu))
        }
        _ => return Vec::new(),
    };
    vec![Consequence::command::<Kreditor>(kreditor_id, &command)]
}
