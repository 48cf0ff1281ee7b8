//! The Nummernkreise that every company has from its first day (spec/README section 6).

/// A Nummernkreis as the specification has it.
pub(crate) struct Kreis {
    /// Code.
    pub code: &'static str,
    /// First number of a year.
    pub start: i64,
    /// A gap is an error.
    pub lueckenlos: bool,
    /// Dates must follow the numbers.
    pub chronologisch: bool,
    /// Vouchers that a person enters draw from it; from the others only the documents that they are for.
    von_hand: bool,
}

impl Kreis {
    /// Of documents: a gap is an error.
    const fn lueckenlos(code: &'static str) -> Self {
        let (start, lueckenlos, chronologisch, von_hand) = (1, true, false, false);
        Self {
            code,
            start,
            lueckenlos,
            chronologisch,
            von_hand,
        }
    }

    /// Of vouchers that may be entered by hand.
    const fn buchung(code: &'static str) -> Self {
        let von_hand = true;
        Self {
            von_hand,
            ..Self::lueckenlos(code)
        }
    }

    /// A gap does no harm.
    const fn lose(code: &'static str) -> Self {
        let lueckenlos = false;
        Self {
            lueckenlos,
            ..Self::lueckenlos(code)
        }
    }

    /// Of partners: the account number of the books, without a year.
    const fn partner(code: &'static str, start: i64) -> Self {
        Self {
            start,
            ..Self::lose(code)
        }
    }

    /// Partners bear the five digits of their account; everything else its Kreis and year.
    pub fn muster(&self) -> String {
        match self.code {
            "KD" | "LF" => "{00000}".to_owned(),
            code => format!("{code}-{{JJJJ}}-{{000000}}"),
        }
    }
}

/// All of them, in the order in which they are made.
pub(crate) const KREISE: &[Kreis] = &[
    Kreis {
        chronologisch: true,
        ..Kreis::lueckenlos("AR")
    },
    Kreis::lueckenlos("AG"),
    Kreis::lueckenlos("ER"),
    Kreis::buchung("BK"),
    Kreis::buchung("KA"),
    Kreis::buchung("MB"),
    Kreis::buchung("UM"),
    Kreis::buchung("AB"),
    Kreis::buchung("EB"),
    Kreis::buchung("WB"),
    Kreis::lueckenlos("AU"),
    Kreis::lueckenlos("LS"),
    Kreis::lose("BE"),
    Kreis::lose("WE"),
    Kreis::lose("VS"),
    Kreis::partner("KD", 10_000),
    Kreis::partner("LF", 70_000),
];

/// True if a voucher entered by hand may draw from a Nummernkreis: from those of Buchungen and from those that the
/// company made itself. A number drawn by hand from that of the invoices would be missing among them.
#[must_use]
pub(crate) fn von_hand(code: &str) -> bool {
    KREISE
        .iter()
        .find(|kreis| kreis.code == code)
        .is_none_or(|kreis| kreis.von_hand)
}
