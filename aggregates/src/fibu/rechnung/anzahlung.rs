//! Advance payments (fibu 3): an Anzahlungsrechnung is posted gross without tax; the tax is due when money comes in on its
//! item, and Schlussrechnungen deduct what was paid: each as much as fits.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Anzahlungsverrechnung, Ergebnis, Position, Rechnung, RechnungArt, RechnungError, RechnungEvent, RechnungStatus,
    korrektur::{offen, op_id},
};
use crate::{
    Aggregate, Context, Decision, Shared,
    crm::Auftrag,
    fibu::{
        Ausgleich, Kontenplan, OffenerPosten,
        ausgleich::Umkehr,
        buchung::{Buchungsart, Seite},
        buchungssatz::{Buchungssatz, Buchungszeile},
        kontenplan::Zweck,
        steuerrechnung::{Steuerzeile, anteil, rest},
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

/// What a Schlussrechnung of `brutto` deducts: all that was paid on the Anzahlungen of its Auftrag and is not deducted
/// yet, as far as it goes; the next invoice of the Auftrag deducts the rest. All must be named, and none may have an
/// unpaid rest.
pub(super) fn verrechnungen(
    schluss: &Rechnung,
    brutto: Betrag,
    ctx: &Context<'_>,
) -> Ergebnis<Vec<Anzahlungsverrechnung>> {
    match schluss.auftrag_id {
        Some(auftrag) => verrechnen(auftrag, &schluss.verrechnungen, brutto, ctx),
        None => Ok(Vec::new()),
    }
}

fn verrechnen(
    auftrag: Uuid,
    genannte: &[Anzahlungsverrechnung],
    mut brutto: Betrag,
    ctx: &Context<'_>,
) -> Ergebnis<Vec<Anzahlungsverrechnung>> {
    let mut verrechnet = Vec::new();
    let mut vergessen = Vec::new();
    for (id, anzahlung) in anzahlungen(auftrag, ctx)? {
        if !anzahlung.anrechenbar() {
            continue;
        }
        let nummer = anzahlung.nummer.clone().unwrap_or_default();
        let rest = summe(&offen(&anzahlung));
        if rest > Betrag::NULL {
            return Err(RechnungError::AnzahlungOffen { nummer, rest }.into());
        }
        if !genannte.iter().any(|v| v.anzahlung_id == id) {
            vergessen.push(nummer);
            continue;
        }
        let frei = anzahlung.frei();
        let teil = summe(&frei).min(brutto);
        brutto -= teil;
        if teil > Betrag::NULL {
            verrechnet.push(Anzahlungsverrechnung {
                anzahlung_id: id,
                nummer,
                rechnungsdatum: anzahlung.rechnungsdatum.unwrap_or_default(),
                brutto: teil,
                steuer: anteil(&frei, teil),
            });
        }
    }
    if vergessen.is_empty() {
        Ok(verrechnet)
    } else {
        Err(RechnungError::AnzahlungNichtVerrechnet { nummern: vergessen }.into())
    }
}

/// Refuses an invoice that deducts nothing although what it leaves of an Auftrag is worth less than the Anzahlungen that
/// still stand: no later invoice could deduct them. In particular the one that completes the Auftrag is a
/// Schlussrechnung.
pub(super) fn nicht_uebergehen(rechnung: &Rechnung, ctx: &Context<'_>) -> Ergebnis<()> {
    let auftrag_der = |p: &Position| p.auftrag_id.or(rechnung.auftrag_id);
    let auftraege: BTreeSet<Uuid> = rechnung.positionen.iter().filter_map(auftrag_der).collect();
    for auftrag_id in auftraege {
        let stehend: Betrag = anzahlungen(auftrag_id, ctx)?
            .iter()
            .map(|(_, a)| a.zu_verrechnen())
            .sum();
        if stehend.is_null() {
            continue;
        }
        let auftrag = ctx.get::<Auftrag>(auftrag_id)?;
        let bleibt = auftrag.map(|auftrag| {
            let berechnet = auftrag.positionen.iter();
            let berechnet: Betrag = berechnet.map(|p| p.berechnet_netto - p.gutgeschrieben_netto).sum();
            auftrag.wert() - berechnet
        });
        let hier = rechnung
            .positionen
            .iter()
            .filter(|p| auftrag_der(p) == Some(auftrag_id));
        let hier: Betrag = hier.map(|p| p.netto).sum();
        if bleibt.unwrap_or_default() - hier < stehend {
            verrechnen(auftrag_id, &[], Betrag::NULL, ctx)?;
        }
    }
    Ok(())
}

impl Rechnung {
    /// True for an Anzahlung that stands and of which something is unpaid or not deducted yet.
    fn anrechenbar(&self) -> bool {
        self.status == RechnungStatus::Gebucht && !(summe(&offen(self)) + summe(&self.frei())).is_null()
    }

    /// What was paid on this Anzahlung and is not deducted yet, per key.
    pub(super) fn frei(&self) -> Vec<Steuerzeile> {
        rest(&summen(self.bezahlt()), self.angerechnet())
    }

    /// Net of this Anzahlung that stands, paid or not, and is not deducted yet.
    fn zu_verrechnen(&self) -> Betrag {
        if !self.anrechenbar() {
            return Betrag::NULL;
        }
        offen(self).iter().chain(&self.frei()).map(|z| z.basis).sum()
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

/// Gross of all keys.
fn summe(zeilen: &[Steuerzeile]) -> Betrag {
    zeilen.iter().map(|z| z.brutto).sum()
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
    Ok(vec![vereinnahmt(rechnung, ausgleich_id, steuerzeilen, datum, ctx)?])
}

/// The tax of money on an Anzahlung is due.
fn vereinnahmt(
    rechnung: &Rechnung,
    ausgleich_id: Uuid,
    steuerzeilen: Vec<Steuerzeile>,
    datum: NaiveDate,
    ctx: &Context<'_>,
) -> Ergebnis<RechnungEvent> {
    let brutto = summe(&steuerzeilen);
    let konto = Kontenplan::finden(ctx, Zweck::AnzahlungErhaltenVerrechnung, None, datum)?;
    let mut posten = vec![Buchungszeile::ohne_steuer(&konto, Seite::Soll, brutto, datum, ctx)?];
    for z in &steuerzeilen {
        let konto = Kontenplan::finden(ctx, Zweck::AnzahlungErhalten, Some(&z.schluessel), datum)?;
        let zeile = Buchungszeile::konto(&konto, Seite::Haben, z.basis).mit_schluessel(&z.schluessel);
        posten.push(zeile.mit_steuer(z.steuer, rechnung.rechnungsdatum));
    }
    let nummer = rechnung.nummer.clone().unwrap_or_default();
    Ok(RechnungEvent::AnzahlungVereinnahmt {
        ausgleich_id,
        datum,
        brutto,
        steuerzeilen,
        buchung: Buchungssatz {
            buchung_id: ctx.new_id(&format!("vereinnahmung/{ausgleich_id}")),
            buchungsart: Buchungsart::Anzahlung,
            steuerdatum: datum,
            text: format!("Vereinnahmte Anzahlung {nummer}"),
            zeilen: posten,
        },
    })
}

/// The payment went back, and its tax is not due any more. What a Schlussrechnung deducts of it stays due all the same:
/// the supply was made, and the customer owes for it again, by the item of the Anzahlung instead of that of the
/// Schlussrechnung.
pub(super) fn ausgleich_zuruecknehmen(
    rechnung: &Rechnung,
    ausgleich_id: Uuid,
    datum: NaiveDate,
    ctx: &Context<'_>,
) -> Decision<Rechnung> {
    let Some(zahlung) = rechnung.zahlungen.iter().find(|z| z.ausgleich_id == ausgleich_id) else {
        return Ok(Vec::new());
    };
    let andere = rechnung.zahlungen.iter().filter(|z| z.ausgleich_id != ausgleich_id);
    let mut bleibt = rest(&summen(rechnung.angerechnet()), andere.flat_map(|z| &z.steuerzeilen));
    bleibt.retain(|z| z.brutto > Betrag::NULL);
    if summe(&bleibt) == zahlung.brutto {
        return Ok(Vec::new());
    }
    let mut events = vec![RechnungEvent::AnzahlungZurueckgenommen {
        ausgleich_id,
        datum,
        umkehr: Umkehr {
            original: zahlung.buchung_id,
            durch: ctx.new_id(&format!("umkehr/{ausgleich_id}")),
        },
    }];
    if !bleibt.is_empty() {
        events.push(vereinnahmt(rechnung, ausgleich_id, bleibt, datum, ctx)?);
    }
    Ok(events)
}

/// A Schlussrechnung deducts what is there to be deducted.
pub(super) fn anrechnen(
    rechnung: &Rechnung,
    schlussrechnung_id: Uuid,
    steuerzeilen: Vec<Steuerzeile>,
) -> Decision<Rechnung> {
    let frei = rechnung.frei();
    let passt = |z: &Steuerzeile| {
        frei.iter()
            .any(|f| f.schluessel == z.schluessel && z.brutto <= f.brutto)
    };
    if !steuerzeilen.iter().all(passt) {
        return Err(Shared::status("angerechnet", &["gebucht"]).into());
    }
    Ok(vec![RechnungEvent::AnzahlungAngerechnet {
        schlussrechnung_id,
        steuerzeilen: Some(steuerzeilen),
    }])
}

/// The Schlussrechnung is cancelled. What happened to the money meanwhile counts from now on, as the item has it.
pub(super) fn anrechnung_aufheben(
    rechnung: &Rechnung,
    schlussrechnung_id: Uuid,
    datum: NaiveDate,
    ctx: &Context<'_>,
) -> Decision<Rechnung> {
    let mut events = vec![RechnungEvent::AnrechnungAufgehoben { schlussrechnung_id }];
    let buchung_id = rechnung.buchung_id.unwrap_or_default();
    let Some(posten) = ctx.get::<OffenerPosten>(op_id(buchung_id, ctx))? else {
        return Ok(events);
    };
    let mut stand = rechnung.clone();
    let mut folgen = |stand: &mut Rechnung, neue: Vec<RechnungEvent>| {
        for event in neue {
            stand.evolve(event.clone());
            events.push(event);
        }
    };
    stand.evolve(RechnungEvent::AnrechnungAufgehoben { schlussrechnung_id });
    let gilt = |ausgleich_id: Uuid| posten.ausgleiche.iter().any(|a| a.ausgleich_id == ausgleich_id);
    for zahlung in rechnung.zahlungen.iter().filter(|z| !gilt(z.ausgleich_id)) {
        let neue = ausgleich_zuruecknehmen(&stand, zahlung.ausgleich_id, datum, ctx)?;
        folgen(&mut stand, neue);
    }
    for ausgleich in &posten.ausgleiche {
        if !rechnung
            .zahlungen
            .iter()
            .any(|z| z.ausgleich_id == ausgleich.ausgleich_id)
        {
            let neue = ausgleich_erfassen(&stand, ausgleich.ausgleich_id, ausgleich.betrag.abs(), datum, ctx)?;
            folgen(&mut stand, neue);
        }
    }
    Ok(events)
}
