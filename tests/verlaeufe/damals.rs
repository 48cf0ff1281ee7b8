//! Reports of the past: what they said on the way, they say at the end when asked for what was known then.

use serde_json::Value;

use crate::welt::Welt;

/// Reports that are kept during a history and asked for again at its end, with their parameters but the day.
const BERICHTE: &[(&str, &str)] = &[
    ("summen-und-saldenliste", "personenkonten=true&stichtag"),
    ("journal", "limit=10000&bis"),
    ("op-liste", "stichtag"),
    ("altersstruktur", "stichtag"),
    ("abstimmung-op-sammelkonto", "stichtag"),
    ("rechnungsausgangsbuch", "stichtag"),
    ("rechnungseingangsbuch", "stichtag"),
    ("bestandsliste", "stichtag"),
    ("lagerbewegungsjournal", "limit=10000&bis"),
    ("auftragsbestand", "stichtag"),
    ("kreditauskunft", "stichtag"),
    ("offene-bestellungen", "stichtag"),
    ("bestellobligo", "stichtag"),
    ("we-re-liste", "stichtag"),
    ("wareneingangsbuch", "bis"),
];

/// A report as it stood at a position of the log.
pub struct Damals {
    name: &'static str,
    frage: String,
    stand: i64,
    bericht: Value,
}

/// Takes every report as of some day, without saying what was known: the last word at this moment.
pub async fn merken(w: &mut Welt, damals: &mut Vec<Damals>) {
    // Figures stand where their ledger is, names where the log is: both at one place while nobody writes.
    w.ruhe().await;
    let tage = [w.heute, w.tag_seit(12), w.tag_bis(20)];
    let kopf = w.kopf().await;
    for (name, parameter) in BERICHTE {
        let tag = *w.wuerfel.einer(&tage);
        let frage = format!("{name}?{parameter}={tag}");
        let mut bericht = w.get(&format!("berichte/{frage}&ab_position={kopf}")).await;
        let stand = bericht["stand"].take().as_i64().unwrap();
        damals.push(Damals {
            name,
            frage,
            stand,
            bericht,
        });
    }
}

/// The same reports as they were known then.
pub async fn vergleichen(w: &Welt, damals: &[Damals]) {
    for d in damals {
        let mut heute = w.get(&format!("berichte/{}&bekannt_am={}", d.frage, d.stand)).await;
        assert_eq!(heute["stand"].take(), d.stand);
        for teil in ["zeilen", "summen"] {
            if heute[teil] == d.bericht[teil] {
                continue;
            }
            let (neu, alt) = (zeilen(&heute[teil]), zeilen(&d.bericht[teil]));
            let fehlt: Vec<&Value> = alt.iter().filter(|z| !neu.contains(z)).collect();
            let dazu: Vec<&Value> = neu.iter().filter(|z| !alt.contains(z)).collect();
            panic!("{} at {}: was {fehlt:#?}, is {dazu:#?}", d.frage, d.stand);
        }
    }
    assert!(BERICHTE.iter().all(|(name, _)| damals.iter().any(|d| d.name == *name)));
}

fn zeilen(teil: &Value) -> Vec<Value> {
    teil.as_array().cloned().unwrap_or_else(|| vec![teil.clone()])
}
