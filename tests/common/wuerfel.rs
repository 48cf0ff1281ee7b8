//! Dice with a seed, for tests of random histories.

/// Throws numbers that depend on the seed only; a test that fails says which seed it was.
pub struct Wuerfel {
    saat: u64,
    zustand: u64,
}

impl Wuerfel {
    /// Dice of a seed; `NEUROERP_SAAT` replaces it, to try others or to see a failure again.
    pub fn aus(saat: u64) -> Self {
        let saat = std::env::var("NEUROERP_SAAT").map_or(saat, |text| text.parse().expect("NEUROERP_SAAT is a number"));
        Self { saat, zustand: saat }
    }

    /// Dice of their own for a part of the test, so that what it throws does not depend on the other parts.
    pub fn abzweig(&self, nummer: u64) -> Self {
        let mut zweig = Self {
            saat: self.saat,
            zustand: self.saat ^ nummer.wrapping_mul(0xd134_2543_de82_ef95),
        };
        zweig.unter(2);
        zweig
    }

    /// A number below `seiten` (splitmix64).
    pub fn unter(&mut self, seiten: u64) -> u64 {
        self.zustand = self.zustand.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.zustand;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % seiten
    }

    /// True in so many of a hundred cases.
    pub fn prozent(&mut self, prozent: u64) -> bool {
        self.unter(100) < prozent
    }

    /// An index below `laenge`.
    pub fn index(&mut self, laenge: usize) -> usize {
        usize::try_from(self.unter(laenge as u64)).expect("index")
    }

    /// One of several.
    pub fn einer<'a, T>(&mut self, aus: &'a [T]) -> &'a T {
        &aus[self.index(aus.len())]
    }

    /// An amount from 0.01 up to so many Euro.
    pub fn betrag(&mut self, bis_euro: u64) -> i64 {
        i64::try_from(1 + self.unter(bis_euro * 100)).expect("amount")
    }
}

impl Drop for Wuerfel {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the same history again: NEUROERP_SAAT={}", self.saat);
        }
    }
}

/// Cents as an amount.
pub fn euro(cent: i64) -> String {
    let vorzeichen = if cent < 0 { "-" } else { "" };
    format!("{vorzeichen}{}.{:02}", cent.abs() / 100, cent.abs() % 100)
}

/// An amount as cents.
pub fn cent(text: &serde_json::Value) -> i64 {
    let text = text.as_str().expect("amount as text");
    text.replace('.', "").parse().expect("amount with two decimals")
}
