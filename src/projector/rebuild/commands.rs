//! The commands on record (`log.befehl`) against the log: each event belongs to exactly one, the commands follow one another
//! without a gap, and what a command wrote bears its id. What a command that wrote nothing was answered, nothing can tell.

use sqlx::PgConnection;
use uuid::Uuid;

use super::verify::Difference;

/// Commands whose events do not begin where those of the one before them end.
const APART: &str = "SELECT mandant_id, format('Befehl %s: seine Ereignisse %s bis %s schließen nicht an Position %s an', \
        befehl_id, position_von, position_bis, davor) \
     FROM (SELECT *, coalesce(lag(position_bis) OVER (PARTITION BY mandant_id ORDER BY position_von, position_bis), 0) AS davor \
           FROM log.befehl WHERE position_bis >= position_von) b WHERE position_von <> davor + 1 LIMIT 10";

/// Commands whose first event is another one's, and commands that claim a span that cannot be.
const FOREIGN: &str = "SELECT b.mandant_id, CASE WHEN b.position_bis < b.position_von \
        THEN format('Befehl %s: von Position %s bis %s geht es nicht', b.befehl_id, b.position_von, b.position_bis) \
        ELSE format('Befehl %s: das Ereignis auf Position %s gehört nicht zu ihm', b.befehl_id, b.position_von) END \
     FROM log.befehl b LEFT JOIN log.ereignis e ON e.mandant_id = b.mandant_id AND e.position = b.position_von \
     WHERE CASE WHEN b.position_bis < b.position_von THEN b.position_bis <> b.position_von - 1 \
           ELSE e.meta->>'befehl_id' IS DISTINCT FROM b.befehl_id::text END LIMIT 10";

/// Logs that go on where no command is on record, and commands behind the head.
const LAST: &str = "SELECT k.mandant_id, format('die Befehle reichen bis Position %s, der Kopf bis %s', b.letzte, k.position) \
     FROM log.kopf k CROSS JOIN LATERAL ( \
        SELECT coalesce(max(position_bis), 0) AS letzte FROM log.befehl b WHERE b.mandant_id = k.mandant_id) b \
     WHERE b.letzte <> k.position LIMIT 10";

pub(super) async fn check(connection: &mut PgConnection, differences: &mut Vec<Difference>) -> Result<(), sqlx::Error> {
    for sql in [APART, FOREIGN, LAST] {
        let found: Vec<(Uuid, String)> = sqlx::query_as(sql).fetch_all(&mut *connection).await?;
        differences.extend(found.into_iter().map(|(mandant_id, text)| Difference {
            place: format!("Journal {mandant_id}"),
            text,
        }));
    }
    Ok(())
}
