//! The arithmetic that every invoice shares, incoming or outgoing (fibu 0 and 3): value of a line, tax once per key and
//! document, and the split of what stands below the lines over its keys. Each figure is rounded once.

use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    buchung::BuchungError,
    steuer_schluessel::{Richtung, SteuerSchluessel},
};
use crate::{
    Context, Refused,
    types::{Betrag, Menge, Preis, Satz},
};

/// What one tax key of a document comes to (§ 14 Abs. 4 Nr. 7 and 8 UStG).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steuerzeile {
    /// Tax key.
    pub schluessel: String,
    /// Rate; absent for what is not taxable at all.
    pub satz: Option<Satz>,
    /// Sum of the nets.
    pub basis: Betrag,
    /// Tax on the sum.
    pub steuer: Betrag,
    /// Both.
    pub brutto: Betrag,
    /// What the law wants said about the key, e.g. that the recipient owes the tax.
    pub hinweis: Option<String>,
}

/// A tax key with its rate of a day.
#[derive(Debug, Clone)]
pub struct Tarif {
    /// The key.
    pub schluessel: Arc<SteuerSchluessel>,
    /// Its rate; `None` for what is not taxable at all.
    pub satz: Option<Satz>,
}

/// Finds a key and its rate of a day; refused with the codes that the posting would give.
pub fn tarif<E>(code: &str, am: NaiveDate, ctx: &Context<'_>) -> Result<Tarif, Refused<E>> {
    let schluessel = code.to_owned();
    let Some((_, definition)) = ctx.find::<SteuerSchluessel>(SteuerSchluessel::KEY_CODE, code)? else {
        return Err(Refused::Domain(BuchungError::SchluesselUnbekannt { schluessel }).fremd());
    };
    let satz = definition.satz(am);
    if satz.is_none() && definition.richtung != Richtung::Ohne {
        let fehlt = BuchungError::SatzFehlt {
            schluessel,
            steuerdatum: am,
        };
        return Err(Refused::Domain(fehlt).fremd());
    }
    Ok(Tarif {
        schluessel: definition,
        satz,
    })
}

/// A part of a document's net under its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Teil<'a> {
    /// Tax key.
    pub schluessel: &'a str,
    /// Its part, negative for what is deducted.
    pub netto: Betrag,
}

/// Value of a line: quantity × price ÷ price unit × (1 − discount), rounded once. The quantity is in the price's unit.
/// `None` if it is out of range or the price is for no quantity.
#[must_use]
pub fn zeilennetto(menge: Menge, preis: &Preis, rabatt: Satz) -> Option<Betrag> {
    let voll = preis.betrag.as_decimal().checked_mul(menge.as_decimal())?;
    let nachgelassen = voll.checked_mul(Decimal::ONE - rabatt.factor())?;
    Betrag::rounded(nachgelassen.checked_div(preis.je.as_decimal())?)
}

/// Tax on a net, rounded once.
#[must_use]
pub fn steuer(netto: Betrag, satz: Option<Satz>) -> Option<Betrag> {
    let faktor = satz.map_or(Decimal::ZERO, Satz::factor);
    Betrag::rounded(netto.as_decimal().checked_mul(faktor)?)
}

/// A percentage of an amount, rounded once.
#[must_use]
pub fn prozent(betrag: Betrag, satz: Satz) -> Option<Betrag> {
    steuer(betrag, Some(satz))
}

/// Sums of the nets per key, in the order in which the keys first appear.
#[must_use]
pub fn je_schluessel<'a>(teile: impl IntoIterator<Item = Teil<'a>>) -> Vec<(String, Betrag)> {
    let mut summen: Vec<(String, Betrag)> = Vec::new();
    for teil in teile {
        match summen.iter_mut().find(|(schluessel, _)| schluessel == teil.schluessel) {
            Some((_, summe)) => *summe += teil.netto,
            None => summen.push((teil.schluessel.to_owned(), teil.netto)),
        }
    }
    summen
}

/// One line per key, taxed on its sum. `None` if an amount is out of range.
#[must_use]
pub fn steuerzeile(
    schluessel: String,
    satz: Option<Satz>,
    basis: Betrag,
    hinweis: Option<String>,
) -> Option<Steuerzeile> {
    let steuer = steuer(basis, satz)?;
    Some(Steuerzeile {
        schluessel,
        satz,
        basis,
        steuer,
        brutto: basis + steuer,
        hinweis,
    })
}

/// Splits an amount by the nets, in cents, by largest remainder; what has no net gets nothing.
#[must_use]
pub fn nach_netto(betrag: Betrag, netto: &[Betrag]) -> Vec<Betrag> {
    let gewichte: Vec<i64> = netto.iter().map(|n| n.as_cent()).collect();
    betrag.split(&gewichte)
}

/// What a part of the gross amount comes to in each key, by what is still open of each. No share is ever negative or
/// more than what is open, and the parts of the whole give exactly the whole, tax included.
#[must_use]
pub fn anteil(offen: &[Steuerzeile], teil: Betrag) -> Vec<Steuerzeile> {
    let brutto: Vec<Betrag> = offen.iter().map(|z| z.brutto).collect();
    let anteile = offen.iter().zip(nach_netto(teil, &brutto)).map(|(zeile, brutto)| {
        let paar = brutto.split(&[zeile.basis.as_cent(), zeile.steuer.as_cent()]);
        let steuer = paar.get(1).copied().unwrap_or_default();
        Steuerzeile {
            basis: brutto - steuer,
            steuer,
            brutto,
            ..zeile.clone()
        }
    });
    anteile.filter(|z| !z.brutto.is_null()).collect()
}

/// What is left of each key after parts were taken away.
#[must_use]
pub fn rest<'a>(zeilen: &[Steuerzeile], abzug: impl IntoIterator<Item = &'a Steuerzeile>) -> Vec<Steuerzeile> {
    let mut rest = zeilen.to_vec();
    for weg in abzug {
        if let Some(zeile) = rest.iter_mut().find(|z| z.schluessel == weg.schluessel) {
            zeile.basis -= weg.basis;
            zeile.steuer -= weg.steuer;
            zeile.brutto -= weg.brutto;
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn preis(betrag: &str, je: &str) -> Preis {
        serde_json::from_value(json!({"betrag": betrag, "je": je, "einheit": "t"})).unwrap()
    }

    fn satz(prozent: i64) -> Satz {
        Satz::percent(prozent.into())
    }

    fn zeile(schluessel: &str, prozent: i64, basis: i64) -> Steuerzeile {
        steuerzeile(schluessel.into(), Some(satz(prozent)), Betrag::cent(basis), None).unwrap()
    }

    #[test]
    fn a_line_is_rounded_once_after_its_discount() {
        let netto = |menge: &str, p: &Preis, rabatt| zeilennetto(menge.parse().unwrap(), p, satz(rabatt));
        assert_eq!(netto("25", &preis("389.50", "1"), 0), Some(Betrag::cent(973_750)));
        assert_eq!(netto("12", &preis("148.33", "1"), 0), Some(Betrag::cent(177_996)));
        // 0.333 less 10 % is 0.2997: rounding before the discount would give 0.297.
        assert_eq!(netto("1", &preis("0.333", "1"), 10), Some(Betrag::cent(30)));
        assert_eq!(netto("7", &preis("12.90", "100"), 0), Some(Betrag::cent(90)));
        assert_eq!(netto("1", &preis("1", "0"), 0), None);
    }

    #[test]
    fn tax_is_taken_once_per_key_on_the_sum() {
        let teil = |schluessel, netto| Teil {
            schluessel,
            netto: Betrag::cent(netto),
        };
        let summen = je_schluessel([
            teil("U19", 1_003),
            teil("U7", 50),
            teil("U19", 1_003),
            teil("U19", 1_003),
        ]);
        assert_eq!(
            summen,
            [
                ("U19".to_owned(), Betrag::cent(3_009)),
                ("U7".to_owned(), Betrag::cent(50))
            ]
        );
        let zeile = zeile("U19", 19, 3_009);
        assert_eq!((zeile.steuer, zeile.brutto), (Betrag::cent(572), Betrag::cent(3_581)));
    }

    #[test]
    fn what_is_not_taxable_has_no_tax() {
        let zeile = steuerzeile("UNST".into(), None, Betrag::cent(10_000), None).unwrap();
        assert_eq!((zeile.steuer, zeile.brutto), (Betrag::NULL, Betrag::cent(10_000)));
    }

    #[test]
    fn freight_is_split_by_the_nets_of_the_keys() {
        let teile = nach_netto(Betrag::cent(8_500), &[Betrag::cent(973_750), Betrag::cent(177_996)]);
        assert_eq!(teile, [Betrag::cent(7_186), Betrag::cent(1_314)]);
    }

    proptest! {
        #[test]
        fn parts_of_a_gross_amount_give_the_whole_in_every_key(
            basen in prop::collection::vec(1_i64..5_000_000, 1..4),
            schnitte in prop::collection::vec(1_i64..1_000_000, 1..12),
        ) {
            let saetze = [19, 7, 0];
            let zeilen: Vec<Steuerzeile> = basen.iter().zip(saetze).map(|(b, s)| zeile(&format!("U{s}"), s, *b)).collect();
            let mut offen = zeilen.clone();
            for schnitt in schnitte.into_iter().map(Betrag::cent).chain([Betrag::cent(i64::MAX)]) {
                let teil = schnitt.min(offen.iter().map(|z| z.brutto).sum());
                let anteile = anteil(&offen, teil);
                prop_assert_eq!(anteile.iter().map(|z| z.brutto).sum::<Betrag>(), teil);
                for z in &anteile {
                    prop_assert_eq!(z.basis + z.steuer, z.brutto);
                    prop_assert!(z.basis >= Betrag::NULL && z.steuer >= Betrag::NULL);
                }
                offen = rest(&offen, &anteile);
            }
            for z in &offen {
                prop_assert_eq!((z.basis, z.steuer, z.brutto), (Betrag::NULL, Betrag::NULL, Betrag::NULL));
            }
        }
    }
}
