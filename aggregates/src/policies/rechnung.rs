//! An invoice and what it brings about are one unit of work (fibu 3): its voucher, the Stornorechnung, the correction, the
//! tax of a paid advance payment.

use crate::{
    Aggregate,
    fibu::{
        Ausgleich, Rechnung,
        ausgleich::{AusgleichCommand, AusgleichZeile},
        buchung::Herkunft,
        buchungssatz::{Belegkopf, umkehren},
        rechnung::{BELEGKREIS, LieferungEingabe, RechnungArt, RechnungCommand, RechnungEvent, RechnungGebucht},
    },
    policy::{Consequence, PolicyContext},
    types::Text,
};

/// Nummernkreis of the voucher that makes the tax of a paid advance payment due: a transfer between accounts.
const UMBUCHUNG: &str = "UM";

/// Rechnung.Gebucht → Buchung.Uebernehmen or Umkehren, Ausgleich.StornoAusgleichen, Rechnung.AnzahlungAnrechnen;
/// Storniert → Ausgleich.StornoAufheben, Rechnung.StornoBuchen, KorrekturAufheben, AnrechnungAufheben; Korrigiert → Rechnung.GutschriftBuchen;
/// AnzahlungVereinnahmt → Buchung.Uebernehmen; AnzahlungZurueckgenommen → Buchung.Umkehren;
/// LieferungWeitergereicht → Rechnung.LieferungUebernehmen.
pub(super) fn react(event: &RechnungEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    match event {
        RechnungEvent::Gebucht(daten) => gebucht(daten, ctx),
        RechnungEvent::Storniert {
            durch,
            grund,
            datum,
            korrektur_von,
            anzahlungen,
            gegenausgleich,
        } => {
            let ausgleich = gegenausgleich.map(|id| {
                let command = AusgleichCommand::StornoAufheben {
                    grund: Text::cut(grund),
                    datum: *datum,
                };
                Consequence::command::<Ausgleich>(id, &command)
            });
            let storno = RechnungCommand::StornoBuchen {
                original: ctx.id,
                grund: Text::cut(grund),
                datum: *datum,
            };
            let gutschrift_id = ctx.id;
            let korrektur = korrektur_von.map(|id| an(id, &RechnungCommand::KorrekturAufheben { gutschrift_id }));
            let frei = RechnungCommand::AnrechnungAufheben {
                schlussrechnung_id: ctx.id,
                datum: *datum,
            };
            let frei = anzahlungen.iter().map(|id| an(*id, &frei));
            ausgleich
                .into_iter()
                .chain([an(*durch, &storno)])
                .chain(korrektur)
                .chain(frei)
                .collect()
        }
        RechnungEvent::Korrigiert {
            gutschrift_id,
            gutschrift_buchung_id,
            grund,
            datum,
            positionen,
            steuerzeilen,
            ..
        } => {
            let command = RechnungCommand::GutschriftBuchen {
                original: ctx.id,
                grund: Text::cut(grund),
                datum: *datum,
                positionen: positionen.clone(),
                steuerzeilen: steuerzeilen.clone(),
                buchung_id: *gutschrift_buchung_id,
            };
            vec![an(*gutschrift_id, &command)]
        }
        RechnungEvent::AnzahlungVereinnahmt { datum, buchung, .. } => vec![buchung.uebernehmen(Belegkopf {
            herkunft: herkunft(ctx),
            belegnummer: None,
            belegkreis: UMBUCHUNG,
            belegdatum: *datum,
            buchungsdatum: *datum,
            beleg: Some(&buchung.text),
            bedingung: None,
        })],
        RechnungEvent::AnzahlungZurueckgenommen { datum, umkehr, .. } => {
            vec![umkehren(umkehr, "Zahlung der Anzahlung zurückgenommen", *datum)]
        }
        RechnungEvent::LieferungWeitergereicht {
            an: ziel,
            debitor_nr,
            leistungsdatum,
            zahlungsbedingung_id,
            valuta_tage,
            positionen,
        } => {
            let command = RechnungCommand::LieferungUebernehmen(LieferungEingabe {
                debitor_nr: Text::cut(debitor_nr),
                zahlungsbedingung_id: *zahlungsbedingung_id,
                valuta_tage: *valuta_tage,
                auftrag_id: None,
                leistungsdatum: *leistungsdatum,
                positionen: positionen.iter().cloned().map(Into::into).collect(),
            });
            vec![an(*ziel, &command)]
        }
        _ => Vec::new(),
    }
}

fn an(id: uuid::Uuid, command: &RechnungCommand) -> Consequence {
    Consequence::command::<Rechnung>(id, command)
}

fn herkunft(ctx: &PolicyContext) -> Herkunft {
    Herkunft {
        typ: Rechnung::TYPE.to_owned(),
        id: ctx.id,
    }
}

fn gebucht(daten: &RechnungGebucht, ctx: &PolicyContext) -> Vec<Consequence> {
    let grund = daten.grund.as_deref().unwrap_or("Storno");
    let buchung = daten.buchung.iter().map(|buchung| {
        buchung.uebernehmen(Belegkopf {
            herkunft: herkunft(ctx),
            belegnummer: Some(&daten.nummer),
            belegkreis: BELEGKREIS,
            belegdatum: daten.rechnungsdatum,
            buchungsdatum: daten.rechnungsdatum,
            beleg: Some(&daten.nummer.text),
            bedingung: Some(&daten.bedingung),
        })
    });
    let umkehr = daten
        .umkehr
        .iter()
        .map(|umkehr| umkehren(umkehr, grund, daten.rechnungsdatum));
    let ausgleich = daten.ausgleich.iter().map(|a| {
        let zeile = |op_id, betrag| AusgleichZeile {
            op_id,
            betrag,
            skonto: None,
        };
        let command = AusgleichCommand::StornoAusgleichen {
            datum: daten.rechnungsdatum,
            zeilen: vec![zeile(a.op_id, a.betrag), zeile(a.gegen_op_id, -a.betrag)],
            grund: Text::cut(grund),
        };
        Consequence::command::<Ausgleich>(a.ausgleich_id, &command)
    });
    // The Stornorechnung of a Schlussrechnung repeats what that one deducted, and deducts nothing itself.
    let verrechnet = daten.verrechnungen.iter().filter(|_| daten.art == RechnungArt::Schluss);
    let anzahlungen = verrechnet.map(|v| {
        let anrechnen = RechnungCommand::AnzahlungAnrechnen {
            schlussrechnung_id: ctx.id,
            steuerzeilen: v.steuer.clone(),
        };
        an(v.anzahlung_id, &anrechnen)
    });
    buchung.chain(umkehr).chain(ausgleich).chain(anzahlungen).collect()
}
