//! What a client states and a pattern alone does not tell right from wrong: countries, VAT ids, bank accounts. The body
//! takes plain text, so that each is refused with a code of its own. `feld` is the JSON pointer of the statement.

use crate::{
    Shared,
    types::{Iban, Text, UstId, ist_land},
};

/// A country of ISO 3166.
pub(crate) fn land(code: &str, feld: impl Into<String>) -> Result<(), Shared> {
    if ist_land(code) {
        return Ok(());
    }
    let meldung = "das Land ist ein Code nach ISO 3166 (alpha-2) in Großbuchstaben, z. B. DE";
    Err(Shared::feld(feld, meldung))
}

/// A VAT identification number as it is kept: without blanks, in capitals.
pub(crate) fn ust_id(text: &str, feld: impl Into<String>) -> Result<String, Shared> {
    let id = UstId::parse(text).ok_or_else(|| Shared::UstIdUngueltig { feld: feld.into() })?;
    Ok(id.as_str().to_owned())
}

/// An IBAN in the field `/iban`.
pub(crate) fn iban(text: &str) -> Result<Iban, Shared> {
    Iban::parse(text).ok_or_else(|| Shared::IbanUngueltig {
        feld: "/iban".to_owned(),
    })
}

/// A BIC in the field `/bic`, in capitals.
pub(crate) fn bic(text: &Text<11>) -> Result<String, Shared> {
    let bic = text.to_ascii_uppercase();
    let gut = matches!(bic.len(), 8 | 11)
        && bic.bytes().take(6).all(|b| b.is_ascii_uppercase())
        && bic.bytes().all(|b| b.is_ascii_alphanumeric());
    if gut {
        return Ok(bic);
    }
    let meldung = "eine BIC hat 8 oder 11 Stellen, z. B. COBADEFFXXX";
    Err(Shared::feld("/bic", meldung))
}
