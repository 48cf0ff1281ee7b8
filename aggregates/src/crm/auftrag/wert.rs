//! What parts of a position are worth. Each takes its share of the decided net cumulatively (crm C0), and keeps it: a new
//! quantity changes only what is still to go.

use super::AuftragPosition;
use crate::types::{Betrag, Menge};

/// The share that a quantity has of the net of a whole; `None` out of range.
fn anteil(netto: Betrag, ganzes: Menge, menge: Menge) -> Option<Betrag> {
    if menge == ganzes {
        return Some(netto);
    }
    let produkt = netto.as_decimal().checked_mul(menge.as_decimal())?;
    Betrag::rounded(produkt.checked_div(ganzes.as_decimal())?)
}

impl AuftragPosition {
    /// The share of the decided net that a quantity has; `None` out of range.
    pub(super) fn anteil(&self, menge: Menge) -> Option<Betrag> {
        anteil(self.netto, self.menge, menge)
    }

    /// Value of all that went once it is this much; `None` out of range. A new quantity may have rounded the decided net so
    /// that the share is a cent less than what went already: then what comes is worth nothing, not less.
    pub(super) fn lieferwert_bis(&self, menge: Menge) -> Option<Betrag> {
        Some(self.anteil(menge)?.max(self.geliefert_netto))
    }

    /// Value of what went and of what is still to go; `None` out of range.
    pub(super) fn gesamtwert(&self) -> Option<Betrag> {
        let offen = self.offen();
        if offen.is_null() {
            return Some(self.geliefert_netto);
        }
        self.lieferwert_bis(self.geliefert + offen)
    }

    /// The decided net for another quantity, which its price makes worth so much: the sum of its parts, of which those
    /// that went are decided already.
    pub(super) fn netto_neu(&self, menge: Menge, wert: Betrag) -> Betrag {
        if menge == self.geliefert {
            self.geliefert_netto
        } else {
            wert.max(self.geliefert_netto)
        }
    }

    /// With which value a quantity went that is invoiced now; `None` out of range.
    pub(super) fn lieferwert_faktura(&self, menge: Menge) -> Option<Betrag> {
        let danach = anteil(self.geliefert_netto, self.geliefert, self.fakturiert() + menge)?;
        Some(danach.max(self.fakturiert_lieferwert) - self.fakturiert_lieferwert)
    }

    /// With which value a quantity went that is invoiced no more; `None` out of range.
    pub(super) fn lieferwert_gutschrift(&self, menge: Menge) -> Option<Betrag> {
        let danach = anteil(self.geliefert_netto, self.geliefert, self.fakturiert() - menge)?;
        Some(self.fakturiert_lieferwert - danach.min(self.fakturiert_lieferwert))
    }
}
