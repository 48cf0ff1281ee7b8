//! The tax key of a row, and the account and key of its discount.

use aggregates::types::Betrag;

use super::{
    super::{
        format::{Buchungszeile, Kontobezug},
        konten::Bestand,
    },
    Absage, Planer, Vorgeprueft, absage,
};

impl Planer {
    /// The tax key of a row; remembers it for the payment.
    pub(super) fn steuerschluessel(
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
    pub(super) fn skonto(
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

/// The only Personenkonto of a row.
fn partner(zeile: &Buchungszeile) -> Option<&Kontobezug> {
    match (zeile.konto.ist_person(), zeile.gegenkonto.ist_person()) {
        (true, false) => Some(&zeile.konto),
        (false, true) => Some(&zeile.gegenkonto),
        _ => None,
    }
}

/// Which line bears the tax: 0 Konto, 1 Gegenkonto. The one that is no Personenkonto; of two the Gegenkonto, unless
/// only the Konto is automatic or can bear tax at all.
pub(super) fn steuerzeile(zeile: &Buchungszeile, bestand: &Bestand) -> Option<usize> {
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
