//! Who the partner is to the ledger: address, dated tax status, and what of both changes with his master data.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Personenkonto;
use crate::{
    Shared, angaben,
    types::{Text, Zeitlich},
};

/// How a partner is taxed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UstArt {
    /// Regular taxation.
    #[default]
    Regel,
    /// Flat rate of farmers, § 24 UStG.
    Pauschal24,
    /// Small business, § 19 UStG.
    Klein19,
    /// Business in another member state.
    Eu,
    /// Outside the EU.
    Drittland,
}

/// Postal address of a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerAnschrift {
    /// Street and number.
    pub strasse: Option<Text<100>>,
    /// Postcode.
    pub plz: Text<10>,
    /// Town.
    pub ort: Text<100>,
    /// Country, ISO 3166 alpha-2.
    pub land: Text<2>,
}

impl PartnerAnschrift {
    /// Checks what the reader of the body cannot; `feld` is the JSON pointer of this struct.
    pub(crate) fn pruefen(self, feld: &str) -> Result<Self, Shared> {
        angaben::land(&self.land, format!("{feld}/land"))?;
        Ok(self)
    }
}

/// Tax status of a partner from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UmsatzsteuerStatus {
    /// First day.
    pub gueltig_ab: NaiveDate,
    /// How the partner is taxed.
    pub art: UstArt,
    /// VAT identification number.
    pub ust_id: Option<String>,
    /// Day of the qualified confirmation by the authority.
    pub geprueft_am: Option<NaiveDate>,
    /// Result of the confirmation.
    pub ergebnis: Option<String>,
}

impl Zeitlich for UmsatzsteuerStatus {
    fn gueltig_ab(&self) -> NaiveDate {
        self.gueltig_ab
    }
}

/// A tax status as a client sends it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UstStatusEingabe {
    /// First day.
    pub gueltig_ab: NaiveDate,
    /// How the partner is taxed.
    pub art: UstArt,
    /// VAT identification number.
    pub ust_id: Option<Text<20>>,
    /// Day of the qualified confirmation by the authority.
    pub geprueft_am: Option<NaiveDate>,
    /// Result of the confirmation.
    pub ergebnis: Option<Text<200>>,
}

impl UstStatusEingabe {
    /// The status an account begins with, unconfirmed.
    pub(crate) fn anfang(gueltig_ab: NaiveDate, art: UstArt, ust_id: Option<&str>) -> Self {
        Self {
            gueltig_ab,
            art,
            ust_id: ust_id.map(Text::cut),
            geprueft_am: None,
            ergebnis: None,
        }
    }

    /// Checks number and date; `feld` is the JSON pointer of this struct, empty for the command itself.
    pub(in crate::fibu) fn pruefen(self, feld: &str, heute: NaiveDate) -> Result<UmsatzsteuerStatus, Shared> {
        let ust_id = self.ust_id.map(|id| angaben::ust_id(&id, format!("{feld}/ust_id")));
        let ust_id = ust_id.transpose()?;
        if self.geprueft_am.is_some_and(|am| am > heute) {
            return Err(Shared::DatumZukunft {
                feld: format!("{feld}/geprueft_am"),
                spaetestens: heute,
            });
        }
        Ok(UmsatzsteuerStatus {
            gueltig_ab: self.gueltig_ab,
            art: self.art,
            ust_id,
            geprueft_am: self.geprueft_am,
            ergebnis: self.ergebnis.map(|e| e.to_string()),
        })
    }
}

/// Changed master data of the partner as a client sends them; absent fields stay.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StammdatenEingabe {
    /// Name.
    pub name: Option<Text<200>>,
    /// Address.
    pub anschrift: Option<PartnerAnschrift>,
    /// VAT identification number; a new one starts a tax status of today.
    pub ust_id: Option<Text<20>>,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
}

/// Changed master data of the partner; absent fields stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stammdaten {
    /// Name.
    pub name: Option<String>,
    /// Address.
    pub anschrift: Option<PartnerAnschrift>,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
}

impl Personenkonto {
    /// What differs here from the master data of the partner on a day; `None` if nothing does. An absent value there
    /// changes nothing here.
    pub(crate) fn abweichend(
        &self,
        name: &str,
        anschrift: Option<PartnerAnschrift>,
        ust_id: Option<&str>,
        zahlungsbedingung_id: Option<Uuid>,
        am: NaiveDate,
    ) -> Option<StammdatenEingabe> {
        let hier = |a: &PartnerAnschrift| {
            self.strasse.as_deref() == a.strasse.as_deref()
                && self.plz.as_deref() == Some(a.plz.as_str())
                && self.ort.as_deref() == Some(a.ort.as_str())
                && self.land.as_deref() == Some(a.land.as_str())
        };
        let neu = StammdatenEingabe {
            name: (self.name != name).then(|| Text::cut(name)),
            anschrift: anschrift.filter(|a| !hier(a)),
            ust_id: ust_id.filter(|id| self.ust_id_am(am) != Some(*id)).map(Text::cut),
            zahlungsbedingung_id: zahlungsbedingung_id.filter(|id| self.zahlungsbedingung_id != Some(*id)),
        };
        let leer =
            neu.name.is_none() && neu.anschrift.is_none() && neu.ust_id.is_none() && neu.zahlungsbedingung_id.is_none();
        (!leer).then_some(neu)
    }

    /// Takes over changed master data: what changes of them, and the tax status that a new VAT id begins.
    pub(in crate::fibu) fn uebernehmen(
        &self,
        eingabe: StammdatenEingabe,
        heute: NaiveDate,
    ) -> Result<(Option<Stammdaten>, Option<UmsatzsteuerStatus>), Shared> {
        let neu = Stammdaten {
            name: eingabe.name.map(|n| n.to_string()),
            anschrift: eingabe.anschrift.map(|a| a.pruefen("/anschrift")).transpose()?,
            zahlungsbedingung_id: eingabe.zahlungsbedingung_id,
        };
        let leer = neu.name.is_none() && neu.anschrift.is_none() && neu.zahlungsbedingung_id.is_none();
        let status = match eingabe.ust_id {
            Some(id) => self.ust_id_uebernehmen(&id, heute)?,
            None => None,
        };
        Ok(((!leer).then_some(neu), status))
    }

    /// The status that follows from a changed VAT id in the partner's master data: the present kind of taxation with
    /// the new number, unconfirmed, from today on. `None` if the number is the present one.
    fn ust_id_uebernehmen(&self, neu: &str, heute: NaiveDate) -> Result<Option<UmsatzsteuerStatus>, Shared> {
        let ust_id = angaben::ust_id(neu, "/ust_id")?;
        let bisher = self.ust_status_am(heute);
        if bisher.is_some_and(|b| b.ust_id.as_ref() == Some(&ust_id)) {
            return Ok(None);
        }
        let inland = ust_id.starts_with("DE");
        let art = bisher.map_or(if inland { UstArt::Regel } else { UstArt::Eu }, |b| b.art);
        Ok(Some(UmsatzsteuerStatus {
            gueltig_ab: heute,
            art,
            ust_id: Some(ust_id),
            geprueft_am: None,
            ergebnis: None,
        }))
    }

    /// A tax status from a day on that no other begins on.
    pub(in crate::fibu) fn ust_status_pruefen(
        &self,
        eingabe: UstStatusEingabe,
        heute: NaiveDate,
    ) -> Result<UmsatzsteuerStatus, Shared> {
        let gueltig_ab = eingabe.gueltig_ab;
        if self.ust_status.iter().any(|s| s.gueltig_ab == gueltig_ab) {
            return Err(Shared::UstStatusUeberlappung { gueltig_ab });
        }
        eingabe.pruefen("", heute)
    }

    /// Folds changed master data in.
    pub(in crate::fibu) fn uebernommen(&mut self, neu: Stammdaten) {
        self.zahlungsbedingung_id = neu.zahlungsbedingung_id.or(self.zahlungsbedingung_id);
        if let Some(name) = neu.name {
            self.name = name;
        }
        if let Some(anschrift) = neu.anschrift {
            self.anschrift_setzen(anschrift);
        }
    }

    /// Folds an address in.
    pub(in crate::fibu) fn anschrift_setzen(&mut self, anschrift: PartnerAnschrift) {
        self.strasse = anschrift.strasse.map(|s| s.to_string());
        self.plz = Some(anschrift.plz.to_string());
        self.ort = Some(anschrift.ort.to_string());
        self.land = Some(anschrift.land.to_string());
    }
}
