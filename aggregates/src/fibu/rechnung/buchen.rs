//! Booking: what the invoice comes to, whether the law's particulars are there, and what is posted. The number is drawn
//! last, so that no refusal of the invoice comes after it.

use std::sync::Arc;

use chrono::NaiveDate;

use super::{
    Anzahlungsverrechnung, Aufteilung, BELEGKREIS, Empfaenger, Ergebnis, Position, Rechnung, RechnungArt,
    RechnungError, RechnungEvent, RechnungGebucht, RechnungsPosition, Verkaeufer, ZuAbschlag, ZuAbschlagAnteil,
    ZuAbschlagArt, ZuAbschlagGebucht, anzahlung,
};
use crate::{
    Context, Decision, Refused, Shared,
    crm::Kunde,
    dienste::{Firmenstammdaten, nummernkreis::Belegnummer},
    fibu::{
        Debitor, Kontenplan,
        buchung::{Buchungsart, Seite},
        buchungssatz::{Bedingung, Buchungssatz, Buchungszeile},
        kontenplan::Zweck,
        partner::PartnerStatus,
        steuerfall::ist_ware,
        steuerrechnung::{Steuerzeile, Tarif, Teil, je_schluessel, nach_netto, prozent, steuer, steuerzeile, tarif},
        zahlungsbedingung::SkontofreierTeil,
    },
    types::{Betrag, Dezimal, Satz},
    wawi::Artikel,
};

/// The key whose tax the recipient owes: he must be a business (§ 13b UStG).
const STEUERSCHULD_DES_EMPFAENGERS: &str = "U13B";

/// Net amounts that are posted as one line.
#[derive(Debug, Clone)]
struct Gruppe {
    schluessel: String,
    konto: String,
    kst: Option<String>,
    ktr: Option<String>,
    netto: Betrag,
}

/// What an invoice comes to.
struct Gerechnet {
    positionen: Vec<RechnungsPosition>,
    zuabschlaege: Vec<ZuAbschlagGebucht>,
    gruppen: Vec<Gruppe>,
    steuerzeilen: Vec<Steuerzeile>,
}

impl Gerechnet {
    fn summe(&self, teil: fn(&Steuerzeile) -> Betrag) -> Betrag {
        self.steuerzeilen.iter().map(teil).sum()
    }

    /// Gross per key of what earns no Skonto: lines that say so, freight and small-quantity surcharges.
    fn skontofrei(&self) -> Vec<SkontofreierTeil> {
        let zeilen = self.positionen.iter().filter(|p| p.skontierfaehig == Some(false));
        let zeilen = zeilen.map(|p| (p.schluessel.as_str(), p.netto));
        let zuschlag = |z: &&ZuAbschlagGebucht| z.zuabschlag.art != ZuAbschlagArt::Rabatt;
        let anteile = self.zuabschlaege.iter().filter(zuschlag).flat_map(|z| &z.anteile);
        let anteile = anteile.map(|a| (a.schluessel.as_str(), a.netto));
        let summen = je_schluessel(
            zeilen
                .chain(anteile)
                .map(|(schluessel, netto)| Teil { schluessel, netto }),
        );
        let brutto = |(schluessel, netto): (String, Betrag)| {
            let satz = self.steuerzeilen.iter().find(|z| z.schluessel == schluessel)?.satz;
            let brutto = netto + steuer(netto, satz)?;
            Some(SkontofreierTeil { schluessel, brutto })
        };
        summen.into_iter().filter_map(brutto).collect()
    }
}

/// Books a draft.
pub(super) fn buchen(
    rechnung: &Rechnung,
    rechnungsdatum: Option<NaiveDate>,
    erwartet: Option<Dezimal>,
    ctx: &Context<'_>,
) -> Decision<Rechnung> {
    let rechnungsdatum = datum_pruefen(rechnungsdatum, "/rechnungsdatum", ctx)?;
    if rechnung.positionen.is_empty() {
        return Err(RechnungError::OhnePosition {}.into());
    }
    let debitor = debitor(&rechnung.debitor_nr, ctx)?;
    if debitor.konto.status != PartnerStatus::Aktiv {
        let nr = rechnung.debitor_nr.clone();
        return Err(RechnungError::DebitorGesperrt { nr }.into());
    }
    anzahlung::auftrag_pruefen(rechnung.art, rechnung.auftrag_id, &rechnung.debitor_nr, ctx)?;
    let leistung = leistungszeitraum(rechnung);
    let steuerdatum = match (rechnung.art, leistung) {
        (RechnungArt::Anzahlung, _) => rechnungsdatum,
        (_, Some((_, bis))) => bis,
        (_, None) => return Err(RechnungError::LeistungsdatumFehlt {}.into()),
    };
    let verkaeufer = verkaeufer(rechnungsdatum, ctx)?;
    let empfaenger = empfaenger(&debitor, steuerdatum)?;
    let gerechnet = rechnen(rechnung, &debitor, steuerdatum, ctx)?;
    let brutto = gerechnet.summe(|z| z.brutto);
    let verrechnungen = match rechnung.art {
        RechnungArt::Schluss => anzahlung::verrechnungen(rechnung, brutto, ctx)?,
        RechnungArt::Rechnung => {
            anzahlung::nicht_uebergehen(rechnung, ctx)?;
            Vec::new()
        }
        RechnungArt::Anzahlung | RechnungArt::Gutschrift | RechnungArt::Storno => Vec::new(),
    };
    let zahlbetrag = brutto - verrechnungen.iter().map(|v| v.brutto).sum();
    // A fully prepaid supply leaves nothing to pay; an invoice of nothing is none.
    if brutto <= Betrag::NULL {
        return Err(RechnungError::SummeNegativ { summe: brutto }.into());
    }
    if let Some(erwartet) = erwartet.filter(|e| Betrag::exact(*e) != Some(zahlbetrag)) {
        let erwartet = erwartet.to_string();
        return Err(RechnungError::SummeAbweichend {
            erwartet,
            ist: zahlbetrag,
        }
        .into());
    }
    let bedingung = bedingung(rechnung, &debitor, rechnungsdatum, &gerechnet, ctx)?;
    let buchung_id = ctx.part_id(Rechnung::TEIL_BUCHUNG);
    let zeilen = buchungszeilen(rechnung, &gerechnet, &verrechnungen, zahlbetrag, steuerdatum, ctx)?;
    let buchung = Buchungssatz {
        buchung_id,
        buchungsart: match rechnung.art {
            RechnungArt::Anzahlung => Buchungsart::Anzahlung,
            _ => Buchungsart::Rechnung,
        },
        steuerdatum,
        text: empfaenger.name.clone(),
        zeilen,
    };
    let anzahlung_nr = match (rechnung.art, rechnung.auftrag_id) {
        (RechnungArt::Anzahlung, Some(auftrag)) => {
            let netto = gerechnet.summe(|z| z.basis);
            Some(anzahlung::naechste_nr(rechnung, netto, auftrag, ctx)?)
        }
        _ => None,
    };
    Ok(vec![RechnungEvent::Gebucht(Box::new(RechnungGebucht {
        nummer: nummer(rechnungsdatum, ctx)?,
        art: rechnung.art,
        bezug: None,
        grund: None,
        auftrag_id: rechnung.auftrag_id,
        anzahlung_nr,
        rechnungsdatum,
        leistung_von: leistung.map(|l| l.0),
        leistung_bis: leistung.map(|l| l.1),
        verkaeufer,
        empfaenger,
        waehrung: rechnung.waehrung.clone(),
        netto: gerechnet.summe(|z| z.basis),
        steuer: gerechnet.summe(|z| z.steuer),
        brutto,
        positionen: gerechnet.positionen,
        zuabschlaege: gerechnet.zuabschlaege,
        steuerzeilen: gerechnet.steuerzeilen,
        verrechnungen,
        zahlbetrag,
        bedingung,
        buchung_id,
        buchung: Some(buchung),
        umkehr: None,
        ausgleich: None,
    }))])
}

/// Terms of the draft; one that names none has those of the Debitor, with the Valuta of his customer.
fn bedingung(
    rechnung: &Rechnung,
    debitor: &Debitor,
    rechnungsdatum: NaiveDate,
    gerechnet: &Gerechnet,
    ctx: &Context<'_>,
) -> Ergebnis<Bedingung> {
    let bedingung_id = rechnung.zahlungsbedingung_id.or(debitor.konto.zahlungsbedingung_id);
    let valuta_tage = match (rechnung.zahlungsbedingung_id, rechnung.valuta_tage, debitor.kunde_id) {
        (None, None, Some(kunde_id)) => ctx.get::<Kunde>(kunde_id)?.and_then(|k| k.konditionen.valuta_tage),
        (_, valuta_tage, _) => valuta_tage,
    };
    Bedingung::am(bedingung_id, rechnungsdatum, valuta_tage, gerechnet.skontofrei(), ctx)
}

/// The date of a document: today or before. The Nummernkreis is chronological, so a date ahead would stop all others.
pub(super) fn datum_pruefen(datum: Option<NaiveDate>, feld: &str, ctx: &Context<'_>) -> Result<NaiveDate, Shared> {
    let spaetestens = ctx.heute();
    match datum {
        Some(datum) if datum > spaetestens => Err(Shared::DatumZukunft {
            feld: feld.to_owned(),
            spaetestens,
        }),
        datum => Ok(datum.unwrap_or(spaetestens)),
    }
}

/// Draws the number; a Nummernkreis that would go backwards in time refuses with the invoice's own code.
pub(super) fn nummer(rechnungsdatum: NaiveDate, ctx: &Context<'_>) -> Ergebnis<Belegnummer> {
    ctx.draw(BELEGKREIS, rechnungsdatum)
        .map_err(|abgelehnt| match abgelehnt {
            Refused::Shared(Shared::Fremd {
                code: "NUMMERNKREIS_RUECKWAERTS",
                ..
            }) => RechnungError::DatumVorLetzter { rechnungsdatum }.into(),
            abgelehnt => abgelehnt,
        })
}

pub(super) fn debitor(nr: &str, ctx: &Context<'_>) -> Ergebnis<Arc<Debitor>> {
    match ctx.find::<Debitor>(Debitor::KEY_NR, nr)? {
        Some((_, debitor)) => Ok(debitor),
        None => Err(RechnungError::DebitorUnbekannt { nr: nr.to_owned() }.into()),
    }
}

/// First and last day of the supply, the days of the lines included.
fn leistungszeitraum(rechnung: &Rechnung) -> Option<(NaiveDate, NaiveDate)> {
    let zeilen = rechnung.positionen.iter().filter_map(|p| p.leistungsdatum);
    let tage = || zeilen.clone().chain(rechnung.leistung_bis);
    Some((tage().chain(rechnung.leistung_von).min()?, tage().max()?))
}

fn fehlt(feld: &str) -> Refused<RechnungError> {
    RechnungError::PflichtangabeFehlt { feld: feld.to_owned() }.into()
}

/// The seller on a day; § 14 Abs. 4 Nr. 1 and 2 UStG want address and tax number.
pub(super) fn verkaeufer(am: NaiveDate, ctx: &Context<'_>) -> Ergebnis<Verkaeufer> {
    let firma = ctx.get::<Firmenstammdaten>(Firmenstammdaten::stream_id(ctx.frame.mandant_id))?;
    let Some(stand) = firma.as_ref().and_then(|f| f.am(am)) else {
        return Err(fehlt("verkaeufer.firma"));
    };
    let (Some(plz), Some(ort), Some(land)) = (stand.plz.clone(), stand.ort.clone(), stand.land.clone()) else {
        return Err(fehlt("verkaeufer.anschrift"));
    };
    if stand.ust_id.is_none() && stand.steuernummer.is_none() {
        return Err(fehlt("verkaeufer.steuernummer"));
    }
    Ok(Verkaeufer {
        firma: stand.firma.clone(),
        strasse: stand.strasse.clone(),
        plz,
        ort,
        land,
        ust_id: stand.ust_id.clone(),
        steuernummer: stand.steuernummer.clone(),
    })
}

/// The customer as he is now, with his VAT id of the day of the supply.
pub(super) fn empfaenger(debitor: &Debitor, steuerdatum: NaiveDate) -> Ergebnis<Empfaenger> {
    let konto = &debitor.konto;
    let (Some(plz), Some(ort), Some(land)) = (konto.plz.clone(), konto.ort.clone(), konto.land.clone()) else {
        return Err(fehlt("empfaenger.anschrift"));
    };
    Ok(Empfaenger {
        debitor_nr: konto.nr.clone(),
        kunde_id: debitor.kunde_id,
        name: konto.name.clone(),
        strasse: konto.strasse.clone(),
        plz,
        ort,
        land,
        ust_id: konto.ust_id_am(steuerdatum).map(str::to_owned),
    })
}

/// The key on the day of the supply, with what the law wants of the customer for it.
fn geprueft(code: &str, steuerdatum: NaiveDate, debitor: &Debitor, ctx: &Context<'_>) -> Ergebnis<Tarif> {
    let tarif = tarif(code, steuerdatum, ctx)?;
    let schluessel = || code.to_owned();
    if tarif.schluessel.ust_id_pflicht && debitor.konto.ust_id_am(steuerdatum).is_none() {
        let schluessel = schluessel();
        return Err(RechnungError::UstIdFehlt { schluessel }.into());
    }
    if code == STEUERSCHULD_DES_EMPFAENGERS && debitor.verbraucher {
        let schluessel = schluessel();
        return Err(RechnungError::EmpfaengerKeinUnternehmer { schluessel }.into());
    }
    Ok(tarif)
}

/// The rate a line states, and the one of its own day, must be the one of the day of the supply.
fn satz_pruefen(position: &Position, tarif: &Tarif) -> Ergebnis<()> {
    let am_tag = position.leistungsdatum.map(|tag| tarif.schluessel.satz(tag));
    let anders = position.satz.is_some_and(|satz| Some(satz) != tarif.satz);
    match tarif.satz {
        Some(erwartet) if anders || am_tag.is_some_and(|satz| satz != Some(erwartet)) => {
            let schluessel = position.schluessel.clone();
            Err(RechnungError::SteuersatzZumLeistungsdatum { schluessel, erwartet }.into())
        }
        _ => Ok(()),
    }
}

/// Tax on a supply that the customer's status exempts would be owed all the same (§ 14c UStG): who books it shall know.
fn vor_steuer_warnen(
    position: &Position,
    tarif: &Tarif,
    debitor: &Debitor,
    am: NaiveDate,
    ctx: &Context<'_>,
) -> Ergebnis<()> {
    let artikel = match position.artikel_id {
        Some(id) => ctx.get::<Artikel>(id)?,
        None => None,
    };
    let ware = artikel.is_none_or(|a| ist_ware(&a));
    let fall = debitor.verkaufsfall(am, ware).and_then(|fall| fall.schluessel());
    if let (Some(schluessel), Some(_)) = (fall, tarif.satz.filter(|satz| *satz > Satz::default())) {
        let meldung = format!(
            "Position {}: der Umsatzsteuerstatus des Kunden spricht für {schluessel} statt {}; bitte prüfen",
            position.nr, position.schluessel
        );
        ctx.warn("RECHNUNG_STEUERSCHLUESSEL_STATUS", meldung);
    }
    Ok(())
}

/// Where a line's revenue goes: the account it names, else by the Kontenfindung. An Anzahlung is no revenue yet: its
/// gross waits on a clearing account until it is paid.
fn erloeskonto(rechnung: &Rechnung, position: &Position, am: NaiveDate, ctx: &Context<'_>) -> Ergebnis<String> {
    if rechnung.art == RechnungArt::Anzahlung {
        return Kontenplan::finden(ctx, Zweck::AnzahlungErhaltenVerrechnung, None, am);
    }
    if let Some(konto) = &position.konto {
        return Ok(konto.clone());
    }
    Kontenplan::finden_fuer(ctx, Zweck::Erloes, Some(&position.schluessel), position.artikel_id, am)
}

fn rechnen(rechnung: &Rechnung, debitor: &Debitor, steuerdatum: NaiveDate, ctx: &Context<'_>) -> Ergebnis<Gerechnet> {
    let mut positionen = Vec::with_capacity(rechnung.positionen.len());
    let mut gruppen: Vec<Gruppe> = Vec::new();
    for position in &rechnung.positionen {
        let tarif = geprueft(&position.schluessel, steuerdatum, debitor, ctx)?;
        satz_pruefen(position, &tarif)?;
        vor_steuer_warnen(position, &tarif, debitor, steuerdatum, ctx)?;
        let konto = erloeskonto(rechnung, position, steuerdatum, ctx)?;
        let gruppe = Gruppe {
            schluessel: position.schluessel.clone(),
            konto: konto.clone(),
            kst: position.kst.clone(),
            ktr: position.ktr.clone(),
            netto: position.netto,
        };
        dazu(&mut gruppen, gruppe);
        positionen.push(RechnungsPosition {
            satz: tarif.satz,
            konto: Some(konto),
            ..RechnungsPosition::from(position)
        });
    }
    let basis = gruppen.clone();
    let mut zuabschlaege = Vec::with_capacity(rechnung.zuabschlaege.len());
    for zuabschlag in &rechnung.zuabschlaege {
        let gebucht = verteilen(rechnung, zuabschlag, &basis, steuerdatum, ctx)?;
        for anteil in &gebucht.anteile {
            let gruppe = Gruppe {
                schluessel: anteil.schluessel.clone(),
                konto: anteil.konto.clone(),
                kst: anteil.kst.clone(),
                ktr: anteil.ktr.clone(),
                netto: anteil.netto,
            };
            dazu(&mut gruppen, gruppe);
        }
        zuabschlaege.push(gebucht);
    }
    if let Some(gruppe) = gruppen.iter().find(|g| g.netto < Betrag::NULL) {
        return Err(RechnungError::SummeNegativ { summe: gruppe.netto }.into());
    }
    let mut steuerzeilen = Vec::new();
    for (schluessel, netto) in je_schluessel(gruppen.iter().map(teil)) {
        let tarif = geprueft(&schluessel, steuerdatum, debitor, ctx)?;
        let hinweis = tarif.schluessel.hinweistext.clone();
        let zeile = steuerzeile(schluessel, tarif.satz, netto, hinweis);
        steuerzeilen.push(zeile.ok_or_else(|| Shared::feld("", "der Betrag der Rechnung ist zu groß"))?);
    }
    Ok(Gerechnet {
        positionen,
        zuabschlaege,
        gruppen,
        steuerzeilen,
    })
}

fn teil(gruppe: &Gruppe) -> Teil<'_> {
    Teil {
        schluessel: &gruppe.schluessel,
        netto: gruppe.netto,
    }
}

fn dazu(gruppen: &mut Vec<Gruppe>, neu: Gruppe) {
    let gleich = |g: &&mut Gruppe| {
        (&g.schluessel, &g.konto, &g.kst, &g.ktr) == (&neu.schluessel, &neu.konto, &neu.kst, &neu.ktr)
    };
    match gruppen.iter_mut().find(gleich) {
        Some(gruppe) => gruppe.netto += neu.netto,
        None => gruppen.push(neu),
    }
}

/// Splits a surcharge or discount: over the keys by their nets, within a key over its accounts.
fn verteilen(
    rechnung: &Rechnung,
    z: &ZuAbschlag,
    basis: &[Gruppe],
    am: NaiveDate,
    ctx: &Context<'_>,
) -> Ergebnis<ZuAbschlagGebucht> {
    let summe: Betrag = basis.iter().map(|g| g.netto).sum();
    let absolut = match (z.betrag, z.prozent) {
        (Some(betrag), _) => Some(betrag),
        (None, Some(satz)) => prozent(summe, satz),
        (None, None) => None,
    };
    let absolut = absolut.ok_or_else(|| Shared::feld("", "ein Zu- oder Abschlag ist kein Betrag in EUR"))?;
    let wert = match z.art {
        ZuAbschlagArt::Rabatt => -absolut,
        ZuAbschlagArt::Fracht | ZuAbschlagArt::Mindermenge => absolut,
    };
    let je_key: Vec<(String, Betrag)> =
        if let (Aufteilung::FesterSchluessel, Some(schluessel)) = (z.aufteilung, &z.schluessel) {
            vec![(schluessel.clone(), wert)]
        } else {
            let keys = je_schluessel(basis.iter().map(teil));
            let netto: Vec<Betrag> = keys.iter().map(|(_, n)| *n).collect();
            keys.into_iter()
                .map(|(key, _)| key)
                .zip(nach_netto(wert, &netto))
                .collect()
        };
    let mut anteile: Vec<ZuAbschlagAnteil> = Vec::new();
    for (schluessel, wert) in je_key {
        let mut ziele: Vec<Gruppe> = basis.iter().filter(|g| g.schluessel == schluessel).cloned().collect();
        if ziele.is_empty() {
            let konto = match rechnung.art {
                RechnungArt::Anzahlung => Kontenplan::finden(ctx, Zweck::AnzahlungErhaltenVerrechnung, None, am)?,
                _ => Kontenplan::finden(ctx, Zweck::Erloes, Some(&schluessel), am)?,
            };
            ziele.push(Gruppe {
                schluessel: schluessel.clone(),
                konto,
                kst: None,
                ktr: None,
                netto: wert,
            });
        }
        let gewichte: Vec<Betrag> = ziele.iter().map(|g| g.netto.abs()).collect();
        let gefuellt = ziele
            .into_iter()
            .zip(nach_netto(wert, &gewichte))
            .filter(|(_, teil)| !teil.is_null());
        for (ziel, netto) in gefuellt {
            let lfd = i32::try_from(anteile.len()).unwrap_or(i32::MAX).saturating_add(1);
            anteile.push(ZuAbschlagAnteil {
                lfd,
                schluessel: ziel.schluessel,
                konto: ziel.konto,
                kst: ziel.kst,
                ktr: ziel.ktr,
                netto,
            });
        }
    }
    Ok(z.gebucht(wert, anteile))
}

/// The lines in the ledger: the customer, what is deducted, the revenue per key and account. The Buchung adds the tax.
fn buchungszeilen(
    rechnung: &Rechnung,
    gerechnet: &Gerechnet,
    verrechnungen: &[Anzahlungsverrechnung],
    zahlbetrag: Betrag,
    steuerdatum: NaiveDate,
    ctx: &Context<'_>,
) -> Ergebnis<Vec<Buchungszeile>> {
    let mut zeilen = Vec::new();
    if !zahlbetrag.is_null() {
        zeilen.push(Buchungszeile::partner(&rechnung.debitor_nr, Seite::Soll, zahlbetrag));
    }
    if rechnung.art == RechnungArt::Anzahlung {
        let konto = Kontenplan::finden(ctx, Zweck::AnzahlungErhaltenVerrechnung, None, steuerdatum)?;
        let zeile = Buchungszeile::ohne_steuer(&konto, Seite::Haben, zahlbetrag, steuerdatum, ctx)?;
        zeilen.push(zeile);
        return Ok(zeilen);
    }
    let abzuege = verrechnungen
        .iter()
        .flat_map(|v| v.steuer.iter().map(|z| (v.rechnungsdatum, z)));
    for (satzdatum, abzug) in abzuege {
        let konto = Kontenplan::finden(ctx, Zweck::AnzahlungErhalten, Some(&abzug.schluessel), steuerdatum)?;
        let zeile = Buchungszeile::konto(&konto, Seite::Soll, abzug.basis).mit_schluessel(&abzug.schluessel);
        zeilen.push(zeile.mit_steuer(abzug.steuer, Some(satzdatum)));
    }
    for gruppe in gerechnet.gruppen.iter().filter(|g| !g.netto.is_null()) {
        let zeile = Buchungszeile::konto(&gruppe.konto, Seite::Haben, gruppe.netto);
        zeilen.push(Buchungszeile {
            kst: gruppe.kst.clone(),
            ktr: gruppe.ktr.clone(),
            ..zeile.mit_schluessel(&gruppe.schluessel)
        });
    }
    Ok(zeilen)
}
