//! Claims (`log.anspruch`) are a function of the log: the keys of every stream's last state. They are gathered while the
//! streams are folded, compared with the live ones and, by a rebuild, mended.

use aggregates::{Key, Registry, registry::VERDECKT};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::verify::Difference;

/// The live table.
const LIVE: &str = "log.anspruch";

/// Findings of each kind that are told one by one.
const TOLD: i64 = 10;

/// A key that a stream holds by its last state.
pub(super) struct Claim {
    mandant_id: Uuid,
    id: Uuid,
    scope: &'static str,
    key: String,
}

impl Claim {
    pub(super) fn of(mandant_id: Uuid, id: Uuid, key: Key) -> Self {
        Self {
            mandant_id,
            id,
            scope: key.scope,
            key: key.wert,
        }
    }
}

/// Creates the table that claims are gathered in. It takes two holders of one key, since workers read one after the
/// other and a key may go from one stream to another in between.
pub(super) async fn create(
    connection: &mut PgConnection,
    target: &(dyn Fn(&str) -> String + Sync),
    temporary: bool,
) -> Result<(), sqlx::Error> {
    let name = target(LIVE);
    let (kind, end) = if temporary {
        ("TEMPORARY", "ON COMMIT DROP")
    } else {
        ("", "")
    };
    let sql = format!(
        "CREATE {kind} TABLE {name} (LIKE {LIVE}, PRIMARY KEY (mandant_id, aggregate_id, bereich, schluessel)) {end}; \
         CREATE INDEX ON {name} (mandant_id, bereich, schluessel)"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Writes claims of streams of one type.
pub(super) async fn write(
    connection: &mut PgConnection,
    target: &(dyn Fn(&str) -> String + Sync),
    typ: &'static str,
    claims: Vec<Claim>,
) -> Result<(), sqlx::Error> {
    if claims.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO {} (mandant_id, bereich, schluessel, aggregate_type, aggregate_id) \
         SELECT c.mandant_id, c.bereich, c.schluessel, $1, c.id \
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[]) AS c(mandant_id, bereich, schluessel, id) \
         ON CONFLICT DO NOTHING",
        target(LIVE)
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(typ)
        .bind(claims.iter().map(|c| c.mandant_id).collect::<Vec<_>>())
        .bind(claims.iter().map(|c| c.scope).collect::<Vec<_>>())
        .bind(claims.iter().map(|c| c.key.as_str()).collect::<Vec<_>>())
        .bind(claims.iter().map(|c| c.id).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes back the claims of a stream that is gathered anew.
pub(super) async fn clear(
    connection: &mut PgConnection,
    target: &(dyn Fn(&str) -> String + Sync),
    mandant_id: Uuid,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "DELETE FROM {} WHERE mandant_id = $1 AND aggregate_id = $2",
        target(LIVE)
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(mandant_id)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Live claims of the types `$1` that no gathered stream holds.
fn too_many(fresh: &str) -> String {
    format!(
        "SELECT l.mandant_id, l.bereich, l.schluessel, l.aggregate_type || ' ' || l.aggregate_id AS hat, NULL AS soll \
         FROM {LIVE} l WHERE l.aggregate_type = ANY($1) AND NOT EXISTS (SELECT FROM {fresh} f \
            WHERE (f.mandant_id, f.bereich, f.schluessel) = (l.mandant_id, l.bereich, l.schluessel))"
    )
}

/// Gathered claims of the types `$1` that are missing among the live ones, or that another stream has.
fn missing(fresh: &str) -> String {
    format!(
        "SELECT mandant_id, bereich, schluessel, l.aggregate_type || ' ' || l.aggregate_id AS hat, \
            f.aggregate_type || ' ' || f.aggregate_id AS soll \
         FROM {fresh} f LEFT JOIN {LIVE} l USING (mandant_id, bereich, schluessel) WHERE f.aggregate_type = ANY($1) \
            AND (l.aggregate_type, l.aggregate_id) IS DISTINCT FROM (f.aggregate_type, f.aggregate_id)"
    )
}

/// Live claims of other types than `$1`.
fn unknown() -> String {
    format!(
        "SELECT l.mandant_id, l.bereich, l.schluessel, l.aggregate_type || ' ' || l.aggregate_id AS hat, NULL AS soll \
         FROM {LIVE} l WHERE l.aggregate_type <> ALL($1)"
    )
}

/// A claim that is not as the log has it: who has it, and who should.
#[derive(sqlx::FromRow)]
struct Wrong {
    mandant_id: Uuid,
    bereich: String,
    schluessel: String,
    hat: Option<String>,
    soll: Option<String>,
}

impl Wrong {
    fn difference(self, registry: &Registry, nobody: &str) -> Difference {
        let soll = self
            .soll
            .map_or_else(|| nobody.to_owned(), |soll| format!("nach dem Journal hält ihn {soll}"));
        let text = match self.hat {
            Some(hat) => format!("ist vergeben an {hat}; {soll}"),
            None => format!("fehlt; {soll}"),
        };
        let key = if is_secret(registry, &self.bereich) {
            VERDECKT.to_owned()
        } else {
            self.schluessel
        };
        Difference {
            place: format!("Anspruch {} „{key}“ der Firma {}", self.bereich, self.mandant_id),
            text,
        }
    }
}

/// Whether the keys of a scope are what nobody is shown.
fn is_secret(registry: &Registry, scope: &str) -> bool {
    let field = |typ: &str| scope.strip_prefix(typ)?.strip_prefix('.');
    let mut entries = registry.entries().iter();
    entries.any(|e| field(e.typ).is_some_and(|field| e.ist_geheim(field)))
}

/// Compares the gathered claims of the types with the live ones, and finds claims of types that nobody knows.
pub(super) async fn compare(
    registry: &Registry,
    connection: &mut PgConnection,
    target: &(dyn Fn(&str) -> String + Sync),
    types: &[&str],
    differences: &mut Vec<Difference>,
) -> Result<(), sqlx::Error> {
    let fresh = target(LIVE);
    let known: Vec<&str> = registry.entries().iter().map(|e| e.typ).collect();
    let nobody = "nach dem Journal hält ihn niemand";
    let stranger = "eine Art, die dieses Programm nicht kennt; rebuild rührt ihn nicht an";
    for (wrong, types, nobody) in [
        (too_many(&fresh), types, nobody),
        (missing(&fresh), types, nobody),
        (unknown(), &known, stranger),
    ] {
        let sql = format!("{wrong} LIMIT {TOLD}");
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(types);
        let found: Vec<Wrong> = query.fetch_all(&mut *connection).await?;
        differences.extend(found.into_iter().map(|wrong| wrong.difference(registry, nobody)));
    }
    Ok(())
}

/// Notes which claims differ, without holding anybody up: most likely none, else also some that moved meanwhile. What is
/// right now stays right by itself, since every append keeps claims and states together.
pub(super) async fn suspect(
    connection: &mut PgConnection,
    target: &(dyn Fn(&str) -> String + Sync),
    typ: &'static str,
) -> Result<(), sqlx::Error> {
    let fresh = target(LIVE);
    sqlx::raw_sql("CREATE TEMPORARY TABLE fraglich (mandant_id uuid, bereich text, schluessel text)")
        .execute(&mut *connection)
        .await?;
    for wrong in [too_many(&fresh), missing(&fresh)] {
        let sql = format!("INSERT INTO fraglich SELECT mandant_id, bereich, schluessel FROM ({wrong}) w");
        sqlx::query(AssertSqlSafe(sql))
            .bind([typ].as_slice())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Sets the suspected claims right, under the locks of the heads, when the gathered ones are up to date; these are done
/// with then. Gives back how many were wrong.
pub(super) async fn mend(
    connection: &mut PgConnection,
    target: &(dyn Fn(&str) -> String + Sync),
    typ: &'static str,
) -> Result<u64, sqlx::Error> {
    let fresh = target(LIVE);
    let same = |a: &str, b: &str| {
        format!("({a}.mandant_id, {a}.bereich, {a}.schluessel) = ({b}.mandant_id, {b}.bereich, {b}.schluessel)")
    };
    let release = format!(
        "DELETE FROM {LIVE} l USING fraglich w WHERE {} \
         AND (l.aggregate_type = $1 OR EXISTS (SELECT FROM {fresh} f WHERE {})) \
         AND NOT EXISTS (SELECT FROM {fresh} f WHERE {} AND (f.aggregate_type, f.aggregate_id) = (l.aggregate_type, l.aggregate_id)) \
         RETURNING l.mandant_id",
        same("l", "w"),
        same("f", "l"),
        same("f", "l")
    );
    let released: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(release))
        .bind(typ)
        .fetch_all(&mut *connection)
        .await?;
    let take = format!(
        "INSERT INTO {LIVE} SELECT DISTINCT ON (f.mandant_id, f.bereich, f.schluessel) f.* FROM {fresh} f JOIN fraglich w ON {} \
         ON CONFLICT DO NOTHING RETURNING mandant_id",
        same("f", "w")
    );
    let taken: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(take))
        .fetch_all(&mut *connection)
        .await?;
    forget(connection, &[&*released, &*taken].concat()).await?;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE {fresh}")))
        .execute(connection)
        .await?;
    // A key that went to another stream counts once.
    Ok(u64::try_from(released.len().max(taken.len())).unwrap_or_default())
}

/// Tells all processes that what they remember of the claims and counters of these companies may be old.
pub(super) async fn forget(connection: &mut PgConnection, companies: &[Uuid]) -> Result<(), sqlx::Error> {
    if companies.is_empty() {
        return Ok(());
    }
    sqlx::query("UPDATE log.kopf SET anspruch_position = position + 1 WHERE mandant_id = ANY($1)")
        .bind(companies)
        .execute(connection)
        .await?;
    Ok(())
}
