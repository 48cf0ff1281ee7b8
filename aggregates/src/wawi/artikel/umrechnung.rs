//! Conversion between the units of an article: exact rationals, rounded once at the target (wawi 0.2).

use rust_decimal::Decimal;

use super::{Artikel, ArtikelError};
use crate::types::Menge;

/// Decimals of a quantity in a unit that is not the Basiseinheit.
const STELLEN_EINHEIT: u32 = 6;

/// How a unit counts.
#[derive(Debug, Clone, Copy)]
struct Faktor {
    zaehler: i64,
    nenner: i64,
    ganzzahlig: bool,
    stellen: u32,
}

impl Artikel {
    /// A quantity in the Basiseinheit.
    pub fn in_basis(&self, menge: Menge, einheit: &str) -> Result<Menge, ArtikelError> {
        self.umrechnen(menge, einheit, &self.basiseinheit)
    }

    /// A quantity in another unit of the article.
    pub fn umrechnen(&self, menge: Menge, von: &str, nach: &str) -> Result<Menge, ArtikelError> {
        let fehlt = || ArtikelError::UmrechnungFehlt {
            von: von.to_owned(),
            nach: nach.to_owned(),
        };
        let (aus, ziel) = (
            self.faktor(von).ok_or_else(fehlt)?,
            self.faktor(nach).ok_or_else(fehlt)?,
        );
        aus.pruefen(menge, von)?;
        if von == nach {
            return Ok(Menge::rounded(menge.as_decimal(), ziel.stellen));
        }
        let (umgerechnet, genau) = Bruch::von(menge, aus, ziel)
            .and_then(|bruch| bruch.gerundet(ziel.stellen))
            .ok_or_else(fehlt)?;
        if ziel.ganzzahlig && !genau {
            // Shown with its fraction, so that the user sees by how much it misses.
            let menge = Bruch::von(menge, aus, ziel)
                .and_then(|bruch| bruch.gerundet(STELLEN_EINHEIT))
                .map_or(umgerechnet, |(menge, _)| menge);
            let einheit = nach.to_owned();
            return Err(ArtikelError::MengeNichtGanzzahlig { menge, einheit });
        }
        Ok(umgerechnet)
    }

    /// True if the article can be counted in the unit.
    #[must_use]
    pub fn kennt(&self, einheit: &str) -> bool {
        self.faktor(einheit).is_some()
    }

    fn faktor(&self, einheit: &str) -> Option<Faktor> {
        if einheit == self.basiseinheit {
            return Some(Faktor {
                zaehler: 1,
                nenner: 1,
                ganzzahlig: self.stellen == 0,
                stellen: u32::from(self.stellen),
            });
        }
        let gefunden = self.einheiten.iter().find(|e| e.einheit == einheit && !e.entfallen)?;
        Some(Faktor {
            zaehler: gefunden.zaehler,
            nenner: gefunden.nenner,
            ganzzahlig: gefunden.ganzzahlig,
            stellen: if gefunden.ganzzahlig { 0 } else { STELLEN_EINHEIT },
        })
    }
}

impl Faktor {
    fn pruefen(self, menge: Menge, einheit: &str) -> Result<(), ArtikelError> {
        if self.ganzzahlig && !menge.as_decimal().is_integer() {
            let einheit = einheit.to_owned();
            return Err(ArtikelError::MengeNichtGanzzahlig { menge, einheit });
        }
        Ok(())
    }
}

/// An exact fraction; `None` wherever it would leave the range of whole numbers.
struct Bruch {
    zaehler: i128,
    nenner: i128,
}

impl Bruch {
    fn von(menge: Menge, aus: Faktor, ziel: Faktor) -> Option<Self> {
        let wert = menge.as_decimal();
        let zaehler = wert
            .mantissa()
            .checked_mul(i128::from(aus.zaehler))?
            .checked_mul(i128::from(ziel.nenner))?;
        let nenner = 10_i128
            .checked_pow(wert.scale())?
            .checked_mul(i128::from(aus.nenner))?
            .checked_mul(i128::from(ziel.zaehler))?;
        (nenner > 0).then_some(Self { zaehler, nenner })
    }

    /// Rounded commercially to `stellen`, and whether nothing was lost.
    fn gerundet(&self, stellen: u32) -> Option<(Menge, bool)> {
        let zaehler = self.zaehler.checked_mul(10_i128.checked_pow(stellen)?)?;
        let (ganz, rest) = (zaehler / self.nenner, zaehler % self.nenner);
        let auf = rest.unsigned_abs().checked_mul(2)? >= self.nenner.unsigned_abs();
        let ganz = if auf { ganz.checked_add(zaehler.signum())? } else { ganz };
        let wert = Decimal::try_from_i128_with_scale(ganz, stellen).ok()?;
        Some((Menge::rounded(wert, stellen), rest == 0))
    }
}
