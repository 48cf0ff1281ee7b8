//! What happens to a booked invoice: it is cancelled in full by a Stornorechnung, or corrected in part by a Gutschrift.
//! Both are invoices of their own with a number of the same Nummernkreis, booked in the same unit of work.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Bezug, Empfaenger, Ergebnis, Gegenausgleich, KorrekturEingabe, KorrekturPosition, MAX_POSITIONEN, Position,
    Rechnung, RechnungArt, RechnungError, RechnungEvent, RechnungGebucht, RechnungStatus, RechnungsPosition,
    Verkaeufer,
    buchen::{datum_pruefen, nummer},
};
use crate::{
    Aggregate, Context, Decision, Shared,
    context::part_id,
    fibu::{
        Ausgleich, Kontenplan, OffenerPosten,
        ausgleich::Umkehr,
        buchung::{Buchungsart, Seite},
        buchungssatz::{Bedingung, Buchungssatz, Buchungszeile},
        kontenplan::Zweck,
        steuerrechnung::{Steuerzeile, Teil, je_schluessel, rest, steuer},
    },
    types::{Betrag, Menge, Preis, Preisbetrag},
};

/// Decimals of a credited quantity, as on the invoice.
const MENGE_STELLEN: u32 = 4;

/// The line of the Personenkonto is the first of a document's Buchung.
pub(super) fn op_id(buchung_id: Uuid, ctx: &Context<'_>) -> Uuid {
    OffenerPosten::stream_id(ctx.frame.mandant_id, buchung_id, 1)
}

/// Marks an invoice as cancelled.
pub(super) fn stornieren(
    rechnung: &Rechnung,
    grund: &str,
    datum: Option<NaiveDate>,
    ctx: &Context<'_>,
) -> Decision<Rechnung> {
    if rechnung.art == RechnungArt::Storno {
        return Err(RechnungError::StornoVonStorno {}.into());
    }
    if let Some(durch) = rechnung.storniert_durch {
        return Err(RechnungError::BereitsStorniert { durch }.into());
    }
    if !rechnung.korrekturen.is_empty() {
        return Err(RechnungError::HatKorrektur {}.into());
    }
    if !rechnung.anrechnungen.is_empty() {
        return Err(Shared::status("angerechnet", &["gebucht"]).into());
    }
    let datum = datum_pruefen(datum, "/datum", ctx)?;
    let mut gegenausgleich = None;
    if let Some(buchung_id) = rechnung.buchung_id.filter(|_| !rechnung.zahlbetrag.is_null()) {
        let op = ctx.get::<OffenerPosten>(op_id(buchung_id, ctx))?;
        if let Some(op) = op.filter(|op| op.rest != op.betrag) {
            gegenausgleich = Some(eigener_ausgleich(rechnung, &op, ctx)?.ok_or(RechnungError::OpAusgeglichen {})?);
        }
    }
    Ok(vec![RechnungEvent::Storniert {
        durch: ctx.part_id(Rechnung::TEIL_STORNO),
        grund: grund.to_owned(),
        datum,
        korrektur_von: rechnung.bezug_id,
        anzahlungen: rechnung.verrechnungen.iter().map(|v| v.anzahlung_id).collect(),
        gegenausgleich,
    }])
}

/// The settlement with the Anzahlung's item that came with its correction: nobody else can take it back, so it falls
/// with the correction. `None` if the item is settled by anything else.
fn eigener_ausgleich(gutschrift: &Rechnung, op: &OffenerPosten, ctx: &Context<'_>) -> Ergebnis<Option<Uuid>> {
    let (Some(anzahlung), Some(RechnungArt::Anzahlung)) = (gutschrift.bezug_id, gutschrift.bezug_art) else {
        return Ok(None);
    };
    let [einer] = op.ausgleiche.as_slice() else {
        return Ok(None);
    };
    if !ctx.get::<Ausgleich>(einer.ausgleich_id)?.is_some_and(|a| a.storno) {
        return Ok(None);
    }
    // What was corrected away would be open again, and a Schlussrechnung deducts only what has no open rest.
    if !original(anzahlung, ctx)?.anrechnungen.is_empty() {
        return Err(Shared::status("angerechnet", &["gebucht"]).into());
    }
    Ok(Some(einer.ausgleich_id))
}

fn original(id: Uuid, ctx: &Context<'_>) -> Ergebnis<std::sync::Arc<Rechnung>> {
    let nicht_gefunden = || Shared::NichtGefunden {
        was: Rechnung::NAME.to_owned(),
        id: id.to_string(),
    };
    Ok(ctx.get::<Rechnung>(id)?.ok_or_else(nicht_gefunden)?)
}

fn bezug(id: Uuid, rechnung: &Rechnung) -> Bezug {
    Bezug {
        rechnung_id: id,
        nummer: rechnung.nummer.clone().unwrap_or_default(),
        art: rechnung.art,
    }
}

/// Seller and customer as they stood on the invoice.
fn parteien(r: &Rechnung) -> (Verkaeufer, Empfaenger) {
    let text = |feld: &Option<String>| feld.clone().unwrap_or_default();
    let verkaeufer = Verkaeufer {
        firma: text(&r.verkaeufer_firma),
        strasse: r.verkaeufer_strasse.clone(),
        plz: text(&r.verkaeufer_plz),
        ort: text(&r.verkaeufer_ort),
        land: text(&r.verkaeufer_land),
        ust_id: r.verkaeufer_ust_id.clone(),
        steuernummer: r.verkaeufer_steuernummer.clone(),
    };
    let empfaenger = Empfaenger {
        debitor_nr: r.debitor_nr.clone(),
        kunde_id: r.kunde_id,
        name: text(&r.empfaenger_name),
        strasse: r.empfaenger_strasse.clone(),
        plz: text(&r.empfaenger_plz),
        ort: text(&r.empfaenger_ort),
        land: text(&r.empfaenger_land),
        ust_id: r.empfaenger_ust_id.clone(),
    };
    (verkaeufer, empfaenger)
}

/// Books the Stornorechnung: the same document once more, whose Buchung is the Generalumkehr of the original's.
pub(super) fn storno_buchen(id: Uuid, grund: &str, datum: NaiveDate, ctx: &Context<'_>) -> Decision<Rechnung> {
    let r = original(id, ctx)?;
    let Some(buchung_id) = r.buchung_id.filter(|_| r.storniert_durch == Some(ctx.id)) else {
        return Err(Shared::status(r.status, &["storniert"]).into());
    };
    let umkehr = Umkehr {
        original: buchung_id,
        durch: ctx.new_id("umkehr"),
    };
    let (verkaeufer, empfaenger) = parteien(&r);
    Ok(vec![RechnungEvent::Gebucht(Box::new(RechnungGebucht {
        nummer: nummer(datum, ctx)?,
        art: RechnungArt::Storno,
        bezug: Some(bezug(id, &r)),
        grund: Some(grund.to_owned()),
        auftrag_id: r.auftrag_id,
        anzahlung_nr: None,
        rechnungsdatum: datum,
        leistung_von: r.leistung_von,
        leistung_bis: r.leistung_bis,
        verkaeufer,
        empfaenger,
        waehrung: r.waehrung.clone(),
        positionen: r.positionen.iter().map(RechnungsPosition::from).collect(),
        zuabschlaege: r
            .zuabschlaege
            .iter()
            .map(|z| z.gebucht(z.wert.unwrap_or_default(), z.anteile.clone()))
            .collect(),
        steuerzeilen: r.steuerzeilen.clone(),
        netto: r.netto,
        steuer: r.steuer,
        brutto: r.brutto,
        verrechnungen: r.verrechnungen.clone(),
        zahlbetrag: r.zahlbetrag,
        bedingung: Bedingung::sofort(datum),
        buchung_id: umkehr.durch,
        buchung: None,
        umkehr: Some(umkehr),
        ausgleich: None,
    }))])
}

/// Decides a correction: what is credited per key, at most what is left of it.
pub(super) fn korrigieren(
    rechnung: &Rechnung,
    eingaben: Vec<KorrekturEingabe>,
    grund: &str,
    datum: Option<NaiveDate>,
    ctx: &Context<'_>,
) -> Decision<Rechnung> {
    if matches!(rechnung.art, RechnungArt::Gutschrift | RechnungArt::Storno) {
        return Err(Shared::feld(
            "",
            "eine Gutschrift oder ein Storno wird nicht korrigiert, sondern storniert",
        )
        .into());
    }
    let datum = datum_pruefen(datum, "/datum", ctx)?;
    if eingaben.is_empty() {
        return Err(RechnungError::OhnePosition {}.into());
    }
    if eingaben.len() > MAX_POSITIONEN {
        return Err(Shared::feld(
            "/positionen",
            format!("höchstens {MAX_POSITIONEN} Positionen sind erlaubt"),
        )
        .into());
    }
    let lesen = |(index, eingabe)| korrektur_lesen(rechnung, index, eingabe);
    let positionen = eingaben
        .into_iter()
        .enumerate()
        .map(lesen)
        .collect::<Ergebnis<Vec<_>>>()?;
    let teil = |p: &KorrekturPosition| (p.schluessel.clone(), p.netto);
    let teile: Vec<(String, Betrag)> = positionen.iter().map(teil).collect();
    let summen = je_schluessel(teile.iter().map(|(schluessel, netto)| Teil {
        schluessel,
        netto: *netto,
    }));
    let offen = offen(rechnung);
    let mut steuerzeilen = Vec::with_capacity(summen.len());
    for (schluessel, netto) in summen {
        let zeile = offen.iter().find(|z| z.schluessel == schluessel);
        let rest = zeile.map(|z| z.basis).unwrap_or_default();
        let (Some(zeile), true) = (zeile, netto <= rest) else {
            return Err(RechnungError::KorrekturUeberschreitet { schluessel, rest }.into());
        };
        steuerzeilen.push(korrigierte_zeile(zeile, netto)?);
    }
    let gutschrift_id = ctx.part_id(&Rechnung::teil_gutschrift(ctx.version));
    let gutschrift_buchung_id = part_id(gutschrift_id, Rechnung::TEIL_BUCHUNG);
    Ok(vec![RechnungEvent::Korrigiert {
        gutschrift_id,
        gutschrift_op_id: op_id(gutschrift_buchung_id, ctx),
        gutschrift_buchung_id,
        grund: grund.to_owned(),
        datum,
        positionen,
        steuerzeilen,
    }])
}

/// What of each key was neither credited nor, for an Anzahlung, paid.
pub(super) fn offen(rechnung: &Rechnung) -> Vec<Steuerzeile> {
    let korrigiert: Vec<Steuerzeile> = rechnung
        .korrekturen
        .iter()
        .map(|k| Steuerzeile {
            schluessel: k.schluessel.clone(),
            basis: k.netto,
            steuer: k.steuer,
            brutto: k.netto + k.steuer,
            ..Steuerzeile::default()
        })
        .collect();
    rest(&rechnung.steuerzeilen, korrigiert.iter().chain(rechnung.bezahlt()))
}

/// The credit of a key. The last one takes the tax that is left, so that credits never exceed the invoice's tax.
fn korrigierte_zeile(offen: &Steuerzeile, netto: Betrag) -> Ergebnis<Steuerzeile> {
    if netto == offen.basis {
        return Ok(offen.clone());
    }
    let zu_gross = || Shared::feld("/positionen", "der Betrag ist zu groß");
    let steuer = steuer(netto, offen.satz).ok_or_else(zu_gross)?.min(offen.steuer);
    Ok(Steuerzeile {
        basis: netto,
        steuer,
        brutto: netto + steuer,
        ..offen.clone()
    })
}

fn korrektur_lesen(rechnung: &Rechnung, index: usize, e: KorrekturEingabe) -> Ergebnis<KorrekturPosition> {
    let feld = |name: &str, text: &str| Shared::feld(format!("/positionen/{index}/{name}"), text);
    let position = match e.position {
        Some(nr) => {
            let gefunden = rechnung.positionen.iter().find(|p| p.nr == nr);
            Some(gefunden.ok_or_else(|| feld("position", "diese Position hat die Rechnung nicht"))?)
        }
        None => None,
    };
    if position.is_some() == e.schluessel.is_some() {
        return Err(feld("position", "genau eines von position und schluessel ist nötig").into());
    }
    let menge = match e.menge {
        Some(menge) => Some(Menge::positiv(
            menge,
            MENGE_STELLEN,
            &format!("/positionen/{index}/menge"),
        )?),
        None => None,
    };
    let netto = match (e.netto, position, menge) {
        (Some(netto), _, _) => Betrag::exact(netto),
        (None, Some(position), Some(menge)) => anteilig(position, menge),
        (None, _, _) => return Err(feld("netto", "netto oder, bei einer Position, die Menge angeben").into()),
    };
    let netto = netto.filter(|n| *n > Betrag::NULL);
    Ok(KorrekturPosition {
        position: e.position,
        menge: menge.filter(|_| position.is_some()),
        netto: netto.ok_or_else(|| feld("netto", "mehr als 0,00 mit höchstens zwei Nachkommastellen"))?,
        schluessel: match (position, &e.schluessel) {
            (Some(position), _) => position.schluessel.clone(),
            (None, schluessel) => schluessel.as_ref().map(ToString::to_string).unwrap_or_default(),
        },
        text: match (e.text, position) {
            (Some(text), _) => text.to_string(),
            (None, Some(position)) => position.text.clone(),
            (None, None) => return Err(feld("text", "fehlt; wofür wird gutgeschrieben?").into()),
        },
    })
}

/// A line's net for a part of its quantity.
fn anteilig(position: &Position, menge: Menge) -> Option<Betrag> {
    let produkt = position.netto.as_decimal().checked_mul(menge.as_decimal())?;
    Betrag::rounded(produkt.checked_div(position.menge.as_decimal())?)
}

/// A correction as it was decided on the original.
pub(super) struct Gutschrift {
    pub grund: String,
    pub datum: NaiveDate,
    pub positionen: Vec<KorrekturPosition>,
    pub steuerzeilen: Vec<Steuerzeile>,
    pub buchung_id: Uuid,
}

/// Books the correction: Erlösschmälerung and its tax to the customer's credit. That of an Anzahlung takes back what
/// waits on the clearing account, without tax, and settles the two items.
pub(super) fn gutschrift_buchen(id: Uuid, g: Gutschrift, ctx: &Context<'_>) -> Decision<Rechnung> {
    let r = original(id, ctx)?;
    let Some(original_buchung) = r
        .buchung_id
        .filter(|_| r.korrekturen.iter().any(|k| k.gutschrift_id == ctx.id))
    else {
        return Err(Shared::status(RechnungStatus::Gebucht, &["korrigiert"]).into());
    };
    let ist_anzahlung = r.art == RechnungArt::Anzahlung;
    let summe = |teil: fn(&Steuerzeile) -> Betrag| g.steuerzeilen.iter().map(teil).sum::<Betrag>();
    let brutto = summe(|z| z.brutto);
    let mut zeilen = vec![Buchungszeile::partner(&r.debitor_nr, Seite::Haben, brutto)];
    let verrechnung = if ist_anzahlung {
        Some(Kontenplan::finden(
            ctx,
            Zweck::AnzahlungErhaltenVerrechnung,
            None,
            g.datum,
        )?)
    } else {
        None
    };
    if let Some(konto) = &verrechnung {
        zeilen.push(Buchungszeile::ohne_steuer(konto, Seite::Soll, brutto, g.datum, ctx)?);
    }
    let konten = match &verrechnung {
        Some(konto) => vec![konto.clone(); g.positionen.len()],
        None => minderungskonten(&r, &g, ctx)?,
    };
    if verrechnung.is_none() {
        zeilen.extend(minderungszeilen(&r, &g, &konten));
    }
    let ausgleich = ist_anzahlung.then(|| Gegenausgleich {
        ausgleich_id: ctx.new_id("ausgleich"),
        op_id: op_id(original_buchung, ctx),
        gegen_op_id: op_id(g.buchung_id, ctx),
        betrag: brutto,
    });
    let (verkaeufer, empfaenger) = parteien(&r);
    let buchung = Buchungssatz {
        buchung_id: g.buchung_id,
        buchungsart: if ist_anzahlung {
            Buchungsart::Anzahlung
        } else {
            Buchungsart::Rechnung
        },
        steuerdatum: g.datum,
        text: empfaenger.name.clone(),
        zeilen,
    };
    let positionen = (1..)
        .zip(g.positionen.iter().zip(konten))
        .map(|(nr, (k, konto))| gutschriftposition(nr, k, &r, &g.steuerzeilen, konto));
    Ok(vec![RechnungEvent::Gebucht(Box::new(RechnungGebucht {
        positionen: positionen.collect(),
        nummer: nummer(g.datum, ctx)?,
        art: RechnungArt::Gutschrift,
        bezug: Some(bezug(id, &r)),
        grund: Some(g.grund),
        auftrag_id: r.auftrag_id,
        anzahlung_nr: None,
        rechnungsdatum: g.datum,
        leistung_von: r.leistung_von,
        leistung_bis: r.leistung_bis,
        verkaeufer,
        empfaenger,
        waehrung: r.waehrung.clone(),
        zuabschlaege: Vec::new(),
        netto: summe(|z| z.basis),
        steuer: summe(|z| z.steuer),
        brutto,
        steuerzeilen: g.steuerzeilen,
        verrechnungen: Vec::new(),
        zahlbetrag: brutto,
        bedingung: Bedingung::sofort(g.datum),
        buchung_id: g.buchung_id,
        buchung: Some(buchung),
        umkehr: None,
        ausgleich,
    }))])
}

/// Where each credit reduces the revenue: by its key and, if it names a line, by the Artikelgruppe of that line.
fn minderungskonten(r: &Rechnung, g: &Gutschrift, ctx: &Context<'_>) -> Ergebnis<Vec<String>> {
    let konto = |k: &KorrekturPosition| {
        let original = k.position.and_then(|nr| r.positionen.iter().find(|p| p.nr == nr));
        let artikel_id = original.and_then(|p| p.artikel_id);
        Kontenplan::finden_fuer(ctx, Zweck::Erloesschmaelerung, Some(&k.schluessel), artikel_id, g.datum)
    };
    g.positionen.iter().map(konto).collect()
}

/// The lines of a correction: each key on its accounts, its tax stated once, on the first of them.
fn minderungszeilen(r: &Rechnung, g: &Gutschrift, konten: &[String]) -> Vec<Buchungszeile> {
    let mut zeilen = Vec::with_capacity(g.steuerzeilen.len());
    for z in &g.steuerzeilen {
        let mut je_konto: Vec<(&String, Betrag)> = Vec::new();
        for (k, konto) in g
            .positionen
            .iter()
            .zip(konten)
            .filter(|(k, _)| k.schluessel == z.schluessel)
        {
            match je_konto.iter_mut().find(|(bisher, _)| *bisher == konto) {
                Some((_, netto)) => *netto += k.netto,
                None => je_konto.push((konto, k.netto)),
            }
        }
        let mut steuer = Some(z.steuer);
        zeilen.extend(je_konto.into_iter().map(|(konto, netto)| Buchungszeile {
            steuer: steuer.take(),
            satzdatum: r.leistung_bis.or(r.rechnungsdatum),
            ..Buchungszeile::konto(konto, Seite::Soll, netto).mit_schluessel(&z.schluessel)
        }));
    }
    zeilen
}

/// A line of the correction. A mere reduction of the price is one piece of its amount and touches no quantity.
fn gutschriftposition(
    nr: i32,
    k: &KorrekturPosition,
    r: &Rechnung,
    steuerzeilen: &[Steuerzeile],
    konto: String,
) -> RechnungsPosition {
    let original = k.position.and_then(|nr| r.positionen.iter().find(|p| p.nr == nr));
    let satz = steuerzeilen
        .iter()
        .find(|z| z.schluessel == k.schluessel)
        .and_then(|z| z.satz);
    let konto = Some(konto);
    match (original.map(RechnungsPosition::from), k.menge) {
        (Some(position), Some(menge)) => RechnungsPosition {
            nr,
            text: k.text.clone(),
            menge,
            netto: k.netto,
            satz,
            konto,
            // An advance payment invoices no goods, so its correction credits none.
            auftrag: position.auftrag.filter(|_| r.art != RechnungArt::Anzahlung),
            ..position
        },
        (original, _) => RechnungsPosition {
            nr,
            artikel_id: original.as_ref().and_then(|p| p.artikel_id),
            artikel_nr: original.as_ref().and_then(|p| p.artikel_nr.clone()),
            text: k.text.clone(),
            menge: eins(),
            einheit: PAUSCHAL.to_owned(),
            preis: Preis {
                betrag: Preisbetrag::rounded(k.netto.as_decimal()),
                je: eins(),
                einheit: PAUSCHAL.to_owned(),
            },
            rabatt: crate::types::Satz::default(),
            netto: k.netto,
            schluessel: k.schluessel.clone(),
            satz,
            konto,
            kst: original.as_ref().and_then(|p| p.kst.clone()),
            ktr: original.and_then(|p| p.ktr),
            lieferschein: None,
            leistungsdatum: None,
            auftrag: None,
            skontierfaehig: None,
        },
    }
}

/// Unit of what has no quantity of its own.
const PAUSCHAL: &str = "psch";

fn eins() -> Menge {
    Menge::rounded(rust_decimal::Decimal::ONE, 0)
}
