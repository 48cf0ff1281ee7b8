//! JSON as the pages show it: a member beside the other as far as the line goes.

use serde_json::Value;

/// Width of a page.
const BREITE: usize = 118;

/// The lines of a value.
pub fn zeilen(wert: &Value) -> Vec<String> {
    setzen("", wert, "", 0)
}

/// A value in one line, with a blank behind each comma and colon.
fn eine_zeile(wert: &Value) -> String {
    match wert {
        Value::Array(liste) => format!("[{}]", liste.iter().map(eine_zeile).collect::<Vec<_>>().join(", ")),
        Value::Object(felder) => {
            let felder = felder
                .iter()
                .map(|(name, wert)| format!("{}: {}", Value::from(name.as_str()), eine_zeile(wert)));
            format!("{{{}}}", felder.collect::<Vec<_>>().join(", "))
        }
        andere => andere.to_string(),
    }
}

fn setzen(vorn: &str, wert: &Value, hinten: &str, einzug: usize) -> Vec<String> {
    let rand = " ".repeat(einzug);
    let ganz = format!("{rand}{vorn}{}{hinten}", eine_zeile(wert));
    let innen = match wert {
        _ if ganz.chars().count() <= BREITE => return vec![ganz],
        Value::Object(felder) => {
            let felder = felder
                .iter()
                .map(|(name, wert)| (format!("{}: ", Value::from(name.as_str())), wert));
            felder.collect::<Vec<_>>()
        }
        Value::Array(liste) => liste.iter().map(|wert| (String::new(), wert)).collect(),
        _ => return vec![ganz],
    };
    let (auf, zu) = if wert.is_object() { ('{', '}') } else { ('[', ']') };
    let mut zeilen = vec![format!("{rand}{vorn}{auf}")];
    let letzter = innen.len() - 1;
    let mut offen = String::new();
    for (i, (name, wert)) in innen.into_iter().enumerate() {
        let komma = if i == letzter { "" } else { "," };
        let kurz = format!("{name}{}{komma}", eine_zeile(wert));
        let einfach = !wert.is_object() && !wert.is_array();
        if !offen.is_empty() && (!einfach || einzug + 3 + offen.chars().count() + kurz.chars().count() > BREITE) {
            zeilen.push(format!("{rand}  {offen}"));
            offen.clear();
        }
        if !einfach {
            zeilen.extend(setzen(&name, wert, komma, einzug + 2));
            continue;
        }
        if !offen.is_empty() {
            offen.push(' ');
        }
        offen.push_str(&kurz);
    }
    if !offen.is_empty() {
        zeilen.push(format!("{rand}  {offen}"));
    }
    zeilen.push(format!("{rand}{zu}{hinten}"));
    zeilen
}
