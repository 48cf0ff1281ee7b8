//! Ledgers of changes: what the events of one kind of document change of what is added up, one row a change; append-only,
//! in log order. With the day of each row and its place in the log, any day can be told as it was known on any other.

use aggregates::{Aggregate, types::kalender};
use chrono::NaiveDate;
use serde::{Serialize, Serializer, ser::SerializeMap};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    LedgerError, LogEvent,
    ledger::{EventLedger, append},
    state::owner_column,
};

/// What an event changes, in its order, and its business day if it has one of its own; otherwise the day it was recorded.
pub type Aenderungen<A> = (Vec<A>, Option<NaiveDate>);

/// What the file of a ledger of changes declares.
pub trait Aenderungsbuch: Send + Sync + 'static {
    /// The document whose events it reads.
    type Beleg: Aggregate;
    /// A change: its fields are columns of the table. The other columns are `mandant_id`, `log_position`, `lfd` (its
    /// place among the changes of the event), `<typ>_id` (the document) and `tag`.
    type Aenderung: Serialize + Send + Sync;

    /// Stable name, also in `projektion.stand`.
    const NAME: &'static str;
    /// Its live table, `schema.table`.
    const TABLE: &'static str;

    /// What an event changes. Names every event, so that nobody adds one without deciding whether it is a change.
    fn aenderungen(event: &<Self::Beleg as Aggregate>::Event) -> Aenderungen<Self::Aenderung>;
}

#[derive(Serialize)]
struct Zeile<'s, A> {
    mandant_id: Uuid,
    log_position: i64,
    lfd: usize,
    #[serde(flatten)]
    beleg: Beleg<'s>,
    #[serde(flatten)]
    aenderung: A,
    tag: NaiveDate,
}

/// The document under the name of its column.
#[derive(Clone, Copy)]
struct Beleg<'s> {
    spalte: &'s str,
    id: Uuid,
}

impl Serialize for Beleg<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.spalte, &self.id)?;
        map.end()
    }
}

impl<T: Aenderungsbuch> EventLedger for T {
    const NAME: &'static str = T::NAME;
    const TABLES: &'static [&'static str] = &[T::TABLE];
    const SOURCES: &'static [&'static str] = &[T::Beleg::TYPE];

    async fn write(
        connection: &mut PgConnection,
        mandant_id: Uuid,
        events: &[LogEvent],
        target: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<(), LedgerError> {
        let spalte = owner_column(T::Beleg::TYPE);
        let mut zeilen = Vec::new();
        for event in events {
            let (aenderungen, tag) = T::aenderungen(event.von::<T::Beleg>()?);
            let tag = tag.unwrap_or_else(|| kalender::tag(event.recorded_at));
            let beleg = Beleg {
                spalte: &spalte,
                id: event.aggregate_id,
            };
            zeilen.extend(aenderungen.into_iter().enumerate().map(|(lfd, aenderung)| Zeile {
                mandant_id,
                log_position: event.position,
                lfd,
                beleg,
                aenderung,
                tag,
            }));
        }
        append(connection, T::TABLE, &target(T::TABLE), &zeilen).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_has_the_columns_of_the_change_beside_those_of_every_ledger_of_changes() {
        #[derive(Serialize)]
        struct Aenderung {
            art: &'static str,
            position_id: Option<Uuid>,
        }
        let zeile = Zeile {
            mandant_id: Uuid::nil(),
            log_position: 7,
            lfd: 0,
            beleg: Beleg {
                spalte: "auftrag_id",
                id: Uuid::max(),
            },
            aenderung: Aenderung {
                art: "sperre",
                position_id: None,
            },
            tag: NaiveDate::default(),
        };
        let erwartet = json!({
            "mandant_id": Uuid::nil(), "log_position": 7, "lfd": 0, "auftrag_id": Uuid::max(), "art": "sperre",
            "position_id": null, "tag": "1970-01-01",
        });
        assert_eq!(serde_json::to_value(zeile).expect("a row"), erwartet);
    }
}
