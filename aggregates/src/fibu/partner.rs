//! What Debitor and Kreditor share (fibu 9): address, dated tax status, bank accounts with a second person, locks.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kontenplan::{Kontenplan, Zweck};
use crate::{
    Context, Lookup, Shared,
    refusal::Refused,
    types::{Akteur, Betrag, Iban, Text, UstId, ist_land},
};

/// Currency of an account if none is named.
const HAUSWAEHRUNG: &str = "EUR";

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UstArt {
    /// Regular taxation.
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
    /// Checks what the reader of the body cannot.
    pub(super) fn pruefen(self) -> Result<Self, Shared> {
        if ist_land(&self.land) {
            return Ok(self);
        }
        let meldung = "das Land ist ein ISO-Code aus zwei Großbuchstaben, z. B. DE";
        Err(Shared::feld("/anschrift/land", meldung))
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

/// The number of digits of a Personenkonto in this company.
pub fn personenkontolaenge(ctx: &Context<'_>) -> Result<u8, Lookup> {
    let plan = ctx.get::<Kontenplan>(Kontenplan::stream_id(ctx.frame.mandant_id))?;
    Ok(plan.map_or(PERSONENKONTOLAENGE, |plan| plan.personenkontolaenge))
}

/// The Sammelkonto of a purpose by the company's Kontenfindung.
pub fn sammelkonto<E>(ctx: &Context<'_>, zweck: Zweck) -> Result<String, Refused<E>> {
    let plan = ctx.get::<Kontenplan>(Kontenplan::stream_id(ctx.frame.mandant_id))?;
    let regel = plan
        .as_ref()
        .and_then(|plan| plan.konto_fuer(zweck, None, None, None, ctx.heute()).ok());
    regel.map(|regel| regel.konto_nr.clone()).ok_or_else(|| {
        let zweck: &str = zweck.into();
        let meldung = format!("das Sammelkonto fehlt, und die Kontenfindung nennt keines für den Zweck {zweck}");
        Shared::feld("/sammelkonto", meldung).into()
    })
}

/// The Sammelkonto named, else the one of the Kontenfindung.
pub(super) fn sammelkonto_oder<E>(
    ctx: &Context<'_>,
    genannt: Option<Text<8>>,
    zweck: Zweck,
) -> Result<String, Refused<E>> {
    match genannt {
        None => sammelkonto(ctx, zweck),
        Some(konto) if ziffern(&konto) => Ok(konto.to_string()),
        Some(_) => Err(Shared::feld("/sammelkonto", "eine Kontonummer besteht nur aus Ziffern").into()),
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

/// The tax status on a day: the newest that holds.
pub(super) fn ust_status_am(status: &[UmsatzsteuerStatus], datum: NaiveDate) -> Option<&UmsatzsteuerStatus> {
    let gueltig = status.iter().filter(|s| s.gueltig_ab <= datum);
    gueltig.max_by_key(|s| s.gueltig_ab)
}

/// True if a status begins on the same day.
pub(super) fn ueberlappt(status: &[UmsatzsteuerStatus], gueltig_ab: NaiveDate) -> bool {
    status.iter().any(|s| s.gueltig_ab == gueltig_ab)
}

/// The status that follows from a changed VAT id in the partner's master data: the present kind of taxation with the
/// new number, unconfirmed, from today on. `None` if the number is the present one.
pub(super) fn ust_id_uebernehmen(
    status: &[UmsatzsteuerStatus],
    neu: &str,
    heute: NaiveDate,
) -> Result<Option<UmsatzsteuerStatus>, Shared> {
    let ust_id = ust_id(neu, "")?;
    let bisher = ust_status_am(status, heute);
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

/// Folds a status in; one of the same day gives way (master data may change twice a day).
pub(super) fn ust_status_setzen(status: &mut Vec<UmsatzsteuerStatus>, neu: UmsatzsteuerStatus) {
    status.retain(|s| s.gueltig_ab != neu.gueltig_ab);
    status.push(neu);
    status.sort_by_key(|s| s.gueltig_ab);
}

/// Checks a bank account and gives it its number.
pub(super) fn bank_erfassen(
    vorhanden: &[Bankverbindung],
    iban: &str,
    bic: Option<Text<11>>,
    inhaber: Option<Text<140>>,
    erfasst_von: Akteur,
) -> Result<BankErfasst, Shared> {
    let iban = Iban::parse(iban).ok_or_else(|| Shared::IbanUngueltig {
        feld: "/iban".to_owned(),
    })?;
    let lebt = |b: &&Bankverbindung| b.status != BankStatus::Abgeloest && b.iban == iban;
    if let Some(bank) = vorhanden.iter().find(lebt) {
        let meldung = format!("diese IBAN ist schon als Bankverbindung {} erfasst", bank.nr);
        return Err(Shared::feld("/iban", meldung));
    }
    let bic = bic.map(|b| b.to_ascii_uppercase());
    if bic.as_deref().is_some_and(|b| !ist_bic(b)) {
        return Err(Shared::feld(
            "/bic",
            "eine BIC hat 8 oder 11 Stellen, z. B. COBADEFFXXX",
        ));
    }
    Ok(BankErfasst {
        nr: vorhanden.iter().map(|b| b.nr).max().unwrap_or(0) + 1,
        iban,
        bic,
        inhaber: inhaber.map(|i| i.to_string()),
        erfasst_von,
    })
}

fn ist_bic(bic: &str) -> bool {
    matches!(bic.len(), 8 | 11)
        && bic.bytes().take(6).all(|b| b.is_ascii_uppercase())
        && bic.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Checks a release by a second person; gives the number of the account that it supersedes.
pub(super) fn bank_freigeben(vorhanden: &[Bankverbindung], nr: i32, akteur: &Akteur) -> Result<Option<i32>, Shared> {
    let bank = vorhanden
        .iter()
        .find(|b| b.nr == nr)
        .ok_or_else(|| Shared::feld("/nr", format!("die Bankverbindung {nr} gibt es nicht")))?;
    if bank.status != BankStatus::Neu {
        return Err(Shared::status(bank.status, &["neu"]));
    }
    if bank.erfasst_von == *akteur {
        return Err(Shared::VierAugen {
            regel: Some("bankverbindung".to_owned()),
        });
    }
    let bisher = vorhanden.iter().find(|b| b.status == BankStatus::Bestaetigt);
    Ok(bisher.map(|b| b.nr))
}

/// Folds a release in.
pub(super) fn bank_freigegeben(banken: &mut [Bankverbindung], nr: i32, geprueft_von: Akteur, abgeloest: Option<i32>) {
    for bank in banken.iter_mut().filter(|b| Some(b.nr) == abgeloest) {
        bank.status = BankStatus::Abgeloest;
    }
    if let Some(bank) = banken.iter_mut().find(|b| b.nr == nr) {
        bank.status = BankStatus::Bestaetigt;
        bank.geprueft_von = Some(geprueft_von);
    }
}

/// The released bank account.
pub(super) fn bank(banken: &[Bankverbindung]) -> Option<&Bankverbindung> {
    banken.iter().find(|b| b.status == BankStatus::Bestaetigt)
}

/// Checks the last day of a lock.
pub(super) fn sperre_bis(bis: Option<NaiveDate>, heute: NaiveDate) -> Result<(), Shared> {
    match bis {
        Some(bis) if bis < heute => Err(Shared::feld(
            "/bis",
            "der letzte Tag der Sperre liegt in der Vergangenheit",
        )),
        _ => Ok(()),
    }
}

/// Balance of a Personenkonto at the head of the log.
pub(super) fn saldo<E>(ctx: &Context<'_>, nr: &str) -> Result<Betrag, Refused<E>> {
    let unlesbar = || Shared::feld("/nr", format!("der Saldo von {nr} ist nicht lesbar; nicht geschlossen"));
    match ctx.fact("personenkonto_saldo", nr)? {
        Value::Null => Ok(Betrag::NULL),
        Value::String(text) => Ok(text.parse().map_err(|_| unlesbar())?),
        _ => Err(unlesbar().into()),
    }
}
