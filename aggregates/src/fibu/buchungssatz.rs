//! The posting that a document has decided: what crosses from it to the Buchung in the same unit of work (fibu 3).

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Buchung, Konto,
    ausgleich::Umkehr,
    buchung::{
        Betragsart, BuchungCommand, Buchungsart, Herkunft, OpEingabe, PostenArt, Seite, Uebernahme, ZeileEingabe,
    },
    steuer_schluessel::OHNE_STEUER,
    zahlungsbedingung::{Skonto, SkontofreierTeil, Zahlungsbedingung, nach_tagen},
};
use crate::{
    Context, Refused,
    dienste::nummernkreis::Belegnummer,
    policy::Consequence,
    types::{Betrag, Dezimal, Satz, Text},
};

/// Terms of payment as they stand on a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bedingung {
    /// The terms they were taken from.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Due date.
    pub faellig: NaiveDate,
    /// Discounts, earliest first.
    pub skonto: Vec<Skonto>,
    /// What earns none, per key, if the terms give it only on what earns it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skontofrei: Vec<SkontofreierTeil>,
}

impl Bedingung {
    /// Due date and discounts of a document, counted from so many days later; without terms it is due then at once.
    /// `skontofrei` is what earns no discount where the terms look at it.
    pub fn am<E>(
        id: Option<Uuid>,
        belegdatum: NaiveDate,
        valuta_tage: Option<u16>,
        skontofrei: Vec<SkontofreierTeil>,
        ctx: &Context<'_>,
    ) -> Result<Self, Refused<E>> {
        let Some(id) = id else {
            return Ok(Self::sofort(nach_tagen(belegdatum, valuta_tage.unwrap_or_default())));
        };
        let bedingung = Zahlungsbedingung::laden(id, "/zahlungsbedingung_id", ctx)?;
        let konditionen = bedingung
            .konditionen(belegdatum, valuta_tage)
            .map_err(|fehler| Refused::Domain(fehler).fremd())?;
        Ok(Self {
            zahlungsbedingung_id: Some(id),
            faellig: konditionen.faellig,
            skonto: konditionen.skonto,
            skontofrei: if konditionen.nettoskontierfaehig {
                skontofrei
            } else {
                Vec::new()
            },
        })
    }

    /// Due at once, without discount.
    #[must_use]
    pub fn sofort(datum: NaiveDate) -> Self {
        Self {
            zahlungsbedingung_id: None,
            faellig: datum,
            skonto: Vec::new(),
            skontofrei: Vec::new(),
        }
    }
}

/// A step of discount in a document's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SkontoStufe {
    /// Running number.
    pub nr: i32,
    /// Last day.
    pub bis: NaiveDate,
    /// Percent.
    pub prozent: Satz,
}

impl SkontoStufe {
    /// The steps of a document, numbered.
    #[must_use]
    pub fn von(skonto: Vec<Skonto>) -> Vec<Self> {
        let stufe = |(nr, s): (i32, Skonto)| Self {
            nr,
            bis: s.bis,
            prozent: s.prozent,
        };
        (1..).zip(skonto).map(stufe).collect()
    }
}

/// A posting as a document decided it. The Buchung checks it like any other and generates the tax lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Buchungssatz {
    /// Stream of the Buchung.
    pub buchung_id: Uuid,
    /// Kind.
    pub buchungsart: Buchungsart,
    /// Day that decides the VAT period.
    pub steuerdatum: NaiveDate,
    /// Text.
    pub text: String,
    /// Lines; that of the Personenkonto, if there is one, comes first.
    pub zeilen: Vec<Buchungszeile>,
}

/// A line of it. Amounts under a key are net unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Buchungszeile {
    /// Account.
    pub konto: Option<String>,
    /// Debitor or Kreditor, instead of an account.
    pub personenkonto: Option<String>,
    /// Side.
    pub seite: Seite,
    /// Amount.
    pub betrag: Betrag,
    /// True if the amount contains the tax of its key.
    pub brutto: bool,
    /// Tax key.
    pub schluessel: Option<String>,
    /// Day whose rate the document states, if not the steuerdatum: corrections and advance payments keep theirs.
    pub satzdatum: Option<NaiveDate>,
    /// Tax of the key as the document states it, on one line of the key.
    pub steuer: Option<Betrag>,
    /// Kostenstelle.
    pub kst: Option<String>,
    /// Kostenträger.
    pub ktr: Option<String>,
    /// Kind of the item that a line of a Personenkonto opens; follows from the kind of the voucher if absent.
    pub posten: Option<PostenArt>,
}

impl Buchungszeile {
    /// A line of a Personenkonto.
    #[must_use]
    pub fn partner(nr: &str, seite: Seite, betrag: Betrag) -> Self {
        Self {
            personenkonto: Some(nr.to_owned()),
            seite,
            betrag,
            ..Self::default()
        }
    }

    /// The same, opening an item of another kind than the voucher's own.
    #[must_use]
    pub fn als(self, posten: PostenArt) -> Self {
        Self {
            posten: Some(posten),
            ..self
        }
    }

    /// A line of an account without tax: under the key that says so if the account demands one on the steuerdatum.
    pub fn ohne_steuer<E>(
        nr: &str,
        seite: Seite,
        betrag: Betrag,
        steuerdatum: NaiveDate,
        ctx: &Context<'_>,
    ) -> Result<Self, Refused<E>> {
        let konto = ctx.find::<Konto>(Konto::KEY_NR, nr)?;
        let zeile = Self::konto(nr, seite, betrag);
        Ok(match konto {
            Some((_, konto)) if konto.verlangt_schluessel(steuerdatum) => zeile.mit_schluessel(OHNE_STEUER),
            _ => zeile,
        })
    }

    /// A line of an account without a key.
    #[must_use]
    pub fn konto(nr: &str, seite: Seite, betrag: Betrag) -> Self {
        Self {
            konto: Some(nr.to_owned()),
            seite,
            betrag,
            ..Self::default()
        }
    }

    /// The same, the amount containing the tax of a key, if there is one.
    #[must_use]
    pub fn brutto(self) -> Self {
        Self { brutto: true, ..self }
    }

    /// The same under a key, net.
    #[must_use]
    pub fn mit_schluessel(self, schluessel: &str) -> Self {
        Self {
            schluessel: Some(schluessel.to_owned()),
            ..self
        }
    }

    /// The same with the tax as the document states it, at the rate of a day.
    #[must_use]
    pub fn mit_steuer(self, steuer: Betrag, satzdatum: Option<NaiveDate>) -> Self {
        Self {
            steuer: Some(steuer),
            satzdatum,
            ..self
        }
    }
}

/// What the document says of its voucher besides the lines.
#[derive(Debug, Clone)]
pub struct Belegkopf<'a> {
    /// Aggregate type and stream of the document.
    pub herkunft: Herkunft,
    /// The document's own number, which the voucher bears too; else one of `belegkreis` is drawn.
    pub belegnummer: Option<&'a Belegnummer>,
    /// Nummernkreis of the voucher.
    pub belegkreis: &'a str,
    /// Date on the document.
    pub belegdatum: NaiveDate,
    /// Date in the ledger.
    pub buchungsdatum: NaiveDate,
    /// Reference of the document.
    pub beleg: Option<&'a str>,
    /// Terms of the item of its Personenkonto.
    pub bedingung: Option<&'a Bedingung>,
}

impl Buchungssatz {
    /// Buchung.Uebernehmen of this posting.
    #[must_use]
    pub fn uebernehmen(&self, kopf: Belegkopf<'_>) -> Consequence {
        let zeilen = self.zeilen.iter().map(|zeile| zeile.eingabe(kopf.bedingung)).collect();
        let uebernahme = Uebernahme {
            herkunft: kopf.herkunft,
            belegnummer: kopf.belegnummer.cloned(),
            belegkreis: Text::cut(kopf.belegkreis),
            belegdatum: kopf.belegdatum,
            buchungsdatum: kopf.buchungsdatum,
            steuerdatum: Some(self.steuerdatum),
            periode: None,
            buchungsart: Some(self.buchungsart),
            text: Text::cut(&self.text),
            waehrung: None,
            beleg: kopf.beleg.map(Text::cut),
            grund: None,
            zeilen,
        };
        Consequence::command::<Buchung>(self.buchung_id, &BuchungCommand::Uebernehmen(uebernahme))
    }
}

/// Buchung.Umkehren of a document's voucher.
#[must_use]
pub fn umkehren(umkehr: &Umkehr, grund: &str, buchungsdatum: NaiveDate) -> Consequence {
    let command = BuchungCommand::Umkehren {
        original: umkehr.original,
        grund: Text::cut(grund),
        buchungsdatum,
    };
    Consequence::command::<Buchung>(umkehr.durch, &command)
}

impl Buchungszeile {
    fn eingabe(&self, bedingung: Option<&Bedingung>) -> ZeileEingabe {
        let leer = match (&self.personenkonto, &self.konto) {
            (Some(nr), _) => ZeileEingabe::personenkonto(nr, self.seite, self.betrag),
            (None, konto) => ZeileEingabe::konto(konto.as_deref().unwrap_or_default(), self.seite, self.betrag),
        };
        let op = self.personenkonto.as_ref().map(|_| OpEingabe {
            art: self.posten,
            faellig: bedingung.map(|b| b.faellig),
            zahlungsbedingung_id: bedingung.and_then(|b| b.zahlungsbedingung_id),
            skonto: bedingung.map(|b| b.skonto.clone()).unwrap_or_default(),
            skontofrei: bedingung.map(|b| b.skontofrei.clone()).unwrap_or_default(),
        });
        ZeileEingabe {
            betragsart: Some(if self.brutto {
                Betragsart::Brutto
            } else {
                Betragsart::Netto
            }),
            schluessel: self.schluessel.as_deref().map(Text::cut),
            satzdatum: self.satzdatum,
            steuerbetrag: self.steuer.map(|s| Dezimal(s.as_decimal())),
            kst: self.kst.as_deref().map(Text::cut),
            ktr: self.ktr.as_deref().map(Text::cut),
            op,
            ..leer
        }
    }
}
