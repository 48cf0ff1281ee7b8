//! What the house deals in: articles with prices, seasons and suppliers.

use uuid::Uuid;

use super::{DemoPlan, tag};

/// An article of the demo company. Quantities are tenths of `einheit`; prices are whole tens of cents, so that every
/// value is exact in cents.
#[derive(Debug)]
pub(super) struct Sorte {
    pub nr: &'static str,
    pub name: &'static str,
    /// Index of its group.
    pub gruppe: usize,
    /// The unit it is dealt in.
    pub einheit: &'static str,
    /// The unit in which stock is kept.
    pub basis: &'static str,
    pub lose: bool,
    pub schluessel: &'static str,
    pub schluessel_ek: &'static str,
    /// Tax rates of sale and purchase, per mille.
    pub promille: i64,
    pub promille_ek: i64,
    /// Purchase price and the sales prices of both halves of the year, cents per unit.
    pub einkauf: i64,
    pub verkauf: [i64; 2],
    /// Index of the Lager it lies in.
    pub lager: usize,
    /// Index of the supplier.
    pub lieferant: usize,
    /// Quantity of an order, from and to, tenths.
    pub menge: (i64, i64),
    /// How much a lorry brings, tenths.
    pub fuhre: i64,
    /// How often it is sold, by month from January on.
    pub saison: [u16; 12],
    /// Bought in the months of the harvest only.
    pub ernte: bool,
}

pub(super) const GRUPPEN: [(&str, &str); 5] = [
    ("10", "Dünger"),
    ("20", "Futtermittel"),
    ("30", "Getreide"),
    ("40", "Saatgut"),
    ("50", "Pflanzenschutz"),
];

/// Number, name, town of each Lager.
pub(super) const LAGER: [(&str, &str, &str, &str); 2] = [
    ("1", "Lager Emden", "26721", "Emden"),
    ("2", "Lager Aurich", "26603", "Aurich"),
];

const DUENGER: Sorte = Sorte {
    nr: "KAS",
    name: "Kalkammonsalpeter 27 %",
    gruppe: 0,
    einheit: "t",
    basis: "kg",
    lose: false,
    schluessel: "U19",
    schluessel_ek: "V19",
    promille: 190,
    promille_ek: 190,
    einkauf: 28_500,
    verkauf: [34_500, 33_200],
    lager: 0,
    lieferant: 1,
    menge: (20, 150),
    fuhre: 250,
    saison: [3, 10, 18, 16, 10, 4, 2, 3, 5, 3, 2, 2],
    ernte: false,
};

const FUTTER: Sorte = Sorte {
    nr: "MLF",
    name: "Milchleistungsfutter 18/4",
    gruppe: 1,
    lose: true,
    schluessel: "U7",
    schluessel_ek: "V7",
    promille: 70,
    promille_ek: 70,
    einkauf: 26_200,
    verkauf: [31_200, 31_900],
    lager: 1,
    lieferant: 2,
    menge: (30, 120),
    saison: [14, 14, 13, 11, 9, 8, 8, 8, 9, 11, 13, 14],
    ..DUENGER
};

pub(super) const SORTEN: [Sorte; 7] = [
    DUENGER,
    Sorte {
        nr: "AHL",
        name: "Ammonnitrat-Harnstoff-Lösung 28 %",
        lose: true,
        einkauf: 24_100,
        verkauf: [29_400, 28_700],
        saison: [1, 5, 12, 11, 6, 2, 1, 1, 2, 1, 1, 1],
        ..DUENGER
    },
    FUTTER,
    Sorte {
        nr: "RAPSSCHROT",
        name: "Rapsextraktionsschrot 00",
        einkauf: 27_400,
        verkauf: [32_900, 33_400],
        saison: [8, 8, 8, 7, 6, 5, 5, 5, 6, 7, 8, 8],
        ..FUTTER
    },
    Sorte {
        nr: "WEIZEN",
        name: "Weizen, lose",
        gruppe: 2,
        schluessel_ek: "V24",
        promille_ek: 78,
        einkauf: 18_400,
        verkauf: [21_800, 22_600],
        lager: 0,
        lieferant: 3,
        menge: (80, 250),
        saison: [7, 7, 6, 4, 3, 2, 3, 9, 14, 13, 10, 9],
        ernte: true,
        ..FUTTER
    },
    Sorte {
        nr: "SAATWEIZEN",
        name: "Saatweizen, gebeizt",
        gruppe: 3,
        lose: false,
        einkauf: 48_600,
        verkauf: [59_900, 61_200],
        lager: 0,
        lieferant: 1,
        menge: (10, 40),
        fuhre: 120,
        saison: [0, 0, 2, 1, 0, 0, 0, 4, 14, 11, 3, 0],
        ..FUTTER
    },
    Sorte {
        nr: "PSM",
        name: "Pflanzenschutzmittel, Herbizid",
        gruppe: 4,
        einheit: "l",
        basis: "l",
        einkauf: 2_480,
        verkauf: [3_390, 3_290],
        menge: (200, 1_600),
        fuhre: 6_000,
        saison: [0, 1, 5, 11, 11, 6, 2, 1, 5, 3, 0, 0],
        ..DUENGER
    },
];

impl Sorte {
    /// The sales price in a month, cents per unit.
    pub(super) const fn preis(&self, monat0: usize) -> i64 {
        self.verkauf[if monat0 < 6 { 0 } else { 1 }]
    }

    /// How much of it lies in the Lager when the year begins: two lorries, and of grain the rest of the last harvest.
    pub(super) const fn anfang(&self) -> i64 {
        if self.ernte { 8 * self.fuhre } else { 2 * self.fuhre }
    }
}

/// Net of a quantity in tenths at a price in cents per unit.
pub(super) const fn wert(menge: i64, preis: i64) -> i64 {
    menge * preis / 10
}

/// A quantity in tenths, as documents write it.
pub(super) fn menge_text(menge: i64) -> String {
    match menge % 10 {
        0 => (menge / 10).to_string(),
        rest => format!("{}.{rest}", menge / 10),
    }
}

impl DemoPlan {
    pub(super) fn artikel_id(&self, sorte: usize) -> Uuid {
        self.id(&format!("artikel/{}", SORTEN[sorte].nr), tag(2025, 1, 1))
    }

    pub(super) fn lager_id(&self, lager: usize) -> Uuid {
        self.id(&format!("lager/{}", LAGER[lager].0), tag(2025, 1, 1))
    }
}
