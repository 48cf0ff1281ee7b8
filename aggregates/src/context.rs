//! What a decision may know besides its own state: identity, time, actor, and three kinds of look-up.

use std::{any::Any, cell::RefCell, sync::Arc};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Aggregate,
    dienste::nummernkreis::{Belegnummer, Nummernkreis},
    refusal::{Refused, Shared},
    types::{Akteur, Text},
};

/// A folded state without its type.
pub type State = Arc<dyn Any + Send + Sync>;

/// Something a decision asked for that is not in memory. The bus loads it and decides again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lookup {
    /// A stream's folded state.
    Stream {
        /// Aggregate type.
        typ: &'static str,
        /// Stream id.
        id: Uuid,
    },
    /// A unique key, present or absent.
    Claim {
        /// Scope of the key, e.g. `konto.konto_nr`.
        scope: String,
        /// The key.
        key: String,
    },
    /// The counter of a Nummernkreis and year.
    Counter {
        /// Code of the Nummernkreis.
        kreis: String,
        /// Year, 0 for patterns without a year.
        jahr: i32,
    },
    /// A declared fact query over ledgers, brought up to the head first. For rare commands.
    Fact {
        /// Name of the declared query.
        name: &'static str,
        /// Its parameter.
        key: String,
    },
}

/// State of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counter {
    /// Last number given; 0 for none.
    pub stand: i64,
    /// Date of the last number given.
    pub letztes_datum: Option<NaiveDate>,
}

impl Counter {
    /// As a drawn number leaves it.
    #[must_use]
    pub fn after(draw: &Draw) -> Self {
        Self {
            stand: draw.lfd,
            letztes_datum: Some(draw.datum),
        }
    }
}

/// Where look-ups are answered. The bus answers from its overlay and cache, tests from memory.
pub trait Source {
    /// The state of a stream; `None` if it has no events.
    fn stream(&self, typ: &'static str, id: Uuid) -> Result<Option<State>, Lookup>;
    /// Who holds a unique key.
    fn claim(&self, scope: &str, key: &str) -> Result<Option<Uuid>, Lookup>;
    /// The counter of a Nummernkreis and year.
    fn counter(&self, kreis: &str, jahr: i32) -> Result<Counter, Lookup>;
    /// A fact of a ledger, exact at the head.
    fn fact(&self, name: &'static str, key: &str) -> Result<Value, Lookup>;
    /// Size and root of the Merkle tree over the log before this decision.
    fn tree(&self) -> (u64, [u8; 32]);
}

/// A number drawn by a decision. In this form it stands in the meta of the events that came of it: the counters follow
/// from the log, whatever of the number the events themselves keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// Code of the Nummernkreis.
    pub kreis: String,
    /// Year of the count.
    pub jahr: i32,
    /// The number given.
    pub lfd: i64,
    /// Date of the document.
    pub datum: NaiveDate,
}

impl Draw {
    /// The member of an event's meta that lists what was drawn.
    pub const META: &'static str = "nummern";
}

/// A warning that goes out with a successful answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warnung {
    /// Stable code.
    pub code: String,
    /// German text.
    pub meldung: String,
}

/// What a decision leaves behind besides events.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    /// Numbers drawn.
    pub draws: Vec<Draw>,
    /// Warnings for the answer.
    pub warnings: Vec<Warnung>,
    /// Texts shown once in the answer and kept nowhere, e.g. the clear text of an API key.
    pub reveals: Vec<(&'static str, String)>,
}

/// Everything that stays the same for one command.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The company.
    pub mandant_id: Uuid,
    /// The command's id; unique for ever.
    pub befehl_id: Uuid,
    /// Who acts.
    pub akteur: Akteur,
    /// Rights of the actor, `bereich[.aggregate_type]:stufe`.
    pub scopes: Arc<[String]>,
    /// Special rights of the actor (`fibu.steuer_manuell`, …).
    pub sonderrechte: Arc<[String]>,
    /// Companies the actor is bound to; empty means all.
    pub mandanten: Arc<[Uuid]>,
    /// The reason given with the request.
    pub grund: Option<String>,
    /// When the command was accepted for decision: the same whenever it is decided again, so ids are made with it.
    pub angenommen: DateTime<Utc>,
    /// The moment of the decision, UTC.
    pub jetzt: DateTime<Utc>,
    /// The business date of the moment in the company's zone.
    pub heute: NaiveDate,
    /// 32 random bytes, the same whenever the command is decided again.
    pub zufall: [u8; 32],
}

/// The context of one decision.
pub struct Context<'a> {
    /// Id of the stream the command is for.
    pub id: Uuid,
    /// Version of that stream; 0 if it has no events.
    pub version: i64,
    /// What stays the same for the command.
    pub frame: &'a Frame,
    source: &'a dyn Source,
    effects: RefCell<Effects>,
}

impl<'a> Context<'a> {
    /// Builds a context.
    pub fn new(id: Uuid, version: i64, frame: &'a Frame, source: &'a dyn Source) -> Self {
        Self {
            id,
            version,
            frame,
            source,
            effects: RefCell::default(),
        }
    }

    /// The business date of the decision.
    pub fn heute(&self) -> NaiveDate {
        self.frame.heute
    }

    /// Who acts.
    pub fn akteur(&self) -> Akteur {
        self.frame.akteur.clone()
    }

    /// The state of another stream, or `None` if there is none.
    pub fn get<T: Aggregate>(&self, id: Uuid) -> Result<Option<Arc<T>>, Lookup> {
        let state = self.source.stream(T::TYPE, id)?;
        Ok(state.and_then(|state| state.downcast::<T>().ok()))
    }

    /// The stream that holds a unique key, with its id.
    pub fn find<T: Aggregate>(&self, scope: &str, key: &str) -> Result<Option<(Uuid, Arc<T>)>, Lookup> {
        match self.source.claim(scope, key)? {
            Some(id) => Ok(self.get::<T>(id)?.map(|state| (id, state))),
            None => Ok(None),
        }
    }

    /// Who holds a unique key, without loading it.
    pub fn holder(&self, scope: &str, key: &str) -> Result<Option<Uuid>, Lookup> {
        self.source.claim(scope, key)
    }

    /// A fact of a ledger at the head of the log. For rare commands only: the ledger is brought up to the head first. What
    /// a policy causes is told the fact as it was before the command that began it.
    pub fn fact(&self, name: &'static str, key: &str) -> Result<Value, Lookup> {
        self.source.fact(name, key)
    }

    /// How many a fact counts; a ledger that has seen none has nothing to say.
    pub fn anzahl(&self, name: &'static str, key: &str) -> Result<i64, Lookup> {
        Ok(self.fact(name, key)?.as_i64().unwrap_or(0))
    }

    /// The counter of a Nummernkreis and year.
    pub fn counter(&self, kreis: &str, jahr: i32) -> Result<Counter, Lookup> {
        self.source.counter(kreis, jahr)
    }

    /// Size and root of the Merkle tree over all earlier events of the company.
    pub fn tree(&self) -> (u64, [u8; 32]) {
        self.source.tree()
    }

    /// The reason of a command: the one of its own field, else the one given with the request.
    pub fn grund(&self, eigener: Option<Text<500>>) -> Option<Text<500>> {
        eigener.or_else(|| self.frame.grund.as_deref().map(Text::cut))
    }

    /// True if the actor holds a special right.
    pub fn darf(&self, sonderrecht: &str) -> bool {
        self.frame.sonderrechte.iter().any(|r| r == sonderrecht || r == "*")
    }

    /// Draws the next number of a Nummernkreis for a document of `datum`. Nothing is used up if the command is
    /// refused later: the counter is raised in the append.
    pub fn draw<E>(&self, kreis: &str, datum: NaiveDate) -> Result<Belegnummer, Refused<E>> {
        let unknown = || {
            Refused::Shared(Shared::feld(
                "/belegkreis",
                format!("den Nummernkreis {kreis:?} gibt es nicht; zuerst anlegen"),
            ))
        };
        let definition = self.get::<Nummernkreis>(Nummernkreis::stream_id(self.frame.mandant_id, kreis))?;
        let definition = definition.ok_or_else(unknown)?;
        let jahr = definition.zaehljahr(datum);
        let mut counter = self.source.counter(kreis, jahr)?;
        for draw in self
            .effects
            .borrow()
            .draws
            .iter()
            .filter(|d| d.kreis == kreis && d.jahr == jahr)
        {
            counter = Counter::after(draw);
        }
        let nummer = definition.naechste(datum, counter).map_err(Refused::fremd)?;
        self.effects.borrow_mut().draws.push(Draw {
            kreis: kreis.to_owned(),
            jahr,
            lfd: nummer.lfd,
            datum,
        });
        Ok(nummer)
    }

    /// A new id, the same whenever the command is decided again. UUID v7 with the time of its acceptance.
    pub fn new_id(&self, purpose: &str) -> Uuid {
        derived_v7(self.frame.befehl_id, purpose, self.frame.angenommen)
    }

    /// The id of something that a stream has or brings about once: UUIDv5 of the stream's id and the name of the part.
    /// A client can name it before it exists, as in a Stapel that orders and receives.
    pub fn part_id(&self, part: &str) -> Uuid {
        part_id(self.id, part)
    }

    /// Adds a warning to the answer.
    pub fn warn(&self, code: &str, meldung: impl Into<String>) {
        self.effects.borrow_mut().warnings.push(Warnung {
            code: code.to_owned(),
            meldung: meldung.into(),
        });
    }

    /// Shows a text once, in the answer only.
    pub fn reveal(&self, name: &'static str, text: String) {
        self.effects.borrow_mut().reveals.push((name, text));
    }

    /// Ends the decision.
    pub fn into_effects(self) -> Effects {
        self.effects.into_inner()
    }
}

/// A UUID v7 whose random part is derived from a command id, so that deciding again gives the same.
#[must_use]
pub fn derived_v7(befehl_id: Uuid, purpose: &str, at: DateTime<Utc>) -> Uuid {
    let digest = Sha256::new()
        .chain_update(befehl_id.as_bytes())
        .chain_update(purpose.as_bytes())
        .finalize();
    let mut random = [0_u8; 10];
    random.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The id of a stream whose key is known: UUIDv5(mandant, TYPE + "/" + key). Never changes (design.md, day-one rules).
#[must_use]
pub fn stream_id(mandant_id: Uuid, typ: &str, key: &str) -> Uuid {
    Uuid::new_v5(&mandant_id, format!("{typ}/{key}").as_bytes())
}

/// The id of a part of a stream: a line of a document, or what it brings about once. Never changes (day-one rules).
#[must_use]
pub fn part_id(id: Uuid, part: &str) -> Uuid {
    Uuid::new_v5(&id, part.as_bytes())
}

/// First day of the year of a date; helper for calendars.
#[must_use]
pub fn year_of(datum: NaiveDate) -> i32 {
    datum.year()
}
