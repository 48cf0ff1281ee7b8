//! The fields of the command `Erfassen` for a row: its head, its two or three lines, Kostenstellen.

use aggregates::fibu::steuer_schluessel::OHNE_STEUER;
use serde_json::{Map, Value, json};

use super::{
    super::{
        format::{Buchungszeile, Kontobezug},
        konten::Bestand,
    },
    Absage, Planer, Stelle, Vorgeprueft,
    steuer::steuerzeile,
};

/// Longest reference that a Buchung takes.
const MAX_BELEG: usize = 36;
/// Longest text of a Buchung and of its lines.
const MAX_TEXT: usize = 200;
/// Longest Kostenstelle that a line takes.
const MAX_KST: usize = 20;

impl Planer {
    /// The fields of `Erfassen`.
    pub(super) fn buchung(
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
                } else if bestand.verlangt_schluessel(nr) {
                    // In DATEV no BU is a word of its own: no tax, and no field of the VAT return.
                    felder.insert("schluessel".to_owned(), json!(OHNE_STEUER));
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
}

fn seite(soll: bool) -> &'static str {
    if soll { "soll" } else { "haben" }
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

/// Text without control characters, cut to the limit.
pub(super) fn bereinigt(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
    text.trim().to_owned()
}
