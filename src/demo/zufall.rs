//! Chance that is the same on every machine.

/// SplitMix64: tiny, seeded, the same on every machine.
#[derive(Debug)]
pub(super) struct Zufall(pub u64);

impl Zufall {
    fn naechste(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `von` to `bis`, both included.
    pub(super) fn zwischen(&mut self, von: i64, bis: i64) -> i64 {
        let anzahl = u64::try_from(bis - von + 1).unwrap_or(1);
        von + i64::try_from(self.naechste() % anzahl).unwrap_or_default()
    }

    pub(super) fn index(&mut self, anzahl: usize) -> usize {
        let grenze = i64::try_from(anzahl).unwrap_or(1) - 1;
        usize::try_from(self.zwischen(0, grenze.max(0))).unwrap_or_default()
    }
}
