//! A payment, its voucher, its item and its settlement are one unit of work (fibu 4, 10).

use chrono::NaiveDate;
use uuid::Uuid;

use crate::{
    Aggregate,
    fibu::{
        Ausgleich, Zahlung,
        ausgleich::{
            AusgleichCommand, AusgleichZeile, AusgleichZeileEingabe as Posten, AusgleichenEingabe, Restbehandlung,
        },
        buchung::Herkunft,
        buchungssatz::{Belegkopf, umkehren},
        zahlung::{Geldbeleg, ZahlungEvent},
    },
    policy::{Consequence, PolicyContext},
    types::{Dezimal, Text},
};

/// Zahlung.Gebucht → Buchung.Uebernehmen, Ausgleich.Ausgleichen;
/// Zahlung.Zurueckgegeben → Ausgleich.Aufheben, Buchung.Uebernehmen, Ausgleich.Ausgleichen;
/// Zahlung.Storniert → Ausgleich.Aufheben, Buchung.Umkehren.
pub(super) fn react(event: &ZahlungEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        ZahlungEvent::Erfasst { .. } => Vec::new(),
        ZahlungEvent::Gebucht {
            beleg,
            wertstellung,
            ausgleich_id,
            zeilen,
            restbehandlung,
            ..
        } => {
            let ausgleich =
                ausgleich_id.map(|id| ausgleichen(id, beleg.buchungsdatum, *wertstellung, zeilen, *restbehandlung));
            std::iter::once(buchen(beleg, ctx)).chain(ausgleich).collect()
        }
        ZahlungEvent::Zurueckgegeben {
            grund_code,
            ausgleiche,
            beleg,
            ausgleich_id,
            zeilen,
        } => {
            let datum = beleg.buchungsdatum;
            let mut folgen = aufheben(ausgleiche, &format!("Rückgabe {grund_code}"), datum);
            folgen.push(buchen(beleg, ctx));
            folgen.push(ausgleichen(*ausgleich_id, datum, datum, zeilen, Restbehandlung::Offen));
            folgen
        }
        ZahlungEvent::Storniert {
            grund,
            buchungsdatum,
            ausgleiche,
            umkehr,
        } => {
            let mut folgen = aufheben(ausgleiche, grund, *buchungsdatum);
            folgen.extend(umkehr.iter().map(|umkehr| umkehren(umkehr, grund, *buchungsdatum)));
            folgen
        }
    }
}

fn aufheben(ausgleiche: &[Uuid], grund: &str, datum: NaiveDate) -> Vec<Consequence> {
    let command = AusgleichCommand::Aufheben {
        grund: Text::cut(grund),
        datum: Some(datum),
    };
    let aufheben = |id: &Uuid| Consequence::command::<Ausgleich>(*id, &command);
    ausgleiche.iter().map(aufheben).collect()
}

fn ausgleichen(
    id: Uuid,
    datum: NaiveDate,
    wert: NaiveDate,
    zeilen: &[AusgleichZeile],
    restbehandlung: Restbehandlung,
) -> Consequence {
    let posten = |zeile: &AusgleichZeile| Posten {
        op_id: zeile.op_id,
        betrag: Dezimal(zeile.betrag.as_decimal()),
        skonto: zeile.skonto.map(|s| Dezimal(s.as_decimal())),
    };
    let command = AusgleichCommand::Ausgleichen(AusgleichenEingabe {
        datum,
        wert: Some(wert),
        zeilen: zeilen.iter().map(posten).collect(),
        restbehandlung: Some(restbehandlung),
        grund: None,
    });
    Consequence::command::<Ausgleich>(id, &command)
}

/// The voucher.
fn buchen(beleg: &Geldbeleg, ctx: &PolicyContext) -> Consequence {
    beleg.buchung.uebernehmen(Belegkopf {
        herkunft: Herkunft {
            typ: Zahlung::TYPE.to_owned(),
            id: ctx.id,
        },
        belegnummer: None,
        belegkreis: &beleg.belegkreis,
        belegdatum: beleg.buchungsdatum,
        buchungsdatum: beleg.buchungsdatum,
        beleg: None,
        bedingung: None,
    })
}
