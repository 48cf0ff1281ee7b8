//! Rows of master data: Debitoren/Kreditoren (category 16) and Kontenbeschriftungen (category 20).

use super::{FeldFehler, Kontobezug, Kopf, Zeile};

/// A bank account of a row of category 16.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bankzeile {
    /// IBAN as written.
    pub iban: String,
    /// BIC.
    pub bic: String,
    /// Holder.
    pub inhaber: String,
}

/// A row of category 16.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personenzeile {
    /// Column 1.
    pub konto: Kontobezug,
    /// Company, "Nachname, Vorname" or the name without kind; empty if there is none.
    pub name: String,
    /// Columns 9 and 10: VAT id with its country; empty if there is none.
    pub ust_id: String,
    /// Column 16, or the Postfach of column 17.
    pub strasse: String,
    /// Column 18.
    pub plz: String,
    /// Column 19.
    pub ort: String,
    /// Column 20.
    pub land: String,
    /// Bank accounts, each IBAN once.
    pub banken: Vec<Bankzeile>,
}

impl Personenzeile {
    /// First columns of the ten bank accounts.
    const BANKEN: [usize; 10] = [41, 52, 63, 74, 85, 165, 176, 187, 198, 209];

    /// Reads a row of Debitoren/Kreditoren.
    pub fn lesen(zeile: &Zeile, kopf: &Kopf) -> Result<Self, FeldFehler> {
        let konto = Kontobezug::lesen(zeile.text(1), kopf.sachkontenlaenge)
            .map_err(|text| FeldFehler::neu(1, "Konto", text))?;
        if !konto.ist_person() {
            let text = format!("{} ist ein Sachkonto, kein Debitor oder Kreditor", konto.nr());
            return Err(FeldFehler::neu(1, "Konto", text));
        }
        let natuerlich = match (zeile.text(4), zeile.text(5)) {
            (nachname, "") => nachname.to_owned(),
            ("", vorname) => vorname.to_owned(),
            (nachname, vorname) => format!("{nachname}, {vorname}"),
        };
        let namen = [zeile.text(2), natuerlich.as_str(), zeile.text(6)];
        let mut banken: Vec<Bankzeile> = Vec::new();
        for spalte in Self::BANKEN {
            let iban = zeile.text(spalte + 4);
            if !iban.is_empty() && banken.iter().all(|b| b.iban != iban) {
                banken.push(Bankzeile {
                    iban: iban.to_owned(),
                    bic: zeile.text(spalte + 6).to_owned(),
                    inhaber: zeile.text(spalte + 7).to_owned(),
                });
            }
        }
        let ust_id = match (zeile.text(9), zeile.text(10)) {
            (_, "") => String::new(),
            ("GR", nummer) => format!("EL{nummer}"),
            (land, nummer) if nummer.starts_with(land) => nummer.to_owned(),
            (land, nummer) => format!("{land}{nummer}"),
        };
        Ok(Self {
            name: namen.into_iter().find(|n| !n.is_empty()).unwrap_or_default().to_owned(),
            ust_id,
            strasse: match (zeile.text(16), zeile.text(17)) {
                ("", "") => String::new(),
                ("", postfach) => format!("Postfach {postfach}"),
                (strasse, _) => strasse.to_owned(),
            },
            plz: zeile.text(18).to_owned(),
            ort: zeile.text(19).to_owned(),
            land: zeile.text(20).to_owned(),
            banken,
            konto,
        })
    }
}

/// A row of category 20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beschriftungszeile {
    /// Column 1.
    pub konto: Kontobezug,
    /// Column 2; column 4 if it is empty.
    pub bezeichnung: String,
    /// Column 3, e.g. `de-DE`.
    pub sprache: String,
}

impl Beschriftungszeile {
    /// Reads a row of Kontenbeschriftungen.
    pub fn lesen(zeile: &Zeile, kopf: &Kopf) -> Result<Self, FeldFehler> {
        let konto = Kontobezug::lesen(zeile.text(1), kopf.sachkontenlaenge)
            .map_err(|text| FeldFehler::neu(1, "Konto", text))?;
        let bezeichnung = [zeile.text(2), zeile.text(4)].into_iter().find(|b| !b.is_empty());
        let bezeichnung = bezeichnung
            .ok_or_else(|| FeldFehler::neu(2, "Kontenbeschriftung", "die Beschriftung fehlt"))?
            .to_owned();
        Ok(Self {
            konto,
            bezeichnung,
            sprache: zeile.text(3).to_owned(),
        })
    }
}
