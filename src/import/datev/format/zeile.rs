//! Raw rows and their fields: `;` between them, text in quotes.

/// Longest row in characters; 254 columns of full width stay below. Keeps a file without line ends from being one row.
const MAX_ZEICHEN_JE_ZEILE: usize = 64 * 1024;

/// A field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feld {
    /// Content without quotes.
    pub text: String,
    /// Written in quotes, i.e. a text field.
    pub in_anfuehrung: bool,
    /// First character within the line, from 1.
    pub zeichen: usize,
}

/// A row as it stands in the file. Its fields are split when they are used: a full file holds twelve million of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rohzeile {
    /// Line in the file, from 1.
    pub nr: usize,
    /// The line without its end.
    pub roh: String,
}

impl Rohzeile {
    /// Its fields. The reader has split every row once, so a row of a [`Datei`] never fails here.
    pub fn zerlegt(&self) -> Zeile {
        Zeile {
            felder: zerlegen(&self.roh).unwrap_or_default(),
        }
    }
}

/// A row split into its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zeile {
    /// Its fields.
    pub felder: Vec<Feld>,
}

impl Zeile {
    /// Content of a column of the format (from 1), trimmed; empty if the row is shorter.
    pub fn text(&self, spalte: usize) -> &str {
        spalte
            .checked_sub(1)
            .and_then(|i| self.felder.get(i))
            .map_or("", |f| f.text.trim())
    }
}

/// Splits a line at `;`. Text stands in quotes, a quote inside is doubled.
pub(super) fn zerlegen(zeile: &str) -> Result<Vec<Feld>, (usize, &'static str)> {
    if zeile.len() > MAX_ZEICHEN_JE_ZEILE {
        return Err((1, "die Zeile ist zu lang; ist das eine Datei im DATEV-Format?"));
    }
    let mut felder = Vec::new();
    let mut zeichen = zeile.chars().zip(1_usize..).peekable();
    let mut beginn = 1;
    loop {
        let mut text = String::new();
        let in_anfuehrung = zeichen.next_if(|(c, _)| *c == '"').is_some();
        if in_anfuehrung {
            loop {
                match zeichen.next() {
                    Some(('"', _)) if zeichen.next_if(|(c, _)| *c == '"').is_some() => text.push('"'),
                    Some(('"', _)) => break,
                    Some((c, _)) => text.push(c),
                    None => return Err((beginn, "das Anführungszeichen wird in dieser Zeile nicht geschlossen")),
                }
            }
        } else {
            while let Some((c, stelle)) = zeichen.next_if(|(c, _)| *c != ';') {
                if c == '"' {
                    return Err((stelle, "Anführungszeichen mitten in einem Feld ohne Anführungszeichen"));
                }
                text.push(c);
            }
        }
        felder.push(Feld {
            text,
            in_anfuehrung,
            zeichen: beginn,
        });
        match zeichen.next() {
            None => return Ok(felder),
            Some((';', stelle)) => beginn = stelle + 1,
            Some((_, stelle)) => return Err((stelle, "nach dem Anführungszeichen wird ein Semikolon erwartet")),
        }
    }
}
