//! Advance payments (fibu 3): an Anzahlungsrechnung is posted gross without tax; the tax is due when money comes in on its
//! item, and the Schlussrechnung deducts what was paid.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Anzahlungsverrechnung, Ergebnis, Rechnung, RechnungArt, RechnungError, RechnungEvent, RechnungStatus,
    korrektur::offen,
};
use crate::{
    Context, Decision, Shared,
    crm::Auftrag,
    fibu::{
        Ausgleich, Kontenplan,
        ausgleich::Umkehr,
        buchung::{Buchungsart, Seite},
        buchungssatz::{Buchungssatz, Buchungszeile},
        kontenplan::Zweck,
        steuerrechnung::{Steuerzeile, anteil},
    },
    types::Betrag,
};

/// Most Anzahlungen of one Auftrag; each is one look-up of the Schlussrechnung.
const MAX_JE_AUFTRAG: i32 = 50;

/// The Anzahlungsrechnungen of an Auftrag, in their order.
fn anzahlungen(auftrag: Uuid, ctx: &Context<'_>) -> Ergebnis<Vec<(Uuid, std::sync::Arc<Rechnung>)>> {
    let mut gefunden = Vec::new();
    for nr in 1..=MAX_JE_AUFTRAG {
        match ctx.find::<Rechnung>(Rechnung::KEY_ANZAHLUNG, &Rechnung::anzahlung_schluessel(auftrag, nr))? {
            Some(anzahlung) => gefunden.push(anzahlung),
            None => break,
        }
    }
    Ok(gefunden)
}

/// The Auftrag that a whole invoice is for: there is one, and it is of the invoice's customer.
fn auftrag_des_kunden(auftrag_id: Uuid, debitor_nr: &str, ctx: &Context<'_>) -> Ergebnis<std::sync::Arc<Auftrag>> {
    let unbekannt = || Shared::feld("/auftrag_id", "diesen Auftrag gibt es nicht; einen angelegten angeben");
    let auftrag = ctx.get::<Auftrag>(auftrag_id)?.ok_or_else(unbekannt)?;
    if auftrag.kunden_nr != debitor_nr {
        let text = format!("der Auftrag {} ist von einem anderen Kunden", auftrag.auftrag_nr);
        return Err(Shared::feld("/auftrag_id", text).into());
    }
    Ok(auftrag)
}

/// Refuses an Anzahlung or Schlussrechnung without an Auftrag, since neither would find the other, and any invoice for
/// an Auftrag of another customer, whose advance payments it would use up.
pub(super) fn auftrag_pruefen(
    art: RechnungArt,
    auftrag_id: Option<Uuid>,
    debitor_nr: &str,
    ctx: &Context<'_>,
) -> Ergebnis<()> {
    let text = match (auftrag_id, art) {
        (Some(auftrag_id), _) => return auftrag_des_kunden(auftrag_id, debitor_nr, ctx).map(|_| ()),
        (None, RechnungArt::Schluss) => "eine Schlussrechnung gehört zu einem Auftrag; bitte angeben",
        (None, RechnungArt::Anzahlung) => "eine Anzahlungsrechnung gehört zu einem Auftrag; bitte angeben",
        (None, _) => return Ok(()),
    };
    Err(Shared::feld("/auftrag_id", text).into())
}

/// The running number of the next Anzahlung of an Auftrag. All that stand, with this one, are at most what it is worth.
pub(super) fn naechste_nr(neu: &Rechnung, netto: Betrag, auftrag_id: Uuid, ctx: &Context<'_>) -> Ergebnis<i32> {
    let auftrag = auftrag_des_kunden(auftrag_id, &neu.debitor_nr, ctx)?;
    let vorhanden = anzahlungen(auftrag_id, ctx)?;
    let stehen = vorhanden.iter().filter(|(_, a)| a.status == RechnungStatus::Gebucht);
    let bisher: Betrag = stehen
        .map(|(_, a)| a.netto - a.korrekturen.iter().map(|k| k.netto).sum())
        .sum();
    let (auftragswert, anzahlungen) = (auftrag.wert(), bisher + netto);
    if anzahlungen > auftragswert {
        return Err(RechnungError::AnzahlungUeberAuftrag {
            auftragswert,
            anzahlungen,
        }
        .into());
    }
    let anzahl = i32::try_from(vorhanden.len()).unwrap_or(i32::MAX);
    if anzahl >= MAX_JE_AUFTRAG {
        let text = format!("ein Auftrag hat höchstens {MAX_JE_AUFTRAG} Anzahlungsrechnungen");
        return Err(Shared::feld("/auftrag_id", text).into());
    }
    Ok(anzahl + 1)
}

/// The Anzahlungsrechnungen that the next invoice of an Auftrag has to deduct; their amounts are decided at booking.
pub(super) fn offene(auftrag: Uuid, ctx: &Context<'_>) -> Ergebnis<Vec<Anzahlungsverrechnung>> {
    let alle = anzahlungen(auftrag, ctx)?.into_iter();
    Ok(alle
        .filter(|(_, a)| a.anrechenbar())
        .map(|(id, a)| a.genannt(id))
        .collect())
}

/// What a Schlussrechnung deducts: all that was paid on the Anzahlungen of its Auftrag. All must be named, and none may
/// have an unpaid rest.
pub(super) fn verrechnungen(schluss: &Rechnung, ctx: &Context<'_>) -> Ergebnis<Vec<Anzahlungsverrechnung>> {
    let Some(auftrag) = schluss.auftrag_id else {
        return Ok(Vec::new());
    };
    let genannt = |id: Uuid| schluss.verrechnungen.iter().any(|v| v.anzahlung_id == id);
    let mut verrechnet = Vec::new();
    let mut vergessen = Vec::new();
    for (id, anzahlung) in anzahlungen(auftrag, ctx)? {
        if !anzahlung.anrechenbar() {
            continue;
        }
        let nummer = anzahlung.nummer.clone().unwrap_or_default();
        let rest: Betrag = offen(&anzahlung).iter().map(|z| z.brutto).sum();
        if rest > Betrag::NULL {
            return Err(RechnungError::AnzahlungOffen { nummer, rest }.into());
        }
        let steuer = summen(anzahlung.bezahlt());
        let brutto: Betrag = steuer.iter().map(|z| z.brutto).sum();
        match (brutto.is_null(), genannt(id)) {
            (true, _) => {}
            (false, false) => vergessen.push(nummer),
            (false, true) => verrechnet.push(Anzahlungsverrechnung {
                anzahlung_id: id,
                nummer,
                rechnungsdatum: anzahlung.rechnungsdatum.unwrap_or_default(),
                brutto,
                steuer,
            }),
        }
    }
    if vergessen.is_empty() {
        Ok(verrechnet)
    } else {
        Err(RechnungError::AnzahlungNichtVerrechnet { nummern: vergessen }.into())
    }
}

impl Rechnung {
    /// True for an Anzahlung that stands and that no Schlussrechnung deducts yet.
    fn anrechenbar(&self) -> bool {
        self.status == RechnungStatus::Gebucht && self.angerechnet_in.is_none()
    }

    /// This Anzahlung as a Schlussrechnung names it before it is booked.
    pub(super) fn genannt(&self, id: Uuid) -> Anzahlungsverrechnung {
        Anzahlungsverrechnung {
            anzahlung_id: id,
            nummer: self.nummer.clone().unwrap_or_default(),
            ..Anzahlungsverrechnung::default()
        }
    }
}

/// Sums per key.
fn summen<'a>(zeilen: impl Iterator<Item = &'a Steuerzeile>) -> Vec<Steuerzeile> {
    let mut summen: Vec<Steuerzeile> = Vec::new();
    for zeile in zeilen {
        match summen.iter_mut().find(|s| s.schluessel == zeile.schluessel) {
            Some(summe) => {
                summe.basis += zeile.basis;
                summe.steuer += zeile.steuer;
                summe.brutto += zeile.brutto;
            }
            None => summen.push(zeile.clone()),
        }
    }
    summen
}

/// Money came in: `S clearing account gross / H received advance payments net / H tax`, by the day of the payment. What
/// is settled against the invoice's own correction or Storno is no money.
pub(super) fn ausgleich_erfassen(
    rechnung: &Rechnung,
    ausgleich_id: Uuid,
    betrag: Betrag,
    datum: NaiveDate,
    ctx: &Context<'_>,
) -> Decision<Rechnung> {
    if rechnung.art != RechnungArt::Anzahlung || rechnung.status == RechnungStatus::Storniert {
        return Ok(Vec::new());
    }
    let ausgleich = ctx.get::<Ausgleich>(ausgleich_id)?;
    if ausgleich.as_ref().is_some_and(|a| a.storno) {
        return Ok(Vec::new());
    }
    let eigene = |op_id: Uuid| rechnung.korrekturen.iter().any(|k| k.op_id == op_id);
    let zeilen = ausgleich.iter().flat_map(|a| &a.zeilen);
    let gegen: Betrag = zeilen.filter(|z| eigene(z.op_id)).map(|z| z.betrag.abs()).sum();
    let offen = offen(rechnung);
    let brutto = (betrag - gegen).min(offen.iter().map(|z| z.brutto).sum());
    if brutto <= Betrag::NULL {
        return Ok(Vec::new());
    }
    let steuerzeilen = anteil(&offen, brutto);
    let konto = Kontenplan::finden(ctx, Zweck::AnzahlungErhaltenVerrechnung, None, datum)?;
    let mut posten = vec![Buchungszeile::ohne_steuer(&konto, Seite::Soll, brutto, datum, ctx)?];
    for z in &steuerzeilen {
        let konto = Kontenplan::finden(ctx, Zweck::AnzahlungErhalten, Some(&z.schluessel), datum)?;
        let zeile = Buchungszeile::konto(&konto, Seite::Haben, z.basis).mit_schluessel(&z.schluessel);
        posten.push(zeile.mit_steuer(z.steuer, rechnung.rechnungsdatum));
    }
    let nummer = rechnung.nummer.clone().unwrap_or_default();
    Ok(vec![RechnungEvent::AnzahlungVereinnahmt {
        ausgleich_id,
        datum,
        brutto,
        steuerzeilen,
        buchung: Buchungssatz {
            buchung_id: ctx.new_id("vereinnahmung"),
            buchungsart: Buchungsart::Anzahlung,
            steuerdatum: datum,
            text: format!("Vereinnahmte Anzahlung {nummer}"),
            zeilen: posten,
        },
    }])
}

/// The payment went back. As long as a Schlussrechnung deducts it, that one must be cancelled first.
pub(super) fn ausgleich_zuruecknehmen(
    rechnung: &Rechnung,
    ausgleich_id: Uuid,
    datum: NaiveDate,
    ctx: &Context<'_>,
) -> Decision<Rechnung> {
    let Some(zahlung) = rechnung.zahlungen.iter().find(|z| z.ausgleich_id == ausgleich_id) else {
        return Ok(Vec::new());
    };
    if rechnung.angerechnet_in.is_some() {
        return Err(Shared::status("angerechnet", &["gebucht"]).into());
    }
    Ok(vec![RechnungEvent::AnzahlungZurueckgenommen {
        ausgleich_id,
        datum,
        umkehr: Umkehr {
            original: zahlung.buchung_id,
            durch: ctx.new_id("umkehr"),
        },
    }])
}
