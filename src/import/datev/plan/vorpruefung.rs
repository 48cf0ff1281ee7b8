//! What a row is about, judged by itself: amount in EUR, correction mark and tax key of its BU.

use aggregates::types::Betrag;

use super::{
    super::{bericht::deutsch, format::Buchungszeile, konten::Bestand},
    Absage, absage,
};

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
pub(super) fn betrag_in_eur(zeile: &Buchungszeile) -> Result<(Betrag, Option<String>), Absage> {
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
