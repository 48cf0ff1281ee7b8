//! A payment, its voucher, its item and its settlement are one unit of work (fibu 4, 10).

use chrono::NaiveDate;
use uuid::Uuid;

use crate::{
    Aggregate,
    fibu::{
        Ausgleich, Buchung, Zahlung,
        ausgleich::{
            AusgleichCommand, AusgleichZeile, AusgleichZeileEingabe as Posten, AusgleichenEingabe, Restbehandlung,
        },
        buchung::{BuchungCommand, Buchungsart, Herkunft, OpEingabe, PostenArt, Seite, Uebernahme, ZeileEingabe},
        zahlung::{Gebuehr, Posting, ZahlungEvent},
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
            buchung,
            wertstellung,
            ausgleich_id,
            zeilen,
            restbehandlung,
            ..
        } => {
            let ausgleich =
                ausgleich_id.map(|id| ausgleichen(id, buchung.buchungsdatum, *wertstellung, zeilen, *restbehandlung));
            std::iter::once(buchen(buchung, None, ctx)).chain(ausgleich).collect()
        }
        ZahlungEvent::Zurueckgegeben {
            grund_code,
            ausgleiche,
            buchung,
            gebuehr,
            ausgleich_id,
            zeilen,
        } => {
            let datum = buchung.buchungsdatum;
            let mut folgen = aufheben(ausgleiche, &format!("Rückgabe {grund_code}"), datum);
            folgen.push(buchen(buchung, gebuehr.as_ref(), ctx));
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
            folgen.extend(umkehr.iter().map(|umkehr| {
                let command = BuchungCommand::Umkehren {
                    original: umkehr.original,
                    grund: Text::cut(grund),
                    buchungsdatum: *buchungsdatum,
                };
                Consequence::command::<Buchung>(umkehr.durch, &command)
            }));
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

/// The voucher: Personenkonto, then what the partner bears of the fee, then the money, then the cost.
fn buchen(posting: &Posting, gebuehr: Option<&Gebuehr>, ctx: &PolicyContext) -> Consequence {
    let (geld, partner) = if posting.zugang {
        (Seite::Soll, Seite::Haben)
    } else {
        (Seite::Haben, Seite::Soll)
    };
    let personenkonto = |seite, betrag, art| ZeileEingabe {
        op: Some(OpEingabe {
            art: Some(art),
            ..OpEingabe::default()
        }),
        ..ZeileEingabe::personenkonto(&posting.personenkonto, seite, betrag)
    };
    let geldkonto = |seite, betrag| ZeileEingabe::konto(&posting.geldkonto_nr, seite, betrag);
    let mut zeilen = vec![
        personenkonto(partner, posting.betrag, PostenArt::Zahlung),
        geldkonto(geld, posting.betrag),
    ];
    if let Some(gebuehr) = gebuehr {
        zeilen.push(match &gebuehr.konto {
            Some(konto) => ZeileEingabe::konto(konto, Seite::Soll, gebuehr.betrag),
            None => personenkonto(Seite::Soll, gebuehr.betrag, PostenArt::Nebenforderung),
        });
        zeilen.push(geldkonto(Seite::Haben, gebuehr.betrag));
    }
    let uebernahme = Uebernahme {
        herkunft: Herkunft {
            typ: Zahlung::TYPE.to_owned(),
            id: ctx.id,
        },
        belegnummer: None,
        belegkreis: Text::cut(&posting.belegkreis),
        belegdatum: posting.buchungsdatum,
        buchungsdatum: posting.buchungsdatum,
        steuerdatum: None,
        periode: None,
        buchungsart: Some(Buchungsart::Zahlung),
        text: Text::cut(&posting.text),
        waehrung: None,
        beleg: None,
        grund: None,
        zeilen,
    };
    Consequence::command::<Buchung>(posting.buchung_id, &BuchungCommand::Uebernehmen(uebernahme))
}
