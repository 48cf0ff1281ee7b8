//! The draft: what may be written down before an invoice is booked. Most rules are those of booking; here is checked
//! only what would make no sense on any invoice.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Anzahlungsverrechnung, Aufteilung, Ergebnis, LieferungEingabe, MAX_POSITIONEN, PositionEingabe, Rechnung,
    RechnungArt, RechnungCommand, RechnungError, RechnungEvent, RechnungStatus, RechnungsPosition, Zahlungsziel,
    ZuAbschlagEingabe, ZuAbschlagWerte, anzahlung, sammel_schluessel,
};
use crate::{
    Context, Decision, Refused, Shared,
    crm::Auftrag,
    fibu::{
        Debitor, SteuerSchluessel, Zahlungsbedingung, buchung::BuchungError, steuer_schluessel::Richtung,
        steuerfall::ist_ware, steuerrechnung::zeilennetto, zahlungsbedingung::VALUTA_TAGE_MAX,
    },
    types::{Betrag, Dezimal, Menge, Satz, Text},
    wawi::{Artikel, artikel::ArtikelTyp, belegposition},
};

/// Decimals of a quantity on an invoice (fibu 0).
const MENGE_STELLEN: u32 = 4;

/// Most Anzahlungen that a Schlussrechnung names.
const MAX_ANZAHLUNGEN: usize = 50;

/// Begins a draft with its lines.
pub(super) fn entwerfen(eingabe: super::EntwerfenEingabe, ctx: &Context<'_>) -> Decision<Rechnung> {
    let debitor_nr = eingabe.debitor_nr.to_string();
    debitor_pruefen(&debitor_nr, ctx)?;
    let art = eingabe.art.unwrap_or_default();
    if matches!(art, RechnungArt::Gutschrift | RechnungArt::Storno) {
        return Err(Shared::feld(
            "/art",
            "eine Gutschrift entsteht durch Korrigieren, ein Storno durch Stornieren",
        )
        .into());
    }
    anzahlung::auftrag_pruefen(art, eingabe.auftrag_id, &debitor_nr, ctx)?;
    Zahlungsbedingung::pruefen(eingabe.zahlungsbedingung_id, "/zahlungsbedingung_id", ctx)?;
    let leistung = leistung(eingabe.leistung_von, eingabe.leistung_bis, "/leistung_von")?;
    let nr = debitor_nr.clone();
    let mut events = vec![RechnungEvent::Entworfen {
        debitor_nr,
        art,
        leistung_von: leistung.map(|l| l.0),
        leistung_bis: leistung.map(|l| l.1),
        zahlungsbedingung_id: eingabe.zahlungsbedingung_id,
        valuta_tage: valuta(eingabe.valuta_tage)?,
        auftrag_id: eingabe.auftrag_id,
        sammel_monat: None,
    }];
    let tag = leistung.map(|l| l.1);
    events.extend(positionen(1, von_hand(&nr, tag, eingabe.positionen, ctx)?, ctx)?);
    Ok(events)
}

/// Drafts the invoice of a delivery: of an Auftrag with Anzahlungen the Schlussrechnung that deducts them. A delivery
/// without one goes into the collective invoice of its month and terms of payment; if that one is final, or its terms
/// were changed by hand, it goes on to the open draft of the same month and terms, or begins one.
pub(super) fn lieferung(rechnung: &Rechnung, eingabe: LieferungEingabe, ctx: &Context<'_>) -> Decision<Rechnung> {
    let debitor_nr = eingabe.debitor_nr.to_string();
    let monat = Rechnung::monat(eingabe.leistungsdatum);
    let ziel = Zahlungsziel {
        zahlungsbedingung_id: eingabe.zahlungsbedingung_id,
        valuta_tage: eingabe.valuta_tage,
    };
    let sammelt = rechnung.sammel_monat.is_some() && rechnung.ziel() == ziel;
    let mit_datum = |mut p: PositionEingabe| {
        p.leistungsdatum = p.leistungsdatum.or(Some(eingabe.leistungsdatum));
        p
    };
    let zeilen: Vec<PositionEingabe> = eingabe.positionen.into_iter().map(mit_datum).collect();
    match rechnung.status {
        RechnungStatus::Neu => {
            debitor_pruefen(&debitor_nr, ctx)?;
            let anzahlungen = match eingabe.auftrag_id {
                Some(auftrag) => anzahlung::offene(auftrag, ctx)?,
                None => Vec::new(),
            };
            let mut events = vec![RechnungEvent::Entworfen {
                debitor_nr,
                art: if anzahlungen.is_empty() {
                    RechnungArt::Rechnung
                } else {
                    RechnungArt::Schluss
                },
                leistung_von: None,
                leistung_bis: None,
                zahlungsbedingung_id: ziel.zahlungsbedingung_id,
                valuta_tage: ziel.valuta_tage,
                auftrag_id: eingabe.auftrag_id,
                sammel_monat: eingabe.auftrag_id.is_none().then_some(monat),
            }];
            events.extend(positionen(1, zeilen, ctx)?);
            if !anzahlungen.is_empty() {
                events.push(RechnungEvent::AnzahlungenVerrechnet { anzahlungen });
            }
            Ok(events)
        }
        RechnungStatus::Entwurf if sammelt || eingabe.auftrag_id.is_some() => {
            positionen(naechste_nr(rechnung), zeilen, ctx)
        }
        RechnungStatus::Entwurf | RechnungStatus::Gebucht | RechnungStatus::Storniert | RechnungStatus::Verworfen => {
            let offen = ctx.holder(Rechnung::KEY_SAMMEL, &sammel_schluessel(&debitor_nr, &monat, ziel))?;
            let gelesen = positionen(1, zeilen, ctx)?.into_iter().filter_map(|event| match event {
                RechnungEvent::PositionHinzugefuegt { position } => Some(position),
                _ => None,
            });
            Ok(vec![RechnungEvent::LieferungWeitergereicht {
                an: offen.unwrap_or_else(|| ctx.new_id("sammelrechnung")),
                debitor_nr,
                leistungsdatum: eingabe.leistungsdatum,
                zahlungsbedingung_id: ziel.zahlungsbedingung_id,
                valuta_tage: ziel.valuta_tage,
                positionen: gelesen.collect(),
            }])
        }
    }
}

/// Commands on a draft.
pub(super) fn aendern(rechnung: &Rechnung, command: RechnungCommand, ctx: &Context<'_>) -> Decision<Rechnung> {
    let event = match command {
        RechnungCommand::PositionHinzufuegen(eingabe) => {
            let zeilen = von_hand(&rechnung.debitor_nr, rechnung.leistung_bis, vec![eingabe], ctx)?;
            return positionen(naechste_nr(rechnung), zeilen, ctx);
        }
        RechnungCommand::PositionAendern { nr, position } => {
            position_finden(rechnung, nr)?;
            let position = wie_im_auftrag(position, "/position", ctx)?;
            let position = nach_status(&rechnung.debitor_nr, rechnung.leistung_bis, position, ctx)?;
            let position = position_lesen(nr, position, "/position", ctx)?;
            RechnungEvent::PositionGeaendert { position }
        }
        RechnungCommand::PositionEntfernen { nr } => {
            position_finden(rechnung, nr)?;
            RechnungEvent::PositionEntfernt { nr }
        }
        RechnungCommand::ZuAbschlagSetzen(eingabe) => {
            let zuabschlag = zuabschlag_lesen(rechnung, eingabe, ctx)?;
            RechnungEvent::ZuAbschlagGesetzt { zuabschlag }
        }
        RechnungCommand::ZuAbschlagEntfernen { nr } => {
            if !rechnung.zuabschlaege.iter().any(|z| z.nr == nr) {
                return Err(Shared::feld("/nr", format!("den Zu- oder Abschlag {nr} gibt es nicht")).into());
            }
            RechnungEvent::ZuAbschlagEntfernt { nr }
        }
        RechnungCommand::BedingungSetzen {
            zahlungsbedingung_id,
            valuta_tage,
        } => {
            Zahlungsbedingung::pruefen(Some(zahlungsbedingung_id), "/zahlungsbedingung_id", ctx)?;
            RechnungEvent::BedingungGesetzt {
                zahlungsbedingung_id,
                valuta_tage: valuta(valuta_tage)?,
            }
        }
        RechnungCommand::LeistungSetzen { von, bis } => {
            let (von, bis) = leistung(von, Some(bis), "/von")?.unwrap_or((bis, bis));
            RechnungEvent::LeistungGesetzt { von, bis }
        }
        RechnungCommand::AnzahlungenVerrechnen { anzahlung_ids } => {
            let anzahlungen = anzahlungen_lesen(rechnung, &anzahlung_ids, ctx)?;
            RechnungEvent::AnzahlungenVerrechnet { anzahlungen }
        }
        _ => return Err(Shared::status(rechnung.status, &["gebucht"]).into()),
    };
    Ok(vec![event])
}

fn naechste_nr(rechnung: &Rechnung) -> i32 {
    let letzte = rechnung.positionen.iter().map(|p| p.nr).max();
    letzte.unwrap_or(0).saturating_add(1)
}

fn position_finden(rechnung: &Rechnung, nr: i32) -> Result<(), Shared> {
    if rechnung.positionen.iter().any(|p| p.nr == nr) {
        return Ok(());
    }
    Err(Shared::feld("/nr", format!("die Position {nr} gibt es nicht")))
}

fn debitor_pruefen(nr: &str, ctx: &Context<'_>) -> Ergebnis<()> {
    match ctx.holder(Debitor::KEY_NR, nr)? {
        Some(_) => Ok(()),
        None => Err(RechnungError::DebitorUnbekannt { nr: nr.to_owned() }.into()),
    }
}

/// Days of Valuta, as many as a customer may have.
fn valuta(tage: Option<u16>) -> Result<Option<u16>, Shared> {
    if tage.is_some_and(|tage| tage > VALUTA_TAGE_MAX) {
        let text = format!("höchstens {VALUTA_TAGE_MAX} Tage Valuta sind möglich");
        return Err(Shared::feld("/valuta_tage", text));
    }
    Ok(tage)
}

/// First and last day of the supply; one day may stand for both.
fn leistung(
    von: Option<NaiveDate>,
    bis: Option<NaiveDate>,
    feld: &str,
) -> Result<Option<(NaiveDate, NaiveDate)>, Shared> {
    match (von.or(bis), bis.or(von)) {
        (Some(von), Some(bis)) if von > bis => Err(Shared::feld(feld, format!("liegt nach dem letzten Tag ({bis})"))),
        (von, bis) => Ok(von.zip(bis)),
    }
}

/// Lines that a user enters; those of an Auftrag say what it says, others have the key of the customer's tax status.
fn von_hand(
    debitor_nr: &str,
    leistung: Option<NaiveDate>,
    eingaben: Vec<PositionEingabe>,
    ctx: &Context<'_>,
) -> Ergebnis<Vec<PositionEingabe>> {
    let lesen = |(index, eingabe)| {
        let eingabe = wie_im_auftrag(eingabe, &format!("/positionen/{index}"), ctx)?;
        nach_status(debitor_nr, leistung, eingabe, ctx)
    };
    eingaben.into_iter().enumerate().map(lesen).collect()
}

/// A line of an article without a key has the one that the customer's tax status of its day decides, if it does.
fn nach_status(
    debitor_nr: &str,
    leistung: Option<NaiveDate>,
    e: PositionEingabe,
    ctx: &Context<'_>,
) -> Ergebnis<PositionEingabe> {
    let (None, Some(artikel_id)) = (&e.schluessel, e.artikel_id) else {
        return Ok(e);
    };
    let debitor = ctx.find::<Debitor>(Debitor::KEY_NR, debitor_nr)?;
    let artikel = ctx.get::<Artikel>(artikel_id)?;
    let fall = debitor.zip(artikel).and_then(|((_, debitor), artikel)| {
        let tag = e.leistungsdatum.or(leistung).unwrap_or_else(|| ctx.heute());
        debitor.verkaufsfall(tag, ist_ware(&artikel))?.schluessel()
    });
    Ok(PositionEingabe {
        schluessel: fall.map(Text::cut),
        ..e
    })
}

/// A line of an Auftrag keeps price and net that were decided there (fibu 3). Parts of a position are rounded one by
/// one, so a part may differ from its share by a cent.
fn wie_im_auftrag(e: PositionEingabe, pfad: &str, ctx: &Context<'_>) -> Ergebnis<PositionEingabe> {
    let Some(bezug) = e.auftrag else {
        return Ok(e);
    };
    let feld = |name: &str, text: String| Shared::feld(format!("{pfad}/{name}"), text);
    let menge = Menge::positiv(e.menge, belegposition::STELLEN, &format!("{pfad}/menge"))?;
    let auftrag = ctx.get::<Auftrag>(bezug.auftrag_id)?;
    let gefunden = auftrag.as_ref().and_then(|a| a.positionswert(bezug.position_id, menge));
    let Some((position, anteil)) = gefunden else {
        let text = "diese Position hat der Auftrag nicht; Auftrag und Position prüfen";
        return Err(feld("auftrag", text.to_owned()).into());
    };
    if e.einheit.as_str() != position.einheit {
        let text = format!("die Position des Auftrags zählt in {}", position.einheit);
        return Err(feld("einheit", text).into());
    }
    let preis = position.preis.preis();
    if e.preis != preis || e.rabatt.is_some_and(|r| r != Satz::default()) {
        let text = format!(
            "der Auftrag hat {} EUR je {} {} ohne Rabatt vereinbart; einen Nachlass mit ZuAbschlagSetzen angeben",
            preis.betrag, preis.je, preis.einheit
        );
        return Err(feld("preis", text).into());
    }
    let netto = match e.netto.map(Betrag::exact) {
        None => anteil,
        Some(Some(netto)) if (netto - anteil).abs() <= Betrag::cent(1) => netto,
        Some(_) => {
            let text = format!("auf diese Menge entfallen vom Auftrag {anteil} EUR; netto weglassen oder so angeben");
            return Err(feld("netto", text).into());
        }
    };
    Ok(PositionEingabe {
        netto: Some(Dezimal(netto.as_decimal())),
        schluessel: e.schluessel.or_else(|| Some(Text::cut(&position.schluessel))),
        ..e
    })
}

/// Reads lines and numbers them from `ab` on.
fn positionen(ab: i32, eingaben: Vec<PositionEingabe>, ctx: &Context<'_>) -> Decision<Rechnung> {
    let vorhanden = usize::try_from(ab).unwrap_or_default().saturating_sub(1);
    if vorhanden.saturating_add(eingaben.len()) > MAX_POSITIONEN {
        let text = format!("höchstens {MAX_POSITIONEN} Positionen sind erlaubt, die Rechnung teilen");
        return Err(Shared::feld("/positionen", text).into());
    }
    let lesen = |(index, (nr, eingabe)): (usize, (i32, PositionEingabe))| {
        let position = position_lesen(nr, eingabe, &format!("/positionen/{index}"), ctx)?;
        Ok(RechnungEvent::PositionHinzugefuegt { position })
    };
    (ab..).zip(eingaben).enumerate().map(lesen).collect()
}

fn position_lesen(nr: i32, e: PositionEingabe, pfad: &str, ctx: &Context<'_>) -> Ergebnis<RechnungsPosition> {
    let feld = |name: &str, text: &str| Shared::feld(format!("{pfad}/{name}"), text);
    let stellen = if e.auftrag.is_some() {
        belegposition::STELLEN
    } else {
        MENGE_STELLEN
    };
    let menge = Menge::positiv(e.menge, stellen, &format!("{pfad}/menge"))?;
    let artikel = match e.artikel_id {
        Some(id) => {
            let artikel = ctx.get::<Artikel>(id)?;
            Some(artikel.ok_or_else(|| feld("artikel_id", "diesen Artikel gibt es nicht; einen angelegten angeben"))?)
        }
        None => None,
    };
    let einheit = e.einheit.to_string();
    if e.preis.je <= Menge::NULL {
        return Err(feld("preis", "der Preis gilt für mehr als 0 seiner Einheit").into());
    }
    let rabatt = e.rabatt.unwrap_or_default();
    let netto = match (e.netto, e.auftrag) {
        (Some(_), None) => {
            return Err(feld("netto", "nur bei der Position eines Auftrags; sonst wird es errechnet").into());
        }
        (Some(netto), Some(_)) => Betrag::exact(netto).filter(|n| *n >= Betrag::NULL),
        (None, _) => {
            let in_preiseinheit = match &artikel {
                _ if e.preis.einheit == einheit => menge,
                Some(artikel) => artikel
                    .umrechnen(menge, &einheit, &e.preis.einheit)
                    .map_err(|fehler| Refused::Domain(fehler).fremd::<RechnungError>())?,
                None => {
                    let text = "Menge und Preis haben verschiedene Einheiten; nur mit einem Artikel umzurechnen";
                    return Err(feld("einheit", text).into());
                }
            };
            zeilennetto(in_preiseinheit, &e.preis, rabatt)
        }
    };
    let netto = netto.ok_or_else(|| feld("netto", "der Wert der Position ist kein Betrag in EUR"))?;
    let schluessel = match (&e.schluessel, &artikel) {
        (Some(schluessel), _) => schluessel.to_string(),
        (None, Some(artikel)) => artikel.steuerschluessel.clone(),
        (None, None) => return Err(feld("schluessel", "fehlt; ohne Artikel ist der Steuerschlüssel anzugeben").into()),
    };
    umsatzschluessel(&schluessel, &format!("{pfad}/schluessel"), ctx)?;
    let text = match (&e.text, &artikel) {
        (Some(text), _) => text.to_string(),
        (None, Some(artikel)) => artikel.bezeichnung.clone(),
        (None, None) => return Err(feld("text", "fehlt; ohne Artikel ist die Leistung zu beschreiben").into()),
    };
    let pfand = artikel.as_ref().filter(|a| a.typ == ArtikelTyp::Pfand);
    Ok(RechnungsPosition {
        skontierfaehig: e.skontierfaehig.or_else(|| pfand.map(|_| false)),
        nr,
        artikel_id: e.artikel_id,
        artikel_nr: artikel.map(|a| a.artikel_nr.clone()),
        text,
        menge,
        einheit,
        preis: e.preis,
        rabatt,
        netto,
        schluessel,
        satz: e.satz,
        konto: e.konto.map(|k| k.to_string()),
        kst: e.kst.map(|k| k.to_string()),
        ktr: e.ktr.map(|k| k.to_string()),
        lieferschein: e.lieferschein.map(|l| l.to_string()),
        leistungsdatum: e.leistungsdatum,
        auftrag: e.auftrag,
    })
}

/// The key exists and is one of sales.
pub(super) fn umsatzschluessel(code: &str, feld: &str, ctx: &Context<'_>) -> Ergebnis<()> {
    match ctx.find::<SteuerSchluessel>(SteuerSchluessel::KEY_CODE, code)? {
        Some((_, schluessel)) if matches!(schluessel.richtung, Richtung::Umsatz | Richtung::Ohne) => Ok(()),
        Some(_) => Err(Shared::feld(
            feld,
            format!("{code} ist kein Schlüssel für Umsätze; z. B. U19 angeben"),
        )
        .into()),
        None => {
            let schluessel = code.to_owned();
            Err(Refused::Domain(BuchungError::SchluesselUnbekannt { schluessel }).fremd())
        }
    }
}

fn zuabschlag_lesen(rechnung: &Rechnung, e: ZuAbschlagEingabe, ctx: &Context<'_>) -> Ergebnis<ZuAbschlagWerte> {
    let vorhanden = |nr: i32| rechnung.zuabschlaege.iter().any(|z| z.nr == nr);
    let nr = match e.nr {
        Some(nr) if vorhanden(nr) => nr,
        Some(nr) => return Err(Shared::feld("/nr", format!("den Zu- oder Abschlag {nr} gibt es nicht")).into()),
        None => rechnung
            .zuabschlaege
            .iter()
            .map(|z| z.nr)
            .max()
            .unwrap_or(0)
            .saturating_add(1),
    };
    let betrag = match e.betrag {
        Some(wert) => {
            let betrag = Betrag::exact(wert).filter(|b| *b > Betrag::NULL);
            Some(betrag.ok_or_else(|| Shared::feld("/betrag", "mehr als 0,00 mit höchstens zwei Nachkommastellen"))?)
        }
        None => None,
    };
    let prozent = e.prozent.filter(|p| *p > Satz::default());
    if betrag.is_some() == prozent.is_some() {
        return Err(Shared::feld("/betrag", "genau eines von betrag und prozent ist nötig").into());
    }
    let aufteilung = e.aufteilung.unwrap_or_default();
    let schluessel = e.schluessel.map(|s| s.to_string());
    match (aufteilung, &schluessel) {
        (Aufteilung::NachNetto, None) => {}
        (Aufteilung::FesterSchluessel, Some(code)) => umsatzschluessel(code, "/schluessel", ctx)?,
        _ => {
            let text = "ein Schlüssel gehört zur Aufteilung fester_schluessel und nur zu ihr";
            return Err(Shared::feld("/schluessel", text).into());
        }
    }
    Ok(ZuAbschlagWerte {
        nr,
        art: e.art,
        text: e.text.map(|t| t.to_string()),
        betrag,
        prozent,
        aufteilung,
        schluessel,
    })
}

/// The Anzahlungsrechnungen that a Schlussrechnung names; their amounts are decided at booking.
fn anzahlungen_lesen(rechnung: &Rechnung, ids: &[Uuid], ctx: &Context<'_>) -> Ergebnis<Vec<Anzahlungsverrechnung>> {
    let falsch = |text: &str| Err(Shared::feld("/anzahlung_ids", text).into());
    let verrechnet = matches!(rechnung.art, RechnungArt::Schluss | RechnungArt::Rechnung);
    if !verrechnet || rechnung.auftrag_id.is_none() {
        return falsch("nur die Rechnung zu einem Auftrag verrechnet Anzahlungen");
    }
    if ids.len() > MAX_ANZAHLUNGEN {
        return falsch("zu viele Anzahlungen für eine Schlussrechnung");
    }
    let mut gelesen: Vec<Anzahlungsverrechnung> = Vec::new();
    for id in ids {
        let anzahlung = ctx.get::<Rechnung>(*id)?;
        let passend = anzahlung.filter(|a| a.art == RechnungArt::Anzahlung && a.auftrag_id == rechnung.auftrag_id);
        let Some(anzahlung) = passend else {
            return falsch("keine Anzahlungsrechnung des Auftrags");
        };
        if gelesen.iter().any(|g| g.anzahlung_id == *id) {
            return falsch("eine Anzahlungsrechnung steht zweimal in der Liste");
        }
        gelesen.push(anzahlung.genannt(*id));
    }
    Ok(gelesen)
}
