//! SteuerSchluessel: the tax case with its dated rates and fields of the VAT return (fibu 8). Accounts never change
//! once the key was used; a new rate is a row, never a release.

mod types;

use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::types::{
    KennzahlZuordnung, Richtung, SteuerSchluesselCommand, SteuerSchluesselError, SteuerSchluesselEvent,
    SteuerSchluesselStatus, Steuersatz, ZmArt,
};
use crate::{
    Aggregate, Context, Decision, Key, Refused, Shared,
    types::{Bereich, Satz, Stufe, Text},
};

/// The key of what bears no tax and stands in no field of the VAT return; what the program itself posts without tax on
/// an account that demands a key is posted under it.
pub const OHNE_STEUER: &str = "V0";

/// Folded state; serde gives the columns of `fibu.steuer_schluessel`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SteuerSchluessel {
    /// Code, e.g. `U19`.
    pub code: String,
    /// Name.
    pub bezeichnung: String,
    /// Which tax it brings about.
    pub richtung: Richtung,
    /// Account of the VAT owed.
    pub konto_ust: Option<String>,
    /// Account of the input tax.
    pub konto_vst: Option<String>,
    /// The partner's VAT id is required.
    pub ust_id_pflicht: bool,
    /// Kind in the EU sales list.
    pub zm_art: Option<ZmArt>,
    /// BU key of the DATEV format.
    pub datev_bu: Option<String>,
    /// Text that stands on invoices.
    pub hinweistext: Option<String>,
    /// Status.
    pub status: SteuerSchluesselStatus,
    /// Dated rates, oldest first.
    pub saetze: Vec<Steuersatz>,
    /// Fields of the VAT return, oldest first.
    pub kennzahlen: Vec<KennzahlZuordnung>,
}

crate::wire!(SteuerSchluessel, SteuerSchluesselCommand => SteuerSchluesselEvent | SteuerSchluesselError);

type Refusal = Refused<SteuerSchluesselError>;

/// Sorts rates and refuses overlaps.
fn ordnen(mut saetze: Vec<Steuersatz>) -> Result<Vec<Steuersatz>, Refusal> {
    if saetze
        .iter()
        .any(|s| s.gueltig_bis.is_some_and(|bis| bis < s.gueltig_ab))
    {
        return Err(Shared::feld("/gueltig_bis", "das Ende liegt vor dem Beginn").into());
    }
    saetze.sort_by_key(|s| s.gueltig_ab);
    for paar in saetze.windows(2) {
        let [frueher, spaeter] = paar else { continue };
        if frueher.gueltig_bis.is_none_or(|bis| bis >= spaeter.gueltig_ab) {
            return Err(SteuerSchluesselError::SatzUeberlappung {
                gueltig_ab: spaeter.gueltig_ab,
            }
            .into());
        }
    }
    Ok(saetze)
}

/// Longest field number of the VAT return; the form has two digits, one is left for a wider form.
const KENNZAHL_STELLEN: usize = 3;

/// Sorts the fields of the VAT return and refuses two for one day: the day is their key.
fn kennzahlen_ordnen(mut kennzahlen: Vec<KennzahlZuordnung>) -> Result<Vec<KennzahlZuordnung>, Shared> {
    let gut = |kz: &String| ist_ziffern(kz) && kz.len() <= KENNZAHL_STELLEN;
    for kennzahl in &kennzahlen {
        let KennzahlZuordnung {
            kz_basis,
            kz_steuer,
            kz_vorsteuer,
            ..
        } = kennzahl;
        if !kz_basis.iter().chain(kz_steuer).chain(kz_vorsteuer).all(gut) {
            let text = "eine Kennzahl der Voranmeldung hat ein bis drei Ziffern, z. B. 81";
            return Err(Shared::feld("/kennzahlen", text));
        }
    }
    kennzahlen.sort_by_key(|k| k.gueltig_ab);
    if let Some(paar) = kennzahlen.windows(2).find(|p| p[0].gueltig_ab == p[1].gueltig_ab) {
        let text = format!(
            "ab {} sind zwei Zuordnungen angegeben; nur eine gilt",
            paar[0].gueltig_ab
        );
        return Err(Shared::feld("/kennzahlen", text));
    }
    Ok(kennzahlen)
}

fn ist_ziffern(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// An account of the key: digits only. Whether it exists is checked at posting, because a template brings its keys
/// before its accounts.
fn konto(feld: &str, konto_nr: Option<Text<8>>) -> Result<Option<String>, Shared> {
    match konto_nr {
        Some(nr) if !ist_ziffern(&nr) => Err(Shared::feld(feld, "eine Kontonummer besteht nur aus Ziffern")),
        konto_nr => Ok(konto_nr.map(|nr| nr.to_string())),
    }
}

impl SteuerSchluessel {
    /// Scope of the code's claim.
    pub const KEY_CODE: &'static str = "steuer_schluessel.code";

    /// The rate on a tax date.
    #[must_use]
    pub fn satz(&self, am: NaiveDate) -> Option<Satz> {
        self.saetze
            .iter()
            .find(|s| s.gueltig_ab <= am && s.gueltig_bis.is_none_or(|bis| am <= bis))
            .map(|s| s.satz)
    }

    /// Latest tax date with this key, from the ledger.
    fn letzte_buchung(&self, ctx: &Context<'_>) -> Result<Option<NaiveDate>, Refusal> {
        let fact = ctx.fact("schluessel_letzte_buchung", &self.code)?;
        Ok(fact.as_str().and_then(|datum| datum.parse().ok()))
    }

    /// A key may end while accounts still have it fixed (fibu 8 refuses nothing here), but they cannot be posted then.
    fn vor_automatik_warnen(&self, ctx: &Context<'_>) -> Result<(), crate::Lookup> {
        let konten = ctx.fact("schluessel_automatikkonten", &format!("{}/{}", ctx.heute(), self.code))?;
        let konten: Vec<&str> = konten
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|k| k.as_str())
            .collect();
        if !konten.is_empty() {
            let meldung = format!(
                "die Konten {} haben {} als festen Schlüssel und lassen sich nicht mehr bebuchen, bis sie eine neue \
                 Steuerregel bekommen",
                konten.join(", "),
                self.code
            );
            ctx.warn("STEUER_SCHLUESSEL_IN_AUTOMATIK", meldung);
        }
        Ok(())
    }

    fn satz_setzen(&self, neu: Steuersatz, ctx: &Context<'_>) -> Decision<Self> {
        if let Some(letzte_buchung) = self.letzte_buchung(ctx)?.filter(|letzte| neu.gueltig_ab <= *letzte) {
            return Err(SteuerSchluesselError::SatzRueckwirkendBenutzt { letzte_buchung }.into());
        }
        let mut saetze = self.saetze.clone();
        // An open rate ends the day before the new one; everything else must not overlap.
        for alt in saetze
            .iter_mut()
            .filter(|s| s.gueltig_bis.is_none() && s.gueltig_ab < neu.gueltig_ab)
        {
            alt.gueltig_bis = neu.gueltig_ab.checked_sub_days(Days::new(1));
        }
        saetze.push(neu);
        Ok(vec![SteuerSchluesselEvent::SatzGesetzt {
            saetze: ordnen(saetze)?,
        }])
    }
}

impl Aggregate for SteuerSchluessel {
    const NAME: &'static str = "SteuerSchluessel";
    const TYPE: &'static str = "steuer_schluessel";
    const BEREICH: Bereich = Bereich::Fibu;
    const RESSOURCE: &'static str = "steuer-schluessel";
    const CREATE: &'static str = "Anlegen";
    type Command = SteuerSchluesselCommand;
    type Event = SteuerSchluesselEvent;
    type Error = SteuerSchluesselError;

    fn stufe(_command: &str) -> Stufe {
        Stufe::Admin
    }

    fn decide(&self, command: SteuerSchluesselCommand, ctx: &Context<'_>) -> Decision<Self> {
        use SteuerSchluesselCommand as Cmd;
        use SteuerSchluesselEvent as Ev;
        match (self.status, command) {
            (
                SteuerSchluesselStatus::Neu,
                Cmd::Anlegen {
                    code,
                    bezeichnung,
                    richtung,
                    konto_ust,
                    konto_vst,
                    ust_id_pflicht,
                    zm_art,
                    datev_bu,
                    hinweistext,
                    saetze,
                    kennzahlen,
                },
            ) => {
                if !code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
                    return Err(Shared::feld("/code", "nur Großbuchstaben und Ziffern").into());
                }
                Ok(vec![Ev::Angelegt {
                    code: code.to_string(),
                    bezeichnung: bezeichnung.to_string(),
                    richtung,
                    konto_ust: konto("/konto_ust", konto_ust)?,
                    konto_vst: konto("/konto_vst", konto_vst)?,
                    ust_id_pflicht,
                    zm_art,
                    datev_bu: datev_bu.map(|t| t.to_string()),
                    hinweistext: hinweistext.map(|t| t.to_string()),
                    saetze: ordnen(saetze)?,
                    kennzahlen: kennzahlen_ordnen(kennzahlen)?,
                }])
            }
            (
                SteuerSchluesselStatus::Aktiv,
                Cmd::SatzSetzen {
                    gueltig_ab,
                    gueltig_bis,
                    satz,
                },
            ) => self.satz_setzen(
                Steuersatz {
                    gueltig_ab,
                    gueltig_bis,
                    satz,
                },
                ctx,
            ),
            (SteuerSchluesselStatus::Aktiv, Cmd::KennzahlSetzen { kennzahl }) => {
                let mut kennzahlen = self.kennzahlen.clone();
                kennzahlen.retain(|k| k.gueltig_ab != kennzahl.gueltig_ab);
                kennzahlen.push(kennzahl);
                Ok(vec![Ev::KennzahlGesetzt {
                    kennzahlen: kennzahlen_ordnen(kennzahlen)?,
                }])
            }
            (SteuerSchluesselStatus::Aktiv, Cmd::KontenSetzen { konto_ust, konto_vst }) => {
                if self.letzte_buchung(ctx)?.is_some() {
                    return Err(SteuerSchluesselError::KontoBenutzt {}.into());
                }
                Ok(vec![Ev::KontenGesetzt {
                    konto_ust: konto("/konto_ust", konto_ust)?,
                    konto_vst: konto("/konto_vst", konto_vst)?,
                }])
            }
            (SteuerSchluesselStatus::Aktiv, Cmd::HinweistextSetzen { hinweistext }) => {
                Ok(vec![Ev::HinweistextGesetzt {
                    hinweistext: hinweistext.map(|t| t.to_string()),
                }])
            }
            (SteuerSchluesselStatus::Aktiv, Cmd::Stilllegen { grund }) => {
                self.vor_automatik_warnen(ctx)?;
                Ok(vec![Ev::Stillgelegt {
                    grund: grund.to_string(),
                }])
            }
            (status, Cmd::Anlegen { .. }) => Err(Shared::status(status, &["neu"]).into()),
            (status, _) => Err(Shared::status(status, &["aktiv"]).into()),
        }
    }

    fn evolve(&mut self, event: SteuerSchluesselEvent) {
        match event {
            SteuerSchluesselEvent::Angelegt {
                code,
                bezeichnung,
                richtung,
                konto_ust,
                konto_vst,
                ust_id_pflicht,
                zm_art,
                datev_bu,
                hinweistext,
                saetze,
                kennzahlen,
            } => {
                *self = Self {
                    code,
                    bezeichnung,
                    richtung,
                    konto_ust,
                    konto_vst,
                    ust_id_pflicht,
                    zm_art,
                    datev_bu,
                    hinweistext,
                    status: SteuerSchluesselStatus::Aktiv,
                    saetze,
                    kennzahlen,
                };
            }
            SteuerSchluesselEvent::SatzGesetzt { saetze } => self.saetze = saetze,
            SteuerSchluesselEvent::KennzahlGesetzt { kennzahlen } => self.kennzahlen = kennzahlen,
            SteuerSchluesselEvent::KontenGesetzt { konto_ust, konto_vst } => {
                self.konto_ust = konto_ust;
                self.konto_vst = konto_vst;
            }
            SteuerSchluesselEvent::HinweistextGesetzt { hinweistext } => self.hinweistext = hinweistext,
            SteuerSchluesselEvent::Stillgelegt { .. } => self.status = SteuerSchluesselStatus::Stillgelegt,
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self.status {
            SteuerSchluesselStatus::Neu => Vec::new(),
            _ => vec![Key::new(Self::KEY_CODE, "code", &*self.code)],
        }
    }
}
