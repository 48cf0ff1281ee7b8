//! A company in memory for tests of programs of the house: the real aggregates decide, nothing is stored. Lists show
//! what was decided at once; keys of commands act once, as on the bus.

use std::{
    any::Any,
    collections::{BTreeMap, HashMap, HashSet},
    sync::Mutex,
};

use aggregates::{
    Aggregate, Refusal, Refused,
    context::stream_id,
    dienste::nummernkreis::{Nummernkreis, NummernkreisEvent},
    fibu::{
        Buchung, Debitor, Geschaeftsjahr, Kontenplan, Konto, Kreditor, SteuerSchluessel, buchung::BuchungEvent,
        kontenplan::Rahmen, konto::KontoCommand, steuer_schluessel::SteuerSchluesselCommand, vorlage,
    },
    testing::World,
    types::Text,
};
use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::portal::{Antwort, Auftrag, Portal};

/// A posted voucher.
#[derive(Debug, Clone)]
pub(crate) struct Beleg {
    /// The fields of the command.
    pub daten: Value,
    /// The decided event.
    pub event: BuchungEvent,
}

impl Beleg {
    /// Account, side, amount and key of each position, e.g. `8400 H 100.00 U19`.
    pub(crate) fn kurz(&self) -> Vec<String> {
        let BuchungEvent::Erfasst { positionen, .. } = &self.event else {
            return Vec::new();
        };
        let text = |p: &aggregates::fibu::buchung::BuchungsPosition| {
            let seite = serde_json::to_value(p.seite).unwrap();
            let seite = if seite == "soll" { "S" } else { "H" };
            let konto = p.personenkonto.as_ref().unwrap_or(&p.konto);
            let schluessel = p.steuerschluessel.as_ref().map(|s| format!(" {s}")).unwrap_or_default();
            format!("{konto} {seite} {}{schluessel}", p.betrag)
        };
        positionen.iter().map(text).collect()
    }
}

struct Innen {
    welt: World,
    events: HashMap<Uuid, Box<dyn Any + Send>>,
    listen: BTreeMap<&'static str, BTreeMap<Uuid, Value>>,
    claims: HashSet<(String, String)>,
    schluessel: HashMap<String, (String, Antwort)>,
    belege: Vec<Beleg>,
    geschrieben: usize,
}

/// The company.
pub(crate) struct Testhaus(Mutex<Innen>);

impl Testhaus {
    /// A new company without a chart; `heute` limits posting dates.
    pub(crate) fn neu(heute: NaiveDate) -> Self {
        let mut welt = World::new().heute(heute);
        let mandant = welt.frame.mandant_id;
        for code in ["AR", "AG", "ER", "BK", "KA", "MB", "UM", "AB", "EB", "WB"] {
            let angelegt = NummernkreisEvent::Angelegt {
                code: code.into(),
                muster: format!("{code}-{{JJJJ}}-{{000000}}"),
                gueltig_ab: NaiveDate::from_ymd_opt(2000, 1, 1).unwrap(),
                start: 1,
                lueckenlos: true,
                chronologisch: false,
            };
            welt = welt.with::<Nummernkreis>(Nummernkreis::stream_id(mandant, code), vec![angelegt]);
        }
        Self(Mutex::new(Innen {
            welt,
            events: HashMap::new(),
            listen: BTreeMap::new(),
            claims: HashSet::new(),
            schluessel: HashMap::new(),
            belege: Vec::new(),
            geschrieben: 0,
        }))
    }

    /// All vouchers that were posted by `Erfassen`.
    pub(crate) fn belege(&self) -> Vec<Beleg> {
        self.0.lock().unwrap().belege.clone()
    }

    /// How many commands have written something.
    pub(crate) fn geschrieben(&self) -> usize {
        self.0.lock().unwrap().geschrieben
    }
}

impl Innen {
    fn ein_auftrag(&mut self, auftrag: Auftrag) -> anyhow::Result<Result<Antwort, Refusal>> {
        assert_eq!(auftrag.bereich, "fibu");
        let inhalt = format!("{} {:?} {}", auftrag.befehl, auftrag.id, auftrag.daten);
        if let Some((zuvor, antwort)) = auftrag.schluessel.as_ref().and_then(|k| self.schluessel.get(k)) {
            return Ok(if *zuvor == inhalt {
                Ok(Antwort {
                    wiederholt: true,
                    ..antwort.clone()
                })
            } else {
                let text = "derselbe Schlüssel, anderer Inhalt";
                Err(Refusal::new("IDEMPOTENZ_ABWEICHEND", 422, text, json!({})))
            });
        }
        let key = auftrag.schluessel.clone();
        let antwort = match auftrag.ressource {
            "kontenplaene" => self.befehl::<Kontenplan>(auftrag),
            "konten" => self.befehl::<Konto>(auftrag),
            "geschaeftsjahre" => self.befehl::<Geschaeftsjahr>(auftrag),
            "debitoren" => self.befehl::<Debitor>(auftrag),
            "kreditoren" => self.befehl::<Kreditor>(auftrag),
            "buchungen" => self.befehl::<Buchung>(auftrag),
            andere => anyhow::bail!("/fibu/{andere} gibt es nicht"),
        };
        if let Ok(antwort) = &antwort {
            self.geschrieben += 1;
            if let Some(key) = key {
                self.schluessel.insert(key, (inhalt, antwort.clone()));
            }
        }
        Ok(antwort)
    }

    fn befehl<T>(&mut self, auftrag: Auftrag) -> Result<Antwort, Refusal>
    where
        T: Aggregate,
        T::Event: Clone + Send,
        T::Command: serde::de::DeserializeOwned,
    {
        let name: String = auftrag
            .befehl
            .split('-')
            .map(|teil| teil[..1].to_uppercase() + &teil[1..])
            .collect();
        let tagged = json!({ name: auftrag.daten });
        let command: T::Command = serde_json::from_value(tagged.clone())
            .map_err(|e| Refusal::input(400, "", "EINGABE_UNGUELTIG", e.to_string()))?;
        let mandant = self.welt.frame.mandant_id;
        let id = auftrag.id.unwrap_or_else(|| match T::TYPE {
            "kontenplan" => stream_id(mandant, T::TYPE, "kontenplan"),
            _ => Uuid::now_v7(),
        });
        self.entscheiden::<T>(id, command, auftrag.daten)
    }

    fn entscheiden<T>(&mut self, id: Uuid, command: T::Command, daten: Value) -> Result<Antwort, Refusal>
    where
        T: Aggregate,
        T::Event: Clone + Send,
    {
        let mut events: Vec<T::Event> = self
            .events
            .get(&id)
            .and_then(|e| e.downcast_ref::<Vec<T::Event>>())
            .cloned()
            .unwrap_or_default();
        let mut state = T::default();
        for event in events.clone() {
            state.evolve(event);
        }
        let zuvor: HashSet<(String, String)> = state.keys().into_iter().map(|k| (k.scope.to_owned(), k.wert)).collect();
        self.welt.id = id;
        self.welt.version = i64::try_from(events.len()).unwrap();
        self.welt.frame.befehl_id = Uuid::now_v7();
        let neu = self.welt.decide(&state, command).map_err(|refused| match refused {
            Refused::Domain(error) => Refusal::of(&error),
            Refused::Shared(error) => Refusal::of(&error),
            Refused::Missing(lookup) => panic!("nicht geladen: {lookup:?}"),
        })?;
        for event in neu.clone() {
            state.evolve(event);
        }
        for key in state.keys() {
            let claim = (key.scope.to_owned(), key.wert);
            if !zuvor.contains(&claim) && !self.claims.insert(claim) {
                return Err(Refusal::new("NUMMER_VERGEBEN", 409, "vergeben", json!({})));
            }
        }
        let mut nummer = None;
        for event in &neu {
            let event: &dyn Any = event;
            if let Some(event @ BuchungEvent::Erfasst { belegnummer, .. }) = event.downcast_ref::<BuchungEvent>() {
                nummer = Some(belegnummer.text.clone());
                self.belege.push(Beleg {
                    daten: daten.clone(),
                    event: event.clone(),
                });
            }
        }
        let vorlage_neu = T::TYPE == "kontenplan" && events.len() == 1;
        events.extend(neu);
        let position = i64::try_from(self.geschrieben).unwrap() + 1;
        self.welt = std::mem::take(&mut self.welt).with::<T>(id, events.clone());
        let mut zeile = serde_json::to_value(&state).unwrap();
        zeile["id"] = json!(id);
        self.listen.entry(T::TYPE).or_default().insert(id, zeile.clone());
        self.events.insert(id, Box::new(events));
        if vorlage_neu {
            self.vorlage(serde_json::from_value(zeile["rahmen"].clone()).unwrap());
        }
        Ok(Antwort {
            id,
            position,
            nummer,
            wiederholt: false,
            warnungen: Vec::new(),
        })
    }

    /// What the policy does when the template is taken over.
    fn vorlage(&mut self, rahmen: Rahmen) {
        for s in vorlage::schluessel(rahmen) {
            let command = SteuerSchluesselCommand::Anlegen {
                code: Text::cut(&s.code),
                bezeichnung: Text::cut(&s.bezeichnung),
                richtung: s.richtung,
                konto_ust: s.konto_ust.as_deref().map(Text::cut),
                konto_vst: s.konto_vst.as_deref().map(Text::cut),
                ust_id_pflicht: s.ust_id_pflicht,
                zm_art: s.zm_art,
                datev_bu: s.datev_bu.as_deref().map(Text::cut),
                hinweistext: s.hinweistext.as_deref().map(Text::cut),
                saetze: s.saetze,
                kennzahlen: s.kennzahlen,
            };
            self.entscheiden::<SteuerSchluessel>(Uuid::now_v7(), command, json!({}))
                .unwrap();
        }
        for k in vorlage::konten(rahmen) {
            let command = KontoCommand::Anlegen {
                konto_nr: Text::cut(&k.konto_nr),
                bezeichnung: Text::cut(&k.bezeichnung),
                art: Some(k.art),
                funktion: Some(k.funktion),
                kst_regel: Some(k.kst_regel),
                steuerregel: Some(k.steuerregel),
                zuordnungen: k.zuordnungen,
            };
            self.entscheiden::<Konto>(Uuid::now_v7(), command, json!({})).unwrap();
        }
    }
}

impl Portal for Testhaus {
    async fn senden(&self, auftraege: Vec<Auftrag>) -> anyhow::Result<Vec<Result<Antwort, Refusal>>> {
        assert!(auftraege.len() <= 500, "{} Befehle auf einmal", auftraege.len());
        let mut innen = self.0.lock().unwrap();
        auftraege.into_iter().map(|a| innen.ein_auftrag(a)).collect()
    }

    async fn liste(&self, bereich: &str, ressource: &str, filter: Option<(&str, &str)>) -> anyhow::Result<Vec<Value>> {
        assert_eq!(bereich, "fibu");
        let typ = match ressource {
            "kontenplaene" => "kontenplan",
            "konten" => "konto",
            "geschaeftsjahre" => "geschaeftsjahr",
            "debitoren" => "debitor",
            "kreditoren" => "kreditor",
            "steuer-schluessel" => "steuer_schluessel",
            "buchungen" => "buchung",
            andere => anyhow::bail!("/fibu/{andere} gibt es nicht"),
        };
        let innen = self.0.lock().unwrap();
        let zeilen = innen.listen.get(typ).into_iter().flat_map(BTreeMap::values);
        let passt = |z: &&Value| filter.is_none_or(|(spalte, wert)| z[spalte] == wert);
        // Only the columns of the head, as on the bus.
        let kopf = |z: &Value| {
            let spalten = z.as_object().unwrap().iter().filter(|(_, wert)| !wert.is_array());
            Value::Object(spalten.map(|(k, v)| (k.clone(), v.clone())).collect())
        };
        Ok(zeilen.filter(passt).map(kopf).collect())
    }
}
