//! The placeholders of a page. `{name}` stands for a value that differs from run to run: an answer that shows it for the
//! first time says what it is, from then on it is that value, in requests and in answers.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate};
use serde_json::{Map, Value};

/// Shortest text that is written as its placeholder when answers are written anew: ids, not single digits.
const MINDESTLAENGE: usize = 20;

/// How far a date may be from today to be written as `{heute+n}`; beyond that by its year.
const MAX_TAGE: i64 = 60;

/// What the placeholders stand for.
#[derive(Debug, Clone)]
pub struct Merker {
    heute: NaiveDate,
    werte: BTreeMap<String, Value>,
}

impl Merker {
    /// `{heute}`, `{jahr}` and `{vorjahr}` are known from the start.
    pub fn neu(heute: NaiveDate) -> Self {
        let werte = BTreeMap::new();
        Self { heute, werte }
    }

    fn wert(&self, platzhalter: &str) -> Option<Value> {
        let (name, tage) = match platzhalter.split_once(['+', '-']) {
            Some((name, tage)) => (name, tage.parse::<u64>().ok()?),
            None => (platzhalter, 0),
        };
        match name {
            "heute" if platzhalter.contains('-') => Some(Value::from((self.heute - Days::new(tage)).to_string())),
            "heute" => Some(Value::from((self.heute + Days::new(tage)).to_string())),
            "jahr" => Some(Value::from(self.heute.year().to_string())),
            "vorjahr" => Some(Value::from((self.heute.year() - 1).to_string())),
            _ => self.werte.get(platzhalter).cloned(),
        }
    }

    /// Text with its placeholders replaced; refused if one is not known yet.
    pub fn einsetzen(&self, text: &str) -> Result<String, String> {
        let mut fertig = String::new();
        for teil in teile(text) {
            match teil {
                Teil::Text(text) => fertig.push_str(text),
                Teil::Platzhalter(name) => {
                    let wert = self
                        .wert(name)
                        .ok_or_else(|| format!("{{{name}}} ist noch nicht bekannt"))?;
                    fertig.push_str(&wert.as_str().map_or_else(|| wert.to_string(), str::to_owned));
                }
            }
        }
        Ok(fertig)
    }

    /// A body with its placeholders replaced.
    pub fn einsetzen_in(&self, wert: &Value) -> Result<Value, String> {
        Ok(match wert {
            Value::String(text) => match ganzer(text) {
                Some(name) => self
                    .wert(name)
                    .ok_or_else(|| format!("{{{name}}} ist noch nicht bekannt"))?,
                None => Value::from(self.einsetzen(text)?),
            },
            Value::Array(liste) => liste.iter().map(|w| self.einsetzen_in(w)).collect::<Result<_, _>>()?,
            Value::Object(felder) => {
                let felder = felder.iter().map(|(name, w)| Ok((name.clone(), self.einsetzen_in(w)?)));
                Value::Object(felder.collect::<Result<Map<_, _>, String>>()?)
            }
            andere => andere.clone(),
        })
    }

    /// Whether an answer is as shown; what a placeholder stands for is kept if it is.
    pub fn abgleichen(&mut self, gezeigt: &Value, wirklich: &Value) -> Result<(), String> {
        let mut danach = self.clone();
        danach.passt(gezeigt, wirklich, "")?;
        *self = danach;
        Ok(())
    }

    fn passt(&mut self, gezeigt: &Value, wirklich: &Value, pfad: &str) -> Result<(), String> {
        match (gezeigt, wirklich) {
            (Value::Object(gezeigt), Value::Object(wirklich)) if gezeigt.is_empty() != wirklich.is_empty() => {
                Err(format!("{pfad}: zu zeigen ist, was da ist, nicht nichts"))
            }
            (Value::Object(gezeigt), Value::Object(wirklich)) => gezeigt.iter().try_for_each(|(name, wert)| {
                let pfad = format!("{pfad}/{name}");
                let da = wirklich.get(name).ok_or_else(|| format!("{pfad} gibt es nicht"))?;
                self.passt(wert, da, &pfad)
            }),
            (Value::Array(gezeigt), Value::Array(wirklich)) => {
                if gezeigt.len() != wirklich.len() {
                    return Err(format!("{pfad}: {} Einträge statt {}", wirklich.len(), gezeigt.len()));
                }
                let mut paare = gezeigt.iter().zip(wirklich).enumerate();
                paare.try_for_each(|(i, (gezeigt, da))| self.passt(gezeigt, da, &format!("{pfad}/{i}")))
            }
            (Value::String(text), da) => self.text_passt(text, da, pfad),
            (gezeigt, da) if gezeigt == da => Ok(()),
            (gezeigt, da) => Err(format!("{pfad}: {da} statt {gezeigt}")),
        }
    }

    fn text_passt(&mut self, text: &str, da: &Value, pfad: &str) -> Result<(), String> {
        let erwartet = match ganzer(text) {
            Some(name) => match self.wert(name) {
                Some(bekannt) => bekannt,
                None if da.is_null() || da.is_object() || da.is_array() => {
                    return Err(format!("{pfad}: {da} ist kein Wert für {text}"));
                }
                None => {
                    self.werte.insert(name.to_owned(), da.clone());
                    return Ok(());
                }
            },
            None => Value::from(self.einsetzen(text)?),
        };
        if erwartet == *da {
            return Ok(());
        }
        Err(format!("{pfad}: {da} statt {erwartet}"))
    }

    /// The answer in the selection that the page shows, with the values of today; `{}` shows all there is.
    pub fn auffrischen(&mut self, gezeigt: &Value, wirklich: &Value) -> Value {
        match (gezeigt, wirklich) {
            (Value::String(text), da) if self.text_passt(text, da, "").is_ok() => gezeigt.clone(),
            (Value::Object(gezeigt), Value::Object(da)) if !gezeigt.is_empty() => {
                let felder = gezeigt.iter().filter_map(|(name, wert)| {
                    let da = da.get(name)?;
                    Some((name.clone(), self.auffrischen(wert, da)))
                });
                Value::Object(felder.collect())
            }
            (Value::Array(gezeigt), Value::Array(da)) => {
                let muster = |i: usize| gezeigt.get(i).or(gezeigt.last());
                let zeigen = |(i, da): (usize, &Value)| match muster(i) {
                    Some(muster) => self.auffrischen(&muster.clone(), da),
                    None => self.zeigen(da),
                };
                da.iter().enumerate().map(zeigen).collect()
            }
            (_, da) => self.zeigen(da),
        }
    }

    /// A value as a page shows it.
    fn zeigen(&self, wert: &Value) -> Value {
        match wert {
            Value::String(text) => Value::from(self.zeigen_text(text)),
            Value::Array(liste) => liste.iter().map(|w| self.zeigen(w)).collect(),
            Value::Object(felder) => Value::Object(felder.iter().map(|(n, w)| (n.clone(), self.zeigen(w))).collect()),
            andere => andere.clone(),
        }
    }

    /// Text as a page shows it: with placeholders for what differs from run to run.
    pub fn zeigen_text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, wert) in &self.werte {
            if let Some(wert) = wert.as_str().filter(|w| w.len() >= MINDESTLAENGE) {
                text = text.replace(wert, &format!("{{{name}}}"));
            }
        }
        let (jahr, vorjahr) = (self.heute.year(), self.heute.year() - 1);
        if let Ok(tag) = text.parse::<NaiveDate>() {
            return match (tag - self.heute).num_days() {
                0 => "{heute}".to_owned(),
                tage if tage.abs() <= MAX_TAGE => format!("{{heute{tage:+}}}"),
                _ if tag.year() == jahr => format!("{{jahr}}-{}", tag.format("%m-%d")),
                _ if tag.year() == vorjahr => format!("{{vorjahr}}-{}", tag.format("%m-%d")),
                _ => text,
            };
        }
        if text == jahr.to_string() {
            return "{jahr}".to_owned();
        }
        let text = text.replace(&format!("-{jahr}-"), "-{jahr}-");
        text.replace(&format!("-{vorjahr}-"), "-{vorjahr}-")
    }
}

enum Teil<'t> {
    Text(&'t str),
    Platzhalter(&'t str),
}

/// Text and placeholders by turns.
fn teile(text: &str) -> Vec<Teil<'_>> {
    let mut teile = Vec::new();
    let mut rest = text;
    while let Some(von) = rest.find('{') {
        let ende = rest[von..].find('}').map(|i| von + i);
        let name = ende.map(|ende| &rest[von + 1..ende]).filter(|name| ist_name(name));
        if let (Some(name), Some(ende)) = (name, ende) {
            teile.push(Teil::Text(&rest[..von]));
            teile.push(Teil::Platzhalter(name));
            rest = &rest[ende + 1..];
        } else {
            teile.push(Teil::Text(&rest[..=von]));
            rest = &rest[von + 1..];
        }
    }
    teile.push(Teil::Text(rest));
    teile
}

fn ist_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+-".contains(c))
}

/// The placeholder that a text is as a whole.
fn ganzer(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?.strip_suffix('}')?;
    ist_name(name).then_some(name)
}

/// The names of the placeholders in a text, without those that are known from the start.
pub fn platzhalter(text: &str) -> Vec<&str> {
    let namen = teile(text).into_iter().filter_map(|teil| match teil {
        Teil::Platzhalter(name) => Some(name),
        Teil::Text(_) => None,
    });
    namen
        .filter(|name| {
            !["jahr", "vorjahr", "heute"].contains(name) && !name.starts_with("heute+") && !name.starts_with("heute-")
        })
        .collect()
}
