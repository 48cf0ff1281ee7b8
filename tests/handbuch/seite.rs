//! Reads a page of the handbook: its requests with the answers that they show. What is not one of the known forms is an
//! error, so that nothing in a page looks like an example and is never tried.

use std::ops::Range;

use serde_json::Value;

/// A page as it stands in `docs/`.
pub struct Seite {
    pub name: String,
    pub zeilen: Vec<String>,
    pub schritte: Vec<Schritt>,
}

/// A request and the answer that is shown for it.
pub struct Schritt {
    /// Line of the page, from 1, at which the request begins.
    pub zeile: usize,
    pub methode: String,
    pub pfad: String,
    pub kopfzeilen: Vec<(String, String)>,
    pub koerper: Option<Value>,
    pub antwort: Antwort,
    /// Lines between the fences of the answer, from 0.
    pub stelle: Range<usize>,
}

/// What a page shows as an answer.
pub enum Antwort {
    /// Each shown member equals; lists are shown whole.
    Json(Value),
    /// Equal line by line.
    Csv(Vec<String>),
}

impl Antwort {
    /// A refusal shows its code; whatever else is shown was accepted.
    pub fn ist_ablehnung(&self) -> bool {
        matches!(self, Self::Json(wert) if wert.get("code").is_some())
    }
}

struct Block {
    art: String,
    stelle: Range<usize>,
}

impl Seite {
    pub fn lesen(name: &str, text: &str) -> Result<Self, String> {
        let zeilen: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut schritte = Vec::new();
        let mut offen: Option<Schritt> = None;
        for block in bloecke(name, &zeilen)? {
            let ort = format!("{name}:{}", block.stelle.start + 1);
            let inhalt = &zeilen[block.stelle.clone()];
            match (block.art.as_str(), offen.take()) {
                ("mermaid", None) => {}
                ("http", None) => {
                    offen = Some(anfrage(inhalt, block.stelle.start + 1).map_err(|e| format!("{ort}: {e}"))?);
                }
                ("json", Some(schritt)) => {
                    let wert = serde_json::from_str(&inhalt.join("\n")).map_err(|e| format!("{ort}: {e}"))?;
                    schritte.push(schritt.mit(Antwort::Json(wert), block.stelle));
                }
                ("csv", Some(schritt)) => schritte.push(schritt.mit(Antwort::Csv(inhalt.to_vec()), block.stelle)),
                ("http" | "mermaid", Some(vorher)) => {
                    return Err(format!("{name}:{}: die Anfrage hat keine Antwort", vorher.zeile));
                }
                ("json" | "csv", None) => return Err(format!("{ort}: die Antwort hat keine Anfrage")),
                (andere, _) => return Err(format!("{ort}: ein Block „{andere}“ ist im Handbuch unbekannt")),
            }
        }
        if let Some(vorher) = offen {
            return Err(format!("{name}:{}: die Anfrage hat keine Antwort", vorher.zeile));
        }
        let name = name.to_owned();
        Ok(Self { name, zeilen, schritte })
    }

    /// The page with other lines in place of its answers.
    pub fn mit_antworten(&self, neue: Vec<(Range<usize>, Vec<String>)>) -> String {
        let mut zeilen = self.zeilen.clone();
        for (stelle, inhalt) in neue.into_iter().rev() {
            zeilen.splice(stelle, inhalt);
        }
        zeilen.join("\n") + "\n"
    }

    /// The lines that are not code.
    pub fn prosa(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut im_block = false;
        (1..).zip(&self.zeilen).filter_map(move |(nr, zeile)| {
            let zaun = zeile.starts_with("```");
            im_block ^= zaun;
            (!zaun && !im_block).then_some((nr, zeile.as_str()))
        })
    }
}

impl Schritt {
    fn mit(self, antwort: Antwort, stelle: Range<usize>) -> Self {
        Self {
            antwort,
            stelle,
            ..self
        }
    }
}

fn bloecke(name: &str, zeilen: &[String]) -> Result<Vec<Block>, String> {
    let mut bloecke = Vec::new();
    let mut offen: Option<(String, usize)> = None;
    for (i, zeile) in zeilen.iter().enumerate() {
        if zeile.trim_start().starts_with("```") && !zeile.starts_with("```") {
            return Err(format!("{name}:{}: ein Block beginnt am Anfang der Zeile", i + 1));
        }
        let Some(art) = zeile.strip_prefix("```") else { continue };
        match offen.take() {
            None => offen = Some((art.trim().to_owned(), i + 1)),
            Some((art, von)) => bloecke.push(Block { art, stelle: von..i }),
        }
    }
    match offen {
        None => Ok(bloecke),
        Some((_, von)) => Err(format!("{name}:{von}: der Block hat kein Ende")),
    }
}

fn anfrage(inhalt: &[String], zeile: usize) -> Result<Schritt, String> {
    let mut zeilen = inhalt.iter();
    let (methode, pfad) = zeilen
        .next()
        .and_then(|erste| erste.split_once(' '))
        .filter(|(methode, pfad)| ["GET", "POST"].contains(methode) && pfad.starts_with('/'))
        .ok_or("eine Anfrage beginnt mit GET oder POST und ihrem Pfad")?;
    let mut kopfzeilen = Vec::new();
    for zeile in zeilen.by_ref().take_while(|zeile| !zeile.is_empty()) {
        let (name, wert) = zeile
            .split_once(": ")
            .ok_or("eine Kopfzeile hat die Form „Name: Wert“")?;
        kopfzeilen.push((name.to_owned(), wert.to_owned()));
    }
    let rest: Vec<&str> = zeilen.map(String::as_str).collect();
    let koerper = match (methode, rest.join("\n").trim()) {
        ("GET", "") => None,
        ("GET", _) => return Err("GET hat keinen Inhalt".to_owned()),
        (_, text) => Some(serde_json::from_str(text).map_err(|e| format!("Inhalt der Anfrage: {e}"))?),
    };
    Ok(Schritt {
        zeile,
        methode: methode.to_owned(),
        pfad: pfad.to_owned(),
        kopfzeilen,
        koerper,
        antwort: Antwort::Csv(Vec::new()),
        stelle: 0..0,
    })
}
