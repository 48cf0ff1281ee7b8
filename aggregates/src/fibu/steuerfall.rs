//! Which tax case a sale is (fibu 9): the dated status of the customer decides the key, together with where the supply
//! goes and whether it is goods. A taxed sale keeps the key of its article.

use super::partner::{UmsatzsteuerStatus, UstArt};
use crate::wawi::{Artikel, artikel::ArtikelTyp};

/// Country of the company; a supply within it is taxed, whoever the customer is.
const INLAND: &str = "DE";

/// Goods, with their container and deposit, not a service.
#[must_use]
pub fn ist_ware(artikel: &Artikel) -> bool {
    artikel.typ != ArtikelTyp::Leistung
}

/// A sale as far as its tax case depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Verkaufsfall<'a> {
    /// Status of the customer on the day.
    pub status: Option<&'a UmsatzsteuerStatus>,
    /// He buys as a consumer.
    pub verbraucher: bool,
    /// Where it goes, ISO 3166 alpha-2.
    pub land: &'a str,
    /// Goods, not a service.
    pub ware: bool,
}

impl Verkaufsfall<'_> {
    /// The key that the case demands; `None` if it is taxed. Goods to a business of another member state that has a VAT
    /// id are exempt (§ 4 Nr. 1 b UStG), services to it taxed there by the recipient (§ 3a Abs. 2 UStG); goods that leave
    /// the EU are exempt (§ 4 Nr. 1 a UStG), services to businesses there not taxable.
    #[must_use]
    pub fn schluessel(&self) -> Option<&'static str> {
        let status = self.status.filter(|_| self.land != INLAND)?;
        match (status.art, self.ware) {
            (UstArt::Eu, _) if status.ust_id.is_none() || self.verbraucher => None,
            (UstArt::Eu, true) => Some("UIGL"),
            (UstArt::Eu, false) => Some("UEUL"),
            (UstArt::Drittland, true) => Some("UAUS"),
            (UstArt::Drittland, false) => (!self.verbraucher).then_some("UNST"),
            (UstArt::Regel | UstArt::Pauschal24 | UstArt::Klein19, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn der_status_entscheidet_den_schluessel() {
        let fall = |art, ust_id: Option<&str>, land, ware, verbraucher| {
            let status = UmsatzsteuerStatus {
                gueltig_ab: NaiveDate::default(),
                art,
                ust_id: ust_id.map(Into::into),
                geprueft_am: None,
                ergebnis: None,
            };
            Verkaufsfall {
                status: Some(&status),
                verbraucher,
                land,
                ware,
            }
            .schluessel()
        };
        let nl = Some("NL123456789B01");
        assert_eq!(fall(UstArt::Eu, nl, "NL", true, false), Some("UIGL"));
        assert_eq!(fall(UstArt::Eu, nl, "NL", false, false), Some("UEUL"));
        assert_eq!(fall(UstArt::Eu, nl, "DE", true, false), None, "bleibt im Inland");
        assert_eq!(fall(UstArt::Eu, None, "NL", true, false), None, "ohne USt-IdNr.");
        assert_eq!(fall(UstArt::Eu, nl, "NL", true, true), None, "Verbraucher");
        assert_eq!(fall(UstArt::Drittland, None, "CH", true, true), Some("UAUS"));
        assert_eq!(fall(UstArt::Drittland, None, "CH", false, false), Some("UNST"));
        assert_eq!(fall(UstArt::Drittland, None, "CH", false, true), None);
        for art in [UstArt::Regel, UstArt::Pauschal24, UstArt::Klein19] {
            assert_eq!(fall(art, nl, "NL", true, false), None);
        }
    }
}
