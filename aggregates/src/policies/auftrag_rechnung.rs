//! From the delivery to its invoice, and from the invoice back to its orders (spec/README section 5, rows 12 to 14; crm
//! C3, fibu 3).

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{
    context::part_id,
    crm::{
        Auftrag,
        auftrag::{AuftragCommand, AuftragEvent, FakturaArt, FakturaEingabe, Lieferposition},
        kunde::Rechnungsart,
    },
    fibu::{
        Rechnung,
        rechnung::{
            AuftragPosition, LieferungEingabe, PositionEingabe, RechnungArt, RechnungCommand, RechnungEvent,
            RechnungGebucht, Zahlungsziel,
        },
    },
    policy::{Consequence, PolicyContext},
    types::{Dezimal, Text},
    wawi::Versand,
};

/// Auftrag.LieferungErfasst → Rechnung.LieferungUebernehmen: a draft of its own, or the month's collective invoice.
pub(super) fn auftrag(event: &AuftragEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let AuftragEvent::LieferungErfasst {
        versand_id,
        kunden_nr,
        zahlungsbedingung_id,
        valuta_tage,
        rechnungsart,
        lieferschein_nr,
        leistungsdatum,
        positionen,
        ..
    } = event
    else {
        return Vec::new();
    };
    let ziel = Zahlungsziel {
        zahlungsbedingung_id: *zahlungsbedingung_id,
        valuta_tage: *valuta_tage,
    };
    let (rechnung, auftrag_id) = match rechnungsart {
        Rechnungsart::Einzel => (part_id(*versand_id, Versand::TEIL_RECHNUNG), Some(ctx.id)),
        Rechnungsart::Sammel => {
            let sammel = Rechnung::sammel_id(ctx.mandant_id, kunden_nr, *leistungsdatum, ziel);
            (sammel, None)
        }
    };
    let zeile = |p: &Lieferposition| PositionEingabe {
        artikel_id: Some(p.artikel_id),
        text: Some(Text::cut(&p.text)),
        menge: Dezimal(p.menge.as_decimal()),
        einheit: Text::cut(&p.einheit),
        preis: p.preis.clone(),
        rabatt: None,
        netto: Some(Dezimal(p.netto.as_decimal())),
        schluessel: Some(Text::cut(&p.schluessel)),
        satz: None,
        konto: None,
        kst: None,
        ktr: None,
        lieferschein: Some(Text::cut(lieferschein_nr)),
        leistungsdatum: Some(*leistungsdatum),
        auftrag: Some(AuftragPosition {
            auftrag_id: ctx.id,
            position_id: p.position_id,
        }),
        skontierfaehig: None,
    };
    let command = RechnungCommand::LieferungUebernehmen(LieferungEingabe {
        debitor_nr: Text::cut(kunden_nr),
        zahlungsbedingung_id: *zahlungsbedingung_id,
        valuta_tage: *valuta_tage,
        auftrag_id,
        leistungsdatum: *leistungsdatum,
        positionen: positionen.iter().map(zeile).collect(),
    });
    vec![Consequence::command::<Rechnung>(rechnung, &command)]
}

/// What a booked document does to the quantities that are invoiced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Richtung {
    Mehr(FakturaArt),
    Weniger(FakturaArt),
}

/// An advance payment invoices no goods; what cancels a document does the opposite of it.
fn richtung(daten: &RechnungGebucht) -> Option<Richtung> {
    match (daten.art, daten.bezug.as_ref().map(|b| b.art)) {
        (RechnungArt::Rechnung, _) => Some(Richtung::Mehr(FakturaArt::Rechnung)),
        (RechnungArt::Schluss, _) => Some(Richtung::Mehr(FakturaArt::Schluss)),
        (RechnungArt::Gutschrift, _) => Some(Richtung::Weniger(FakturaArt::Gutschrift)),
        (RechnungArt::Storno, Some(RechnungArt::Rechnung | RechnungArt::Schluss)) => {
            Some(Richtung::Weniger(FakturaArt::Storno))
        }
        (RechnungArt::Storno, Some(RechnungArt::Gutschrift)) => Some(Richtung::Mehr(FakturaArt::Storno)),
        (RechnungArt::Anzahlung | RechnungArt::Storno, _) => None,
    }
}

/// Rechnung.Gebucht → Auftrag.GutschriftErfassen, if it takes goods back from what is invoiced. It runs before what is
/// posted, so that the credit line, which follows the log, never knows less than there is.
pub(super) fn gutschrift(event: &RechnungEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let RechnungEvent::Gebucht(daten) = event else {
        return Vec::new();
    };
    let Some(Richtung::Weniger(art)) = richtung(daten) else {
        return Vec::new();
    };
    je_auftrag(daten, |positionen| AuftragCommand::GutschriftErfassen {
        rechnung_id: ctx.id,
        nummer: Text::cut(&daten.nummer.text),
        art,
        bezug_rechnung: daten.bezug.as_ref().map(|b| b.rechnung_id),
        positionen,
    })
}

/// Rechnung.Gebucht → Auftrag.FakturaErfassen, if it invoices goods; after what is posted.
pub(super) fn faktura(event: &RechnungEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let RechnungEvent::Gebucht(daten) = event else {
        return Vec::new();
    };
    let Some(Richtung::Mehr(art)) = richtung(daten) else {
        return Vec::new();
    };
    je_auftrag(daten, |positionen| AuftragCommand::FakturaErfassen {
        kunde_id: daten.empfaenger.kunde_id,
        rechnung_id: ctx.id,
        nummer: Text::cut(&daten.nummer.text),
        art,
        positionen,
    })
}

/// One command per order whose positions the document names.
fn je_auftrag(daten: &RechnungGebucht, command: impl Fn(Vec<FakturaEingabe>) -> AuftragCommand) -> Vec<Consequence> {
    let mut auftraege: BTreeMap<Uuid, Vec<FakturaEingabe>> = BTreeMap::new();
    for zeile in &daten.positionen {
        let Some(auftrag) = zeile.auftrag else { continue };
        auftraege.entry(auftrag.auftrag_id).or_default().push(FakturaEingabe {
            position_id: auftrag.position_id,
            menge: zeile.menge,
            einheit: Text::cut(&zeile.einheit),
            netto: zeile.netto,
        });
    }
    auftraege
        .into_iter()
        .map(|(id, positionen)| Consequence::command::<Auftrag>(id, &command(positionen)))
        .collect()
}
