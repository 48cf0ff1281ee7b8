//! What Debitor and Kreditor share (fibu 9): the Personenkonto with its address, dated tax status and bank accounts that
//! a second person releases. Each decision here gives the content of one event; the two aggregates name it.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    kontenplan::{Kontenplan, KontenplanError, Zweck},
    konto::{Konto, KontoFunktion, KontoStatus},
};
use crate::{
    Context, Key, Lookup, Shared,
    refusal::Refused,
    types::{Akteur, Betrag, Iban, Text, UstId, Zeitlich, ist_land, zeitlich},
};

/// Currency of an account if none is named.
pub(crate) const HAUSWAEHRUNG: &str = "EUR";

/// Digits of a Personenkonto without a Kontenplan: one more than the shortest account.
const PERSONENKONTOLAENGE: u8 = 5;

/// Status of a Personenkonto.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PartnerStatus {
    /// Does not exist yet.
    #[default]
    Neu,
    /// Works.
    Aktiv,
    /// Takes no new invoice.
    Gesperrt,
    /// Closed for good, without open items.
    Geschlossen,
}

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

/// Status of a bank account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BankStatus {
    /// Entered, waits for a second person.
    Neu,
    /// Released; payments go here.
    Bestaetigt,
    /// Another one took its place.
    Abgeloest,
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
        if ist_land(&self.land) {
            return Ok(self);
        }
        let meldung = "das Land ist ein ISO-Code aus zwei Großbuchstaben, z. B. DE";
        Err(Shared::feld(format!("{feld}/land"), meldung))
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
    pub(super) fn pruefen(self, feld: &str, heute: NaiveDate) -> Result<UmsatzsteuerStatus, Shared> {
        let ust_id = self.ust_id.map(|id| ust_id(&id, feld)).transpose()?;
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

/// A bank account as a client sends it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BankEingabe {
    /// IBAN.
    pub iban: Text<42>,
    /// BIC.
    pub bic: Option<Text<11>>,
    /// Holder, if not the partner.
    pub inhaber: Option<Text<140>>,
}

/// The release of a bank account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BankFreigegeben {
    /// Its number.
    pub nr: i32,
    /// Who released it.
    pub geprueft_von: Akteur,
    /// The account it supersedes.
    pub abgeloest: Option<i32>,
}

/// A bank account of a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bankverbindung {
    /// Running number.
    pub nr: i32,
    /// IBAN.
    pub iban: Iban,
    /// BIC.
    pub bic: Option<String>,
    /// Holder, if not the partner.
    pub inhaber: Option<String>,
    /// Status.
    pub status: BankStatus,
    /// Who entered it.
    pub erfasst_von: Akteur,
    /// Who released it.
    pub geprueft_von: Option<Akteur>,
}

/// A bank account as it was entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BankErfasst {
    /// Running number.
    pub nr: i32,
    /// IBAN.
    pub iban: Iban,
    /// BIC.
    pub bic: Option<String>,
    /// Holder, if not the partner.
    pub inhaber: Option<String>,
    /// Who entered it.
    pub erfasst_von: Akteur,
}

impl From<BankErfasst> for Bankverbindung {
    fn from(bank: BankErfasst) -> Self {
        Self {
            nr: bank.nr,
            iban: bank.iban,
            bic: bank.bic,
            inhaber: bank.inhaber,
            status: BankStatus::Neu,
            erfasst_von: bank.erfasst_von,
            geprueft_von: None,
        }
    }
}

/// The account of a partner on either side of the ledger; part of the states of Debitor and Kreditor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Personenkonto {
    /// Number.
    pub nr: String,
    /// Name.
    pub name: String,
    /// Street and number.
    pub strasse: Option<String>,
    /// Postcode.
    pub plz: Option<String>,
    /// Town.
    pub ort: Option<String>,
    /// Country.
    pub land: Option<String>,
    /// Account of the ledger that carries the sum.
    pub sammelkonto: String,
    /// Terms of payment.
    pub zahlungsbedingung_id: Option<Uuid>,
    /// Currency, ISO 4217.
    pub waehrung: String,
    /// Status.
    pub status: PartnerStatus,
    /// Tax status by date, oldest first.
    pub ust_status: Vec<UmsatzsteuerStatus>,
    /// Bank accounts.
    pub bankverbindungen: Vec<Bankverbindung>,
}

impl Personenkonto {
    /// The tax status on a day: the newest that holds.
    pub fn ust_status_am(&self, datum: NaiveDate) -> Option<&UmsatzsteuerStatus> {
        zeitlich::am(&self.ust_status, datum)
    }

    /// The VAT identification number on a day.
    pub fn ust_id_am(&self, datum: NaiveDate) -> Option<&str> {
        self.ust_status_am(datum)?.ust_id.as_deref()
    }

    /// The released bank account.
    pub fn bank(&self) -> Option<&Bankverbindung> {
        self.bankverbindungen
            .iter()
            .find(|b| b.status == BankStatus::Bestaetigt)
    }

    /// The number as a unique key, once the account exists.
    pub(super) fn schluessel(&self, scope: &'static str) -> Vec<Key> {
        let nr = (self.status != PartnerStatus::Neu).then_some(&*self.nr);
        nr.map(|nr| Key::new(scope, "nr", nr)).into_iter().collect()
    }

    /// The number, once the account exists.
    pub(super) fn nummer(&self) -> Option<String> {
        (self.status != PartnerStatus::Neu).then(|| self.nr.clone())
    }

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
    pub(super) fn uebernehmen(
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
        let ust_id = ust_id(neu, "")?;
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
    pub(super) fn ust_status_pruefen(
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

    /// Checks a bank account and gives it its number.
    pub(super) fn bank_erfassen(&self, eingabe: BankEingabe, ctx: &Context<'_>) -> Result<BankErfasst, Shared> {
        let iban = Iban::parse(&eingabe.iban).ok_or_else(|| Shared::IbanUngueltig {
            feld: "/iban".to_owned(),
        })?;
        let lebt = |b: &&Bankverbindung| b.status != BankStatus::Abgeloest && b.iban == iban;
        if let Some(bank) = self.bankverbindungen.iter().find(lebt) {
            let meldung = format!("diese IBAN ist schon als Bankverbindung {} erfasst", bank.nr);
            return Err(Shared::feld("/iban", meldung));
        }
        let bic = eingabe.bic.map(|b| b.to_ascii_uppercase());
        if bic.as_deref().is_some_and(|b| !ist_bic(b)) {
            return Err(Shared::feld(
                "/bic",
                "eine BIC hat 8 oder 11 Stellen, z. B. COBADEFFXXX",
            ));
        }
        Ok(BankErfasst {
            nr: self.bankverbindungen.iter().map(|b| b.nr).max().unwrap_or(0) + 1,
            iban,
            bic,
            inhaber: eingabe.inhaber.map(|i| i.to_string()),
            erfasst_von: ctx.akteur(),
        })
    }

    /// A release by a second person; it supersedes the present bank account.
    pub(super) fn bank_freigeben(&self, nr: i32, ctx: &Context<'_>) -> Result<BankFreigegeben, Shared> {
        let bank = self
            .bankverbindungen
            .iter()
            .find(|b| b.nr == nr)
            .ok_or_else(|| Shared::feld("/nr", format!("die Bankverbindung {nr} gibt es nicht")))?;
        if bank.status != BankStatus::Neu {
            return Err(Shared::status(bank.status, &["neu"]));
        }
        if bank.erfasst_von == ctx.frame.akteur {
            return Err(Shared::VierAugen {
                regel: Some("bankverbindung".to_owned()),
            });
        }
        Ok(BankFreigegeben {
            nr,
            geprueft_von: ctx.akteur(),
            abgeloest: self.bank().map(|b| b.nr),
        })
    }

    /// The account's balance (Soll − Haben) at the head of the log.
    pub(crate) fn saldo<E>(&self, ctx: &Context<'_>) -> Result<Betrag, Refused<E>> {
        let unlesbar = || {
            let meldung = format!("der Saldo von {} ist nicht lesbar; nicht geschlossen", self.nr);
            Shared::feld("/nr", meldung)
        };
        match ctx.fact("personenkonto_saldo", &self.nr)? {
            Value::Null => Ok(Betrag::NULL),
            Value::String(text) => Ok(text.parse().map_err(|_| unlesbar())?),
            _ => Err(unlesbar().into()),
        }
    }

    /// Folds changed master data in.
    pub(super) fn uebernommen(&mut self, neu: Stammdaten) {
        self.zahlungsbedingung_id = neu.zahlungsbedingung_id.or(self.zahlungsbedingung_id);
        if let Some(name) = neu.name {
            self.name = name;
        }
        if let Some(anschrift) = neu.anschrift {
            self.anschrift_setzen(anschrift);
        }
    }

    /// Folds an address in.
    pub(super) fn anschrift_setzen(&mut self, anschrift: PartnerAnschrift) {
        self.strasse = anschrift.strasse.map(|s| s.to_string());
        self.plz = Some(anschrift.plz.to_string());
        self.ort = Some(anschrift.ort.to_string());
        self.land = Some(anschrift.land.to_string());
    }

    /// Folds a tax status in; one of the same day gives way (master data may change twice a day).
    pub(super) fn ust_status_setzen(&mut self, neu: UmsatzsteuerStatus) {
        zeitlich::setzen(&mut self.ust_status, neu);
    }

    /// Folds a release in.
    pub(super) fn bank_freigegeben(&mut self, freigabe: BankFreigegeben) {
        for bank in &mut self.bankverbindungen {
            if Some(bank.nr) == freigabe.abgeloest {
                bank.status = BankStatus::Abgeloest;
            }
            if bank.nr == freigabe.nr {
                bank.status = BankStatus::Bestaetigt;
                bank.geprueft_von = Some(freigabe.geprueft_von.clone());
            }
        }
    }
}

/// The number of digits of a Personenkonto in this company.
pub fn personenkontolaenge(ctx: &Context<'_>) -> Result<u8, Lookup> {
    let plan = ctx.get::<Kontenplan>(Kontenplan::stream_id(ctx.frame.mandant_id))?;
    Ok(plan.map_or(PERSONENKONTOLAENGE, |plan| plan.personenkontolaenge))
}

/// The Sammelkonto of a purpose by the company's Kontenfindung.
pub fn sammelkonto<E>(ctx: &Context<'_>, zweck: Zweck) -> Result<String, Refused<E>> {
    let plan = ctx.get::<Kontenplan>(Kontenplan::stream_id(ctx.frame.mandant_id))?;
    match plan.map(|plan| plan.konto_fuer(zweck, None, None, None, ctx.heute()).cloned()) {
        Some(Ok(regel)) => Ok(regel.konto_nr),
        None | Some(Err(KontenplanError::KontenfindungFehlt { .. })) => {
            let zweck: &str = zweck.into();
            let meldung = format!("das Sammelkonto fehlt, und die Kontenfindung nennt keines für den Zweck {zweck}");
            Err(Shared::feld("/sammelkonto", meldung).into())
        }
        Some(Err(mehrdeutig)) => Err(Refused::Domain(mehrdeutig).fremd()),
    }
}

/// The Sammelkonto named, else the one of the Kontenfindung; either must exist and collect this side's partners.
pub(super) fn sammelkonto_oder<E>(
    ctx: &Context<'_>,
    genannt: Option<Text<8>>,
    zweck: Zweck,
    funktion: KontoFunktion,
) -> Result<String, Refused<E>> {
    let nr = match genannt {
        Some(nr) => nr.to_string(),
        None => sammelkonto(ctx, zweck)?,
    };
    let falsch = |meldung: String| Err(Shared::feld("/sammelkonto", meldung).into());
    match ctx.find::<Konto>(Konto::KEY_NR, &nr)? {
        None => falsch(format!("das Konto {nr} gibt es nicht; zuerst anlegen")),
        Some((_, konto)) if konto.funktion != funktion => {
            let funktion: &str = funktion.into();
            falsch(format!("das Konto {nr} hat nicht die Funktion {funktion}"))
        }
        Some((_, konto)) if konto.status != KontoStatus::Aktiv => {
            let status: &str = konto.status.into();
            falsch(format!("das Konto {nr} ist {status}; ein anderes wählen"))
        }
        Some(_) => Ok(nr),
    }
}

fn ziffern(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// The range of numbers whose first digit lies in `von..=bis`, if `nr` is outside of it.
pub(super) fn ausserhalb(
    ctx: &Context<'_>,
    nr: &str,
    von: char,
    bis: char,
) -> Result<Option<(String, String)>, Lookup> {
    let stellen = usize::from(personenkontolaenge(ctx)?);
    let innen = nr.len() == stellen && ziffern(nr) && nr.starts_with(|c| (von..=bis).contains(&c));
    let rest = stellen.saturating_sub(1);
    let grenze = |erste: char, fuellung: &str| format!("{erste}{}", fuellung.repeat(rest));
    Ok((!innen).then(|| (grenze(von, "0"), grenze(bis, "9"))))
}

/// The currency named, else EUR.
pub(super) fn waehrung(genannt: Option<Text<3>>) -> Result<String, Shared> {
    match genannt {
        None => Ok(HAUSWAEHRUNG.to_owned()),
        Some(iso) if iso.len() == 3 && iso.bytes().all(|b| b.is_ascii_uppercase()) => Ok(iso.to_string()),
        Some(_) => Err(Shared::feld(
            "/waehrung",
            "die Währung ist ein ISO-Code aus drei Großbuchstaben",
        )),
    }
}

fn ust_id(text: &str, feld: &str) -> Result<String, Shared> {
    let id = UstId::parse(text).ok_or_else(|| Shared::UstIdUngueltig {
        feld: format!("{feld}/ust_id"),
    })?;
    Ok(id.as_str().to_owned())
}

fn ist_bic(bic: &str) -> bool {
    matches!(bic.len(), 8 | 11)
        && bic.bytes().take(6).all(|b| b.is_ascii_uppercase())
        && bic.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Checks the last day of a lock.
pub(crate) fn sperre_bis(bis: Option<NaiveDate>, heute: NaiveDate) -> Result<(), Shared> {
    match bis {
        Some(bis) if bis < heute => Err(Shared::feld(
            "/bis",
            "der letzte Tag der Sperre liegt in der Vergangenheit",
        )),
        _ => Ok(()),
    }
}
