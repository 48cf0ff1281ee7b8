//! Commands a second of cqrs-es with postgres-es: 32 tasks in process, a new stream each, two lines of a voucher.
//! `peers <database url> <seconds>`; the only line it prints is the figure.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};
use serde::{Deserialize, Serialize};
use sqlx::{Executor as _, postgres::PgPoolOptions};
use uuid::Uuid;

const TASKS: u32 = 32;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Zeile {
    konto: String,
    seite: String,
    betrag: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Event {
    Erfasst {
        belegdatum: String,
        text: String,
        zeilen: Vec<Zeile>,
    },
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        "Erfasst".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

struct Erfassen {
    zeilen: Vec<Zeile>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Buchung {
    zeilen: Vec<Zeile>,
}

impl Aggregate for Buchung {
    const TYPE: &'static str = "buchung";
    type Command = Erfassen;
    type Event = Event;
    type Error = Refused;
    type Services = ();

    async fn handle(&mut self, command: Erfassen, (): &(), sink: &EventSink<Self>) -> Result<(), Refused> {
        if !self.zeilen.is_empty() || command.zeilen.is_empty() {
            return Err(Refused);
        }
        let event = Event::Erfasst {
            belegdatum: "2026-02-02".to_owned(),
            text: "Messung".to_owned(),
            zeilen: command.zeilen,
        };
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        let Event::Erfasst { zeilen, .. } = event;
        self.zeilen = zeilen;
    }
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (url, seconds) = (args.next().expect("a url"), args.next().expect("seconds"));
    let pool = PgPoolOptions::new()
        .max_connections(TASKS)
        .connect(&url)
        .await
        .expect("the database");
    pool.execute(
        "CREATE TABLE IF NOT EXISTS public.events (aggregate_type text NOT NULL, aggregate_id text NOT NULL, \
            sequence bigint NOT NULL CHECK (sequence >= 0), event_type text NOT NULL, event_version text NOT NULL, \
            payload json NOT NULL, metadata json NOT NULL, PRIMARY KEY (aggregate_type, aggregate_id, sequence))",
    )
    .await
    .expect("its table");
    let cqrs = Arc::new(postgres_es::postgres_cqrs::<Buchung>(pool, Vec::new(), ()));
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds.parse().expect("a number"));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let cqrs = cqrs.clone();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while Instant::now() < end {
                    let zeile = |konto: &str, seite: &str| Zeile {
                        konto: konto.to_owned(),
                        seite: seite.to_owned(),
                        betrag: "119.00".to_owned(),
                    };
                    let command = Erfassen {
                        zeilen: vec![zeile("6815", "soll"), zeile("1600", "haben")],
                    };
                    let id = Uuid::now_v7().to_string();
                    cqrs.execute(&id, command).await.expect("accepted");
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("a task");
    }
    println!("{}", f64::from(done) / begin.elapsed().as_secs_f64());
}
