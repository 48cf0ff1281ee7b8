//! The opening balance of 2026, the first voucher of the year.

use super::beleg::{Beleg, Zeile, haben, soll};

/// Bank and cash on 1 January 2026, in cents.
pub(super) const BANK_ANFANG: i64 = 41_235_020;
pub(super) const KASSE_ANFANG: i64 = 185_000;

/// Opening balance: account, cents; assets first.
const AKTIVA: [(&str, i64); 5] = [
    ("0240", 62_000_000),
    ("0440", 18_500_000),
    ("0540", 9_800_000),
    ("1600", KASSE_ANFANG),
    ("1800", BANK_ANFANG),
];
const PASSIVA: [(&str, i64); 4] = [
    ("2900", 50_000_000),
    ("2960", 35_000_000),
    ("3070", 1_450_000),
    ("3150", 48_000_000),
];
/// The goods.
const WARE: &str = "1140";
/// Takes what is left of the assets.
const GEWINNVORTRAG: &str = "2970";

/// The opening balance of 2026, with goods worth so many cents.
pub(super) fn eroeffnung(ware: i64) -> Beleg {
    let aktiva = AKTIVA.iter().map(|(_, cent)| cent).sum::<i64>() + ware;
    let passiva: i64 = PASSIVA.iter().map(|(_, cent)| cent).sum();
    let mut zeilen: Vec<Zeile> = AKTIVA.iter().map(|(konto, cent)| soll(*konto, *cent)).collect();
    zeilen.push(soll(WARE, ware));
    zeilen.push(haben("9000", aktiva));
    zeilen.push(soll("9000", aktiva));
    zeilen.extend(PASSIVA.iter().map(|(konto, cent)| haben(*konto, *cent)));
    zeilen.push(haben(GEWINNVORTRAG, aktiva - passiva));
    let text = "Eröffnungsbilanz zum 01.01.2026";
    Beleg::neu("EB", "saldenvortrag", text, "Bilanz 31.12.2025".to_owned(), zeilen)
}
