//! Rows of a Buchungsstapel → commands. Pure: knows the accounts of the company and the rows before, sends nothing.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{context::derived_v7, types::Betrag};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    bericht::deutsch,
    format::{Buchungszeile, Kontobezug, Kopf},
    konten::Bestand,
};
use crate::portal::Auftrag;

/// Longest reference that a Buchung takes.
const MAX_BELEG: usize = 36;
/// Longest text of a Buchung and of its lines.
const MAX_TEXT: usize = 200;
/// Longest Kostenstelle that a line takes.
const MAX_KST: usize = 20;
/// Longest label of a Stapel in a reason; the format allows 30.
const MAX_BEZEICHNUNG: usize = 30;

/// Why the import itself refuses a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absage {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub text: String,
}

fn absage<T>(code: &'static str, text: impl Into<String>) -> Result<T, Absage> {
    Err(Absage {
        code,
        text: text.into(),
    })
}

/// What a row is about, as far as the row alone tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vorgeprueft {
    /// Amount in EUR.
    pub betrag: Betrag,
    /// Foreign amount and rate, e.g. `CHF 124,00 zum Kurs 1,240402`.
    pub original: Option<String>,
    /// A Generalumkehr.
    pub umkehr: bool,
    /// Automatic accounts are to be switched off (BU 40).
    pub ohne_automatik: bool,
    /// Tax keys of the BU; several if only the account can tell which.
    pub schluessel: Vec<String>,
}

/// Judges a row by itself. Accounts are created only for rows that pass.
pub fn vorpruefen(zeile: &Buchungszeile, bestand: &Bestand) -> Result<Vorgeprueft, Absage> {
    if !zeile.buchungstyp.is_empty() {
        let text = format!(
            "Anzahlungszeile (Buchungstyp {}); Anzahlungen werden noch nicht geführt, bitte von Hand erfassen",
            zeile.buchungstyp
        );
        return absage("DATEV_ANZAHLUNG", text);
    }
    let (betrag, original) = betrag_in_eur(zeile)?;
    // The first of two digits of a BU 20 to 29 is the correction mark, the second the tax key.
    let (umkehr_bu, bu) = match zeile.bu.strip_prefix('2') {
        Some(rest) if rest.len() == 1 => (true, rest.trim_start_matches('0')),
        _ => (false, zeile.bu.as_str()),
    };
    let umkehr = umkehr_bu || zeile.generalumkehr;
    let ohne_automatik = bu == "40";
    let schluessel: Vec<String> = if bu.is_empty() || ohne_automatik {
        Vec::new()
    } else {
        bestand.schluessel_zu_bu(bu).into_iter().map(str::to_owned).collect()
    };
    // A Generalumkehr takes its tax from the original.
    if schluessel.is_empty() && !bu.is_empty() && !ohne_automatik && !umkehr {
        let text = format!(
            "den BU-Schlüssel {} kennt das Haus nicht; bei einem Steuerschlüssel das Feld datev_bu setzen und die Datei erneut einlesen",
            zeile.bu
        );
        return absage("DATEV_BU_UNBEKANNT", text);
    }
    Ok(Vorgeprueft {
        betrag,
        original,
        umkehr,
        ohne_automatik,
        schluessel,
    })
}

/// The amount in EUR: Umsatz itself, or the base amount of a foreign one.
fn betrag_in_eur(zeile: &Buchungszeile) -> Result<(Betrag, Option<String>), Absage> {
    if zeile.wkz.is_empty() || zeile.wkz == "EUR" {
        return Ok((zeile.umsatz, None));
    }
    let Some(basis) = zeile.basis_umsatz.filter(|_| zeile.wkz_basis == "EUR") else {
        let text = format!(
            "{} ohne Basis-Umsatz in EUR (Spalten 5 und 6); mit Basis-Umsatz neu exportieren",
            zeile.wkz
        );
        return absage("DATEV_WAEHRUNG_OHNE_BASISBETRAG", text);
    };
    if zeile.skonto.is_some() {
        let text = format!(
            "Skonto in {}; der Abzug in EUR ist nicht bekannt, bitte von Hand erfassen",
            zeile.wkz
        );
        return absage("DATEV_WAEHRUNG_SKONTO", text);
    }
    let kurs = if zeile.kurs.is_empty() {
        "unbekannt"
    } else {
        &zeile.kurs
    };
    let original = format!("{} {} zum Kurs {kurs}", zeile.wkz, deutsch(zeile.umsatz));
    Ok((basis, Some(original)))
}

/// A command of a row.
#[derive(Debug)]
pub struct Geplant {
    /// The command.
    pub auftrag: Auftrag,
    /// For a Generalumkehr the row that it reverses.
    pub ursprung: Option<Ursprung>,
    /// What else to know.
    pub hinweise: Vec<String>,
}

/// The row that a Generalumkehr reverses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ursprung {
    /// Index of the file in the run.
    pub datei: usize,
    /// Line in the file.
    pub zeile: usize,
}

/// A row as a Generalumkehr finds it again: debited and credited account, amount, Belegfeld 1.
type Merkmal = (String, String, i64, String);

/// A row of this run that may be reversed.
#[derive(Debug)]
struct Gemerkt {
    id: Uuid,
    ursprung: Ursprung,
    umgekehrt: bool,
}

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub struct Stelle<'a> {
    /// Index of the file in the run.
    pub datei: usize,
    /// Its header.
    pub kopf: &'a Kopf,
    /// Line in the file.
    pub zeile: usize,
    /// The row as written.
    pub roh: &'a str,
    /// How many identical rows stand before it in the file.
    pub lfd: usize,
}

impl Stelle<'_> {
    /// `DATEV-Stapel Maerz 2026, Zeile 5`.
    fn name(&self) -> String {
        let bezeichnung: String = self.kopf.bezeichnung.chars().take(MAX_BEZEICHNUNG).collect();
        format!("DATEV-Stapel {bezeichnung}, Zeile {}", self.zeile).replace(" ,", ",")
    }

    /// The Idempotency key: the Buchungs-GUID, else the row itself. The same row of a later export acts once.
    pub fn schluessel(&self, guid: &str) -> String {
        if !guid.is_empty() {
            return format!("datev:{}", guid.to_lowercase());
        }
        let mut hash = Sha256::new();
        let kopf = self.kopf;
        for teil in [
            kopf.berater.as_str(),
            &kopf.mandant,
            &kopf.wj_beginn.to_string(),
            self.roh,
            &self.lfd.to_string(),
        ] {
            hash.update(teil.as_bytes());
            hash.update([0]);
        }
        format!("datev:{}", hex::encode(hash.finalize()))
    }
}

/// Plans the rows of a run, in order.
#[derive(Debug, Default)]
pub struct Planer {
    /// Tax keys of the invoices by partner and Belegfeld 1; payments with discount look here.
    rechnungen: BTreeMap<(String, String), BTreeSet<String>>,
    gemerkt: BTreeMap<Merkmal, Vec<Gemerkt>>,
    /// Refused rows, so that a Generalumkehr can say why it has no original.
    abgesagt: BTreeMap<Merkmal, usize>,
}

impl Planer {
    /// Plans a row, or says why it cannot be posted.
    pub fn planen(
        &mut self,
        zeile: &Buchungszeile,
        geprueft: &Vorgeprueft,
        stelle: &Stelle<'_>,
        bestand: &Bestand,
    ) -> Result<Geplant, Absage> {
        let key = stelle.schluessel(&zeile.guid);
        let merkmal = merkmal(zeile, geprueft.betrag);
        let mut hinweise = hinweise(zeile, geprueft);
        if geprueft.umkehr {
            return self.umkehren(zeile, merkmal, stelle, key, hinweise);
        }
        let id = buchung_id(bestand.kontenplan_id, &key, zeile.belegdatum);
        let daten = self.buchung(zeile, geprueft, stelle, bestand, &mut hinweise)?;
        self.gemerkt.entry(merkmal).or_default().push(Gemerkt {
            id,
            ursprung: Ursprung {
                datei: stelle.datei,
                zeile: stelle.zeile,
            },
            umgekehrt: false,
        });
        Ok(Geplant {
            auftrag: Auftrag {
                bereich: "fibu",
                ressource: "buchungen",
                id: Some(id),
                befehl: "erfassen",
                daten,
                schluessel: Some(key),
            },
            ursprung: None,
            hinweise,
        })
    }

    /// Remembers a row that was not planned.
    pub fn absagen(&mut self, zeile: &Buchungszeile, nr: usize) {
        let betrag = betrag_in_eur(zeile).map_or(zeile.umsatz, |(betrag, _)| betrag);
        self.abgesagt.insert(merkmal(zeile, betrag), nr);
    }

    /// Reverses the row it belongs to. Some programs turn the side around, some repeat it.
    fn umkehren(
        &mut self,
        zeile: &Buchungszeile,
        merkmal: Merkmal,
        stelle: &Stelle<'_>,
        key: String,
        mut hinweise: Vec<String>,
    ) -> Result<Geplant, Absage> {
        let (soll, haben, cent, beleg) = merkmal.clone();
        let gedreht = (haben, soll, cent, beleg);
        for gesucht in [&gedreht, &merkmal] {
            let offen = self.gemerkt.get_mut(gesucht);
            let Some(original) = offen.and_then(|o| o.iter_mut().find(|g| !g.umgekehrt)) else {
                continue;
            };
            original.umgekehrt = true;
            hinweise.push(if original.ursprung.datei == stelle.datei {
                format!("Generalumkehr der Zeile {}", original.ursprung.zeile)
            } else {
                format!(
                    "Generalumkehr der Zeile {} einer früheren Datei",
                    original.ursprung.zeile
                )
            });
            let grund = format!("Generalumkehr aus {}: {}", stelle.name(), bereinigt(&zeile.text));
            let grund = grund.trim_end_matches(": ").to_owned();
            return Ok(Geplant {
                auftrag: Auftrag {
                    bereich: "fibu",
                    ressource: "buchungen",
                    id: Some(original.id),
                    befehl: "stornieren",
                    daten: json!({"grund": grund, "buchungsdatum": zeile.belegdatum}),
                    schluessel: Some(key),
                },
                ursprung: Some(original.ursprung.clone()),
                hinweise,
            });
        }
        let abgesagt = self.abgesagt.get(&gedreht).or_else(|| self.abgesagt.get(&merkmal));
        absage(OHNE_ORIGINAL, ohne_original(abgesagt.copied()))
    }

    /// The fields of `Erfassen`.
    fn buchung(
        &mut self,
        zeile: &Buchungszeile,
        geprueft: &Vorgeprueft,
        stelle: &Stelle<'_>,
        bestand: &Bestand,
        hinweise: &mut Vec<String>,
    ) -> Result<Value, Absage> {
        let konten = [&zeile.konto, &zeile.gegenkonto];
        let steuerzeile = steuerzeile(zeile, bestand);
        let schluessel = self.steuerschluessel(zeile, geprueft, steuerzeile, bestand)?;
        let skonto = match zeile.skonto {
            Some(abzug) => Some(self.skonto(zeile, abzug, schluessel.as_deref(), bestand)?),
            None => None,
        };
        // With a discount the key belongs to it: the row itself is a payment.
        let schluessel = if skonto.is_some() { None } else { schluessel };
        let mut aufgehoben = false;
        let mut zeilen = Vec::with_capacity(3);
        for (index, konto) in konten.into_iter().enumerate() {
            let soll = zeile.soll == (index == 0);
            let abzug = skonto.as_ref().filter(|_| konto.ist_person()).map(|(abzug, ..)| *abzug);
            let mut felder = Map::new();
            let feld = if konto.ist_person() { "personenkonto" } else { "konto" };
            felder.insert(feld.to_owned(), json!(konto.nr()));
            felder.insert("seite".to_owned(), json!(seite(soll)));
            felder.insert("betrag".to_owned(), json!(geprueft.betrag + abzug.unwrap_or_default()));
            if let Kontobezug::Sachkonto(nr) = konto {
                let fest = bestand.fester_schluessel(nr);
                if geprueft.ohne_automatik && fest.is_some() {
                    felder.insert("ohne_automatik".to_owned(), json!(true));
                    aufgehoben = true;
                }
                if steuerzeile == Some(index)
                    && let Some(schluessel) = schluessel.as_deref().filter(|s| fest != Some(*s))
                {
                    felder.insert("schluessel".to_owned(), json!(schluessel));
                }
                kostenstelle(&mut felder, zeile, nr, bestand, hinweise);
            }
            if let Some(faellig) = zeile.faellig().filter(|_| konto.ist_person()) {
                felder.insert("op".to_owned(), json!({"faellig": faellig}));
            }
            if let Some(original) = &geprueft.original {
                felder.insert("text".to_owned(), json!(original));
            }
            zeilen.push(Value::Object(felder));
        }
        if let Some((abzug, nr, schluessel)) = skonto {
            let partner_soll = zeile.soll == zeile.konto.ist_person();
            let mut felder = Map::new();
            felder.insert("konto".to_owned(), json!(nr));
            felder.insert("seite".to_owned(), json!(seite(!partner_soll)));
            felder.insert("betrag".to_owned(), json!(abzug));
            felder.insert("text".to_owned(), json!("Skonto"));
            if bestand.fester_schluessel(&nr) != Some(schluessel.as_str()) {
                felder.insert("schluessel".to_owned(), json!(schluessel));
            }
            kostenstelle(&mut felder, zeile, &nr, bestand, hinweise);
            zeilen.push(Value::Object(felder));
        }
        if geprueft.ohne_automatik && !aufgehoben {
            hinweise.push("BU-Schlüssel 40 ohne Wirkung: kein Automatikkonto".to_owned());
        }
        let erfolg = |k: &&Kontobezug| !k.ist_person() && bestand.ist_erfolg(k.nr());
        if !zeile.kost1.is_empty() && !konten.iter().any(erfolg) {
            hinweise.push(format!("nicht übernommen: KOST1 {} (kein Erfolgskonto)", zeile.kost1));
        }
        Ok(kopf_der_buchung(zeile, stelle, bestand, aufgehoben, zeilen))
    }

    /// The tax key of a row; remembers it for the payment.
    fn steuerschluessel(
        &mut self,
        zeile: &Buchungszeile,
        geprueft: &Vorgeprueft,
        steuerzeile: Option<usize>,
        bestand: &Bestand,
    ) -> Result<Option<String>, Absage> {
        let konto = steuerzeile.map(|index| [&zeile.konto, &zeile.gegenkonto][index].nr());
        let fest = konto.and_then(|nr| bestand.fester_schluessel(nr));
        let gewaehlt = match geprueft.schluessel.as_slice() {
            [] => None,
            [einer] => Some(einer.clone()),
            mehrere => {
                let Some(fest) = fest.filter(|f| mehrere.iter().any(|s| s == f)) else {
                    let text = format!(
                        "der BU-Schlüssel {} steht für {}; auf ein Automatikkonto buchen oder von Hand erfassen",
                        zeile.bu,
                        mehrere.join(", ")
                    );
                    return absage("DATEV_BU_MEHRDEUTIG", text);
                };
                Some(fest.to_owned())
            }
        };
        if gewaehlt.is_some() && konto.is_none() && zeile.skonto.is_none() {
            let text = format!(
                "BU-Schlüssel {} zwischen zwei Personenkonten; die Steuer braucht ein Sachkonto",
                zeile.bu
            );
            return absage("DATEV_BU_OHNE_SACHKONTO", text);
        }
        let wirksam = gewaehlt
            .clone()
            .or_else(|| fest.filter(|_| !geprueft.ohne_automatik).map(str::to_owned));
        if let (Some(partner), Some(wirksam), None) = (partner(zeile), wirksam, zeile.skonto)
            && !zeile.belegfeld1.is_empty()
        {
            let rechnung = (partner.nr().to_owned(), zeile.belegfeld1.clone());
            self.rechnungen.entry(rechnung).or_default().insert(wirksam);
        }
        Ok(gewaehlt)
    }

    /// Amount, account and tax key of a discount.
    fn skonto(
        &self,
        zeile: &Buchungszeile,
        abzug: Betrag,
        schluessel: Option<&str>,
        bestand: &Bestand,
    ) -> Result<(Betrag, String, String), Absage> {
        const CODE: &str = "DATEV_SKONTO_OHNE_RECHNUNG";
        let Some(partner) = partner(zeile) else {
            return absage(
                CODE,
                "Skonto gibt es nur zwischen einem Personenkonto und einem Sachkonto",
            );
        };
        let rechnung = (partner.nr().to_owned(), zeile.belegfeld1.clone());
        let gemerkt = || self.rechnungen.get(&rechnung).into_iter().flatten();
        let gefunden: Vec<&str> = schluessel.map_or_else(
            || gemerkt().map(String::as_str).collect(),
            |schluessel| vec![schluessel],
        );
        let schluessel = match gefunden.as_slice() {
            [einer] => (*einer).to_owned(),
            [] => {
                let text = format!(
                    "zu {} und Belegfeld 1 „{}“ steht vorher in diesem Lauf keine Rechnung mit Steuerschlüssel, daher ist der Satz des Skontos unbekannt; Rechnung mit einlesen oder die Zahlung von Hand erfassen",
                    partner.nr(),
                    zeile.belegfeld1
                );
                return absage(CODE, text);
            }
            mehrere => {
                let text = format!(
                    "die Rechnung „{}“ hat mehrere Steuerschlüssel ({}); das Skonto von Hand aufteilen",
                    zeile.belegfeld1,
                    mehrere.join(", ")
                );
                return absage("DATEV_SKONTO_MEHRERE_SCHLUESSEL", text);
            }
        };
        if let Some(konto) = &zeile.skontokonto {
            return Ok((abzug, konto.nr().to_owned(), schluessel));
        }
        let Some(nr) = bestand.skontokonto(&schluessel) else {
            let text = format!(
                "für den Steuerschlüssel {schluessel} gibt es kein Skontokonto; Spalte 125 (Abw. Skontokonto) füllen"
            );
            return absage("DATEV_SKONTO_OHNE_KONTO", text);
        };
        let nr = format!("{nr:0<laenge$}", laenge = usize::from(bestand.kontolaenge));
        Ok((abzug, nr, schluessel))
    }
}

/// Code of a Generalumkehr that finds nothing to reverse.
pub const OHNE_ORIGINAL: &str = "DATEV_GENERALUMKEHR_OHNE_ORIGINAL";

/// Why there is nothing to reverse.
pub fn ohne_original(abgelehnte_zeile: Option<usize>) -> String {
    match abgelehnte_zeile {
        Some(nr) => format!("die Zeile {nr}, die umgekehrt werden soll, wurde nicht gebucht; es gibt nichts umzukehren"),
        None => "vorher in diesem Lauf steht keine offene Buchung mit denselben Konten, demselben Betrag und Belegfeld 1; die ursprüngliche Buchung von Hand stornieren".to_owned(),
    }
}

fn seite(soll: bool) -> &'static str {
    if soll { "soll" } else { "haben" }
}

/// The only Personenkonto of a row.
fn partner(zeile: &Buchungszeile) -> Option<&Kontobezug> {
    match (zeile.konto.ist_person(), zeile.gegenkonto.ist_person()) {
        (true, false) => Some(&zeile.konto),
        (false, true) => Some(&zeile.gegenkonto),
        _ => None,
    }
}

fn merkmal(zeile: &Buchungszeile, betrag: Betrag) -> Merkmal {
    let (konto, gegenkonto) = (zeile.konto.nr().to_owned(), zeile.gegenkonto.nr().to_owned());
    let (soll, haben) = if zeile.soll {
        (konto, gegenkonto)
    } else {
        (gegenkonto, konto)
    };
    (soll, haben, betrag.as_cent(), zeile.belegfeld1.clone())
}

/// Id of a Buchung: the same row of the same company always gets the same one, so that a Generalumkehr knows it.
fn buchung_id(kontenplan_id: Uuid, key: &str, belegdatum: NaiveDate) -> Uuid {
    let zeit = DateTime::<Utc>::from_naive_utc_and_offset(belegdatum.and_time(NaiveTime::MIN), Utc);
    derived_v7(kontenplan_id, key, zeit)
}

/// Which line bears the tax: 0 Konto, 1 Gegenkonto. The one that is no Personenkonto; of two the Gegenkonto, unless
/// only the Konto is automatic or can bear tax at all.
fn steuerzeile(zeile: &Buchungszeile, bestand: &Bestand) -> Option<usize> {
    let (konto, gegenkonto) = match (&zeile.konto, &zeile.gegenkonto) {
        (Kontobezug::Sachkonto(konto), Kontobezug::Sachkonto(gegenkonto)) => (konto, gegenkonto),
        (Kontobezug::Sachkonto(_), _) => return Some(0),
        (_, Kontobezug::Sachkonto(_)) => return Some(1),
        _ => return None,
    };
    let automatisch = |nr: &str| bestand.fester_schluessel(nr).is_some();
    let nur_konto_automatisch = automatisch(konto) && !automatisch(gegenkonto);
    let nur_konto_steuerfaehig = bestand.steuerfaehig(konto) && !bestand.steuerfaehig(gegenkonto);
    Some(usize::from(!(nur_konto_automatisch || nur_konto_steuerfaehig)))
}

/// KOST1 goes to income and expense.
fn kostenstelle(
    felder: &mut Map<String, Value>,
    zeile: &Buchungszeile,
    nr: &str,
    bestand: &Bestand,
    hinweise: &mut Vec<String>,
) {
    if zeile.kost1.is_empty() || !bestand.ist_erfolg(nr) {
        return;
    }
    let erlaubt = bestand.sachkonten.get(nr).is_none_or(|k| k.kst);
    if erlaubt && zeile.kost1.chars().count() <= MAX_KST {
        felder.insert("kst".to_owned(), json!(zeile.kost1));
    } else {
        hinweise.push(format!("nicht übernommen: KOST1 {} auf Konto {nr}", zeile.kost1));
    }
}

/// Text without control characters, cut to the limit.
fn bereinigt(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
    text.trim().to_owned()
}

fn kopf_der_buchung(
    zeile: &Buchungszeile,
    stelle: &Stelle<'_>,
    bestand: &Bestand,
    aufgehoben: bool,
    zeilen: Vec<Value>,
) -> Value {
    let beleg: String = bereinigt(&zeile.belegfeld1).chars().take(MAX_BELEG).collect();
    let name = stelle.name();
    let mut gruende = Vec::new();
    if beleg.is_empty() {
        gruende.push(format!("Übernahme aus {name}"));
    }
    if aufgehoben {
        gruende.push(format!("Automatik laut BU-Schlüssel 40 aufgehoben ({name})"));
    }
    let text = match (bereinigt(&zeile.text), beleg.as_str()) {
        (text, _) if !text.is_empty() => text,
        (_, "") => format!("Übernahme aus {name}"),
        (_, beleg) => beleg.to_owned(),
    };
    let (belegkreis, buchungsart) = kreis_und_art(zeile, bestand);
    let mut felder = json!({
        "belegkreis": belegkreis,
        "belegdatum": zeile.belegdatum,
        "buchungsdatum": zeile.belegdatum,
        "steuerdatum": zeile.leistungsdatum.unwrap_or(zeile.belegdatum),
        "buchungsart": buchungsart,
        "text": text,
        "zeilen": zeilen,
    });
    if !beleg.is_empty() {
        felder["beleg"] = json!(beleg);
    }
    if !gruende.is_empty() {
        felder["grund"] = json!(gruende.join("; "));
    }
    felder
}

/// Belegkreis and Buchungsart. Never AR or ER: those numbers belong to invoices of the house itself.
fn kreis_und_art(zeile: &Buchungszeile, bestand: &Bestand) -> (&'static str, &'static str) {
    let konten = [&zeile.konto, &zeile.gegenkonto];
    let sachkonten = || konten.into_iter().filter(|k| !k.ist_person());
    let kreis = if sachkonten().any(|k| bestand.ist_bank(k.nr())) {
        "BK"
    } else if sachkonten().any(|k| bestand.ist_kasse(k.nr())) {
        "KA"
    } else {
        "MB"
    };
    let zahlung = kreis != "MB" && konten.iter().any(|k| k.ist_person());
    (kreis, if zahlung { "zahlung" } else { "manuell" })
}

fn hinweise(zeile: &Buchungszeile, geprueft: &Vorgeprueft) -> Vec<String> {
    let mut hinweise = Vec::new();
    if let Some(original) = &geprueft.original {
        hinweise.push(format!("in EUR gebucht; Original {original}"));
    }
    if zeile.umsatz_ganzzahlig {
        hinweise.push(format!(
            "Betrag ohne Nachkommastellen gelesen als {}",
            deutsch(zeile.umsatz)
        ));
    }
    if !zeile.nicht_uebernommen.is_empty() {
        hinweise.push(format!("nicht übernommen: {}", zeile.nicht_uebernommen.join(", ")));
    }
    hinweise
}
