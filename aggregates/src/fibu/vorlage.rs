//! The chart template: accounts, tax keys, statement lines, account finding as data files of the project
//! (spec/fibu.md sections 8 and 11). Read only when a command takes the template over; replay never reads it.

use chrono::NaiveDate;

use super::{
    kontenplan::{Gliederung, Gliederungszeile, Kontenfindungsregel, Kontengruppe, Rahmen, Zweck},
    konto::{Automatik, GliederungsZuordnung, KontoArt, KontoFunktion, KstRegel, SteuerregelEingabe},
    steuer_schluessel::{KennzahlZuordnung, Richtung, Steuersatz, ZmArt},
};
use crate::types::Satz;

const KONTEN: &str = include_str!("../../data/konten.txt");
const SCHLUESSEL: &str = include_str!("../../data/steuerschluessel.txt");
const SAETZE: &str = include_str!("../../data/steuersaetze.txt");
const GRUPPEN: &str = include_str!("../../data/kontengruppen.txt");
const GLIEDERUNG: &str = include_str!("../../data/gliederung.txt");
const KONTENFINDUNG: &str = include_str!("../../data/kontenfindung.txt");

/// State of the template files; stands in the event that takes them over.
pub const STAND: &str = "2026-1";

/// First day of tax rules and statement lines of the template: before any fiscal year that can be kept.
#[must_use]
pub fn anfang() -> NaiveDate {
    NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default()
}

/// An account of the template.
#[derive(Debug, Clone, PartialEq)]
pub struct VorlageKonto {
    /// Number in the chart.
    pub konto_nr: String,
    /// Name.
    pub bezeichnung: String,
    /// Kind.
    pub art: KontoArt,
    /// Function.
    pub funktion: KontoFunktion,
    /// Cost centre rule.
    pub kst_regel: KstRegel,
    /// Tax rule.
    pub steuerregel: SteuerregelEingabe,
    /// Statement lines.
    pub zuordnungen: Vec<GliederungsZuordnung>,
}

/// A tax key of the template.
#[derive(Debug, Clone, PartialEq)]
pub struct VorlageSchluessel {
    /// Code.
    pub code: String,
    /// Name.
    pub bezeichnung: String,
    /// Direction.
    pub richtung: Richtung,
    /// VAT account.
    pub konto_ust: Option<String>,
    /// Input tax account.
    pub konto_vst: Option<String>,
    /// The partner's VAT id is required.
    pub ust_id_pflicht: bool,
    /// Kind in the EU sales list.
    pub zm_art: Option<ZmArt>,
    /// DATEV key.
    pub datev_bu: Option<String>,
    /// What the law wants said on an invoice (§ 14 Abs. 4 Nr. 8, § 14a UStG).
    pub hinweistext: Option<String>,
    /// Dated rates.
    pub saetze: Vec<Steuersatz>,
    /// Fields of the VAT return.
    pub kennzahlen: Vec<KennzahlZuordnung>,
}

/// The lines of a file, split at `|`; comments and empty lines left out.
fn zeilen(datei: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    datei
        .lines()
        .filter(|zeile| !zeile.is_empty() && !zeile.starts_with('#'))
        .map(|zeile| zeile.split('|').map(str::trim).collect())
}

fn feld(zeile: &[&'static str], nr: usize) -> &'static str {
    zeile.get(nr).copied().unwrap_or_default()
}

fn optional(zeile: &[&'static str], nr: usize) -> Option<String> {
    Some(feld(zeile, nr)).filter(|f| !f.is_empty()).map(str::to_owned)
}

/// The account of the other chart under its SKR04 number.
fn nummer(rahmen: Rahmen, skr04: &str) -> Option<String> {
    match rahmen {
        Rahmen::Skr03 => zeilen(KONTEN)
            .find(|z| feld(z, 0) == skr04)
            .map(|z| feld(&z, 1).to_owned()),
        Rahmen::Skr04 | Rahmen::Eigen => Some(skr04.to_owned()),
    }
}

/// The accounts of a chart.
#[must_use]
pub fn konten(rahmen: Rahmen) -> Vec<VorlageKonto> {
    zeilen(KONTEN).filter_map(|zeile| konto(rahmen, &zeile)).collect()
}

fn konto(rahmen: Rahmen, zeile: &[&'static str]) -> Option<VorlageKonto> {
    let skr04 = feld(zeile, 0);
    let art = match feld(zeile, 3) {
        "A" => KontoArt::Aktiv,
        "P" => KontoArt::Passiv,
        "EK" => KontoArt::Eigenkapital,
        "E" => KontoArt::Ertrag,
        "K" => KontoArt::Aufwand,
        "V" => KontoArt::Statistik,
        _ => return None,
    };
    let st = feld(zeile, 4);
    let funktion = match skr04 {
        "1200" => KontoFunktion::SammelDebitor,
        "3300" => KontoFunktion::SammelKreditor,
        "1460" | "1600" | "1800" => KontoFunktion::Geld,
        "9000" | "9008" | "9009" => KontoFunktion::Vortrag,
        _ if st.starts_with("Steuer") => KontoFunktion::Steuer,
        _ => KontoFunktion::Sach,
    };
    Some(VorlageKonto {
        konto_nr: nummer(rahmen, skr04)?,
        bezeichnung: feld(zeile, 2).to_owned(),
        art,
        funktion,
        kst_regel: if matches!(art, KontoArt::Ertrag | KontoArt::Aufwand) {
            KstRegel::Erlaubt
        } else {
            KstRegel::Keine
        },
        steuerregel: steuerregel(st),
        zuordnungen: zuordnungen(art, feld(zeile, 5)),
    })
}

/// Reads the column St.
fn steuerregel(st: &str) -> SteuerregelEingabe {
    let leer = SteuerregelEingabe::default();
    if let Some(fest) = st.strip_suffix(" fix") {
        return SteuerregelEingabe {
            automatik: automatik(fest),
            fester_schluessel: Some(fest.to_owned()),
            ..leer
        };
    }
    match st {
        "KU" => SteuerregelEingabe {
            automatik: Automatik::Ku,
            ..leer
        },
        "frei" => SteuerregelEingabe {
            schluessel_pflicht: true,
            ..leer
        },
        "–" | "" => leer,
        _ if st.starts_with("Steuer") => leer,
        vorschlag => SteuerregelEingabe {
            vorschlag_schluessel: Some(vorschlag.to_owned()),
            ..leer
        },
    }
}

/// Automatic accounts of sales (AM) carry a U key, those of purchases (AV) the others.
#[must_use]
pub fn automatik(schluessel: &str) -> Automatik {
    if schluessel.starts_with('U') {
        Automatik::Am
    } else {
        Automatik::Av
    }
}

/// Reads the column HGB: `own side / other side`, remarks in brackets left out.
fn zuordnungen(art: KontoArt, hgb: &str) -> Vec<GliederungsZuordnung> {
    let ohne_klammer = hgb.split('(').next().unwrap_or_default().trim();
    let zuordnung = |gliederung, soll: &str, haben: &str| {
        vec![GliederungsZuordnung {
            gliederung,
            zeile_soll: Some(soll.to_owned()),
            zeile_haben: Some(haben.to_owned()),
        }]
    };
    match ohne_klammer {
        "none" | "" => Vec::new(),
        "USt" => zuordnung(Gliederung::Hgb266, "A.B.II.4", "P.C.8"),
        zeile if zeile.starts_with("G.") => zuordnung(Gliederung::Hgb275, zeile, zeile),
        zeile => match (zeile.split_once(" / "), art) {
            (Some((eigen, anders)), KontoArt::Aktiv) => zuordnung(Gliederung::Hgb266, eigen, anders),
            (Some((eigen, anders)), _) => zuordnung(Gliederung::Hgb266, anders, eigen),
            (None, _) => zuordnung(Gliederung::Hgb266, zeile, zeile),
        },
    }
}

/// The tax keys with the accounts of a chart.
#[must_use]
pub fn schluessel(rahmen: Rahmen) -> Vec<VorlageSchluessel> {
    zeilen(SCHLUESSEL)
        .filter_map(|zeile| ein_schluessel(rahmen, &zeile))
        .collect()
}

fn ein_schluessel(rahmen: Rahmen, zeile: &[&'static str]) -> Option<VorlageSchluessel> {
    let code = feld(zeile, 0);
    let konto = |nr| optional(zeile, nr).and_then(|skr04| nummer(rahmen, &skr04));
    let saetze: Vec<Steuersatz> = zeilen(SAETZE)
        .filter(|z| feld(z, 0) == code)
        .filter_map(|z| {
            Some(Steuersatz {
                gueltig_ab: feld(&z, 1).parse().ok()?,
                gueltig_bis: optional(&z, 2).and_then(|bis| bis.parse().ok()),
                satz: Satz::percent(feld(&z, 3).parse().ok()?),
            })
        })
        .collect();
    let (kz_basis, kz_steuer, kz_vorsteuer) = (optional(zeile, 5), optional(zeile, 6), optional(zeile, 7));
    let ohne = kz_basis.is_none() && kz_steuer.is_none() && kz_vorsteuer.is_none();
    let kennzahlen = if ohne {
        Vec::new()
    } else {
        vec![KennzahlZuordnung {
            gueltig_ab: anfang(),
            kz_basis,
            kz_steuer,
            kz_vorsteuer,
        }]
    };
    Some(VorlageSchluessel {
        code: code.to_owned(),
        bezeichnung: feld(zeile, 1).to_owned(),
        richtung: match feld(zeile, 2) {
            "umsatz" => Richtung::Umsatz,
            "vorsteuer" => Richtung::Vorsteuer,
            "beide" => Richtung::Beide,
            "ohne" => Richtung::Ohne,
            _ => return None,
        },
        konto_ust: konto(3),
        konto_vst: konto(4),
        ust_id_pflicht: feld(zeile, 9) == "ja",
        zm_art: match feld(zeile, 10) {
            "lieferung" => Some(ZmArt::Lieferung),
            "leistung" => Some(ZmArt::Leistung),
            "dreieck" => Some(ZmArt::Dreieck),
            _ => None,
        },
        datev_bu: optional(zeile, 8),
        hinweistext: optional(zeile, 11),
        saetze,
        kennzahlen,
    })
}

/// Ranges of accounts of a chart.
#[must_use]
pub fn gruppen(rahmen: Rahmen) -> Vec<Kontengruppe> {
    let name = match rahmen {
        Rahmen::Skr03 => "skr03",
        Rahmen::Skr04 | Rahmen::Eigen => "skr04",
    };
    zeilen(GRUPPEN)
        .filter(|z| feld(z, 0) == name)
        .map(|z| Kontengruppe {
            nr_von: feld(&z, 1).to_owned(),
            nr_bis: feld(&z, 2).to_owned(),
            bezeichnung: feld(&z, 3).to_owned(),
            eltern: None,
            art: match feld(&z, 4) {
                "aktiv" => Some(KontoArt::Aktiv),
                "passiv" => Some(KontoArt::Passiv),
                "eigenkapital" => Some(KontoArt::Eigenkapital),
                "ertrag" => Some(KontoArt::Ertrag),
                "aufwand" => Some(KontoArt::Aufwand),
                "statistik" => Some(KontoArt::Statistik),
                _ => None,
            },
            fester_schluessel: optional(&z, 5),
        })
        .collect()
}

/// Lines of Bilanz, GuV and BWA.
#[must_use]
pub fn gliederung() -> Vec<Gliederungszeile> {
    zeilen(GLIEDERUNG)
        .enumerate()
        .filter_map(|(reihenfolge, z)| {
            Some(Gliederungszeile {
                gliederung: match feld(&z, 0) {
                    "hgb266" => Gliederung::Hgb266,
                    "hgb275" => Gliederung::Hgb275,
                    "bwa" => Gliederung::Bwa,
                    _ => return None,
                },
                schluessel: feld(&z, 1).to_owned(),
                eltern: optional(&z, 2),
                bezeichnung: feld(&z, 3).to_owned(),
                reihenfolge: i32::try_from(reihenfolge).unwrap_or(i32::MAX),
                formel: optional(&z, 4),
            })
        })
        .collect()
}

/// Rules of account finding with the accounts of a chart.
#[must_use]
pub fn kontenfindung(rahmen: Rahmen) -> Vec<Kontenfindungsregel> {
    zeilen(KONTENFINDUNG)
        .enumerate()
        .filter_map(|(index, z)| {
            Some(Kontenfindungsregel {
                nr: i32::try_from(index).unwrap_or(i32::MAX).saturating_add(1),
                zweck: feld(&z, 0).parse::<Zweck>().ok()?,
                schluessel: optional(&z, 1),
                artikelgruppe: None,
                partnergruppe: None,
                konto_nr: nummer(rahmen, feld(&z, 2))?,
                gueltig_ab: anfang(),
            })
        })
        .collect()
}

/// Number of data lines in each file, for the test that every line is read.
#[must_use]
pub fn zeilenzahlen() -> [usize; 6] {
    [KONTEN, SCHLUESSEL, GRUPPEN, GLIEDERUNG, KONTENFINDUNG, SAETZE].map(|datei| zeilen(datei).count())
}
