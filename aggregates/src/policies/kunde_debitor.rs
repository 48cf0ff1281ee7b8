//! What happens to a Kunde happens to his Debitor in the same unit of work (spec/README section 5, rows 1, 3 and 4).

use crate::{
    crm::{
        Kreditlinie, Kunde,
        kreditlinie::KreditlinieCommand,
        kunde::{KundeCommand, KundeEvent},
    },
    fibu::{
        Debitor,
        debitor::DebitorCommand,
        partner::{StammdatenEingabe, UstStatusEingabe},
    },
    policy::{Consequence, PolicyContext},
    types::{Text, kalender},
};

/// Kunde.Freigegeben → Debitor.Anlegen, Kreditlinie.Einrichten; SperreGesetzt, SperreAufgehoben (faktura) →
/// Debitor.Sperren, Entsperren; StammdatenUebergeben → Debitor.StammdatenUebernehmen.
pub(super) fn react(event: &KundeEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        KundeEvent::Freigegeben {
            debitor_id,
            kunden_nr,
            name,
            anschrift,
            zahlungsbedingung_id,
            ust_art,
            ust_status_ab,
            ust_id,
            waehrung,
            verbraucher,
        } => {
            let anlegen = DebitorCommand::Anlegen {
                nr: Text::cut(kunden_nr),
                name: Text::cut(name),
                anschrift: Some(anschrift.clone()),
                kunde_id: Some(ctx.id),
                sammelkonto: None,
                zahlungsbedingung_id: *zahlungsbedingung_id,
                waehrung: Some(Text::cut(waehrung)),
                verbraucher: Some(*verbraucher),
                mahnverfahren_id: None,
                zinsgruppe: None,
                ust_status: Some(UstStatusEingabe::anfang(*ust_status_ab, *ust_art, ust_id.as_deref())),
            };
            let einrichten = KreditlinieCommand::Einrichten { kunde_id: ctx.id };
            let linie = Kreditlinie::stream_id(ctx.mandant_id, ctx.id);
            vec![
                Consequence::command::<Debitor>(*debitor_id, &anlegen),
                Consequence::command::<Kreditlinie>(linie, &einrichten),
            ]
        }
        KundeEvent::SperreGesetzt {
            sperre,
            debitor_id: Some(debitor_id),
        } => {
            let grund = Text::cut(&sperre.grund);
            let sperren = DebitorCommand::Sperren { grund };
            vec![Consequence::command::<Debitor>(*debitor_id, &sperren)]
        }
        KundeEvent::SperreAufgehoben {
            grund,
            debitor_id: Some(debitor_id),
            ..
        } => {
            let grund = Some(Text::cut(grund));
            let entsperren = DebitorCommand::Entsperren { grund };
            vec![Consequence::command::<Debitor>(*debitor_id, &entsperren)]
        }
        KundeEvent::StammdatenUebergeben {
            debitor_id,
            name,
            anschrift,
            ust_id,
            zahlungsbedingung_id,
        } => {
            let uebernehmen = DebitorCommand::StammdatenUebernehmen(StammdatenEingabe {
                name: name.as_deref().map(Text::cut),
                anschrift: anschrift.clone(),
                ust_id: ust_id.as_deref().map(Text::cut),
                zahlungsbedingung_id: *zahlungsbedingung_id,
            });
            vec![Consequence::command::<Debitor>(*debitor_id, &uebernehmen)]
        }
        _ => Vec::new(),
    }
}

/// Kunde.SperreGesetzt with a last day → SperreAblaufen after it.
pub(super) fn fristen(event: &KundeEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        KundeEvent::SperreGesetzt { sperre, .. } => sperre
            .bis
            .map(|bis| {
                let ablaufen = KundeCommand::SperreAblaufen { art: sperre.art, bis };
                Consequence::command::<Kunde>(ctx.id, &ablaufen).due(kalender::ende(bis))
            })
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}
