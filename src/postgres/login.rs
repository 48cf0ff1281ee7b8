//! The role that the running program logs in with, on a server of the user's own: what it needs, and whether it could
//! become the owner of the log.

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection, PgConnection, postgres::PgConnectOptions};

use super::{OpenError, first_connection};

/// Key of the advisory lock under which the role is prepared: programs may start at once.
const LOCK_KEY: i64 = 0x524f_4c4c_4500;

/// What stands for a password in a text.
const COVERED: &str = "…";

/// The statements that give the role `$1` with the password `$2` what it lacks.
const MISSING: &str = "SELECT s.text FROM pg_database d LEFT JOIN pg_roles r ON r.rolname = $1::text CROSS JOIN LATERAL (VALUES \
        (1, CASE WHEN r.oid IS NULL \
            THEN format('CREATE ROLE %I LOGIN NOINHERIT', $1::text) || coalesce(format(' PASSWORD %L', $2::text), '') END), \
        (2, CASE WHEN pg_has_role(r.oid, 'neuroerp_app', 'MEMBER') IS NOT TRUE \
            THEN format('GRANT neuroerp_app TO %I', $1::text) END), \
        (3, CASE WHEN NOT coalesce(has_database_privilege(r.oid, d.oid, 'CONNECT'), \
                                   has_database_privilege('public', d.oid, 'CONNECT')) \
            THEN format('GRANT CONNECT ON DATABASE %I TO %I', d.datname, $1::text) END), \
        (4, CASE WHEN NOT has_database_privilege('neuroerp_app', d.oid, 'TEMPORARY') \
            THEN format('GRANT TEMPORARY ON DATABASE %I TO neuroerp_app', d.datname) END)) AS s(nr, text) \
     WHERE d.datname = current_database() AND s.text IS NOT NULL ORDER BY s.nr";

/// What makes the role of the session one that could change the log: of each owner of the log, of its schema and of what
/// guards it, the shortest way there. No row for a database without a log.
const WAYS: &str = "WITH eigner AS ( \
        SELECT c.relowner AS oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
            WHERE n.nspname = 'log' AND c.relname IN ('ereignis', 'befehl', 'migration') \
        UNION SELECT p.proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
            WHERE n.nspname = 'log' AND p.proname = 'unveraenderlich' \
        UNION SELECT nspowner FROM pg_namespace WHERE nspname = 'log') \
     SELECT r.rolname::text, CASE WHEN r.rolsuper THEN 'sie ist Superuser' \
            WHEN r.oid = e.oid THEN 'das Journal gehört ihr' \
            WHEN pg_has_role(r.oid, e.oid, 'MEMBER') THEN format('sie darf die Rolle %s annehmen, der das Journal gehört', e.rolname) \
            WHEN r.rolcreaterole AND NOT e.rolsuper THEN 'sie darf Rollen vergeben (CREATEROLE)' END \
     FROM pg_roles r, eigner JOIN pg_roles e USING (oid) WHERE r.rolname = session_user";

/// Which server and which database a session is in.
const PLACE: &str =
    "SELECT oid::bigint, pg_postmaster_start_time()::text FROM pg_database WHERE datname = current_database()";

/// Gives the program's role what it needs: that it exists, may come in and may work as `neuroerp_app`.
pub(super) async fn prepare(owner: &PgConnectOptions, program: &PgConnectOptions) -> Result<(), OpenError> {
    let mut connection = first_connection(owner).await?;
    let refused = |error: sqlx::Error| OpenError::connect(owner, &error);
    let mut transaction = connection.begin().await.map_err(refused)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK_KEY)
        .execute(&mut *transaction)
        .await
        .map_err(refused)?;
    let password = password(program);
    let statements = missing(&mut transaction, program, password.as_deref())
        .await
        .map_err(refused)?;
    let shown = missing(&mut transaction, program, password.is_some().then_some(COVERED))
        .await
        .map_err(refused)?;
    for statement in statements {
        let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *transaction).await;
        done.map_err(|error| OpenError::Program {
            rolle: program.get_username().to_owned(),
            grund: error
                .as_database_error()
                .map_or_else(|| error.to_string(), |e| e.message().to_owned()),
            sql: shown.join("; "),
        })?;
    }
    transaction.commit().await.map_err(refused)?;
    if !shown.is_empty() {
        tracing::info!(
            rolle = program.get_username(),
            sql = shown.join("; "),
            "die Rolle des Programms ist eingerichtet"
        );
    }
    same_place(&mut connection, owner, program).await
}

async fn missing(
    connection: &mut PgConnection,
    program: &PgConnectOptions,
    password: Option<&str>,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(MISSING)
        .bind(program.get_username())
        .bind(password)
        .fetch_all(connection)
        .await
}

/// Whether a role could become the owner of the log.
pub enum Standing {
    /// There is no log yet.
    NoLog,
    /// It could, and how.
    Owner {
        /// Its name.
        rolle: String,
        /// The way.
        weg: String,
    },
    /// Whatever a session does, it cannot.
    Program,
}

/// Asks whether the role of a URL could become the owner of the log.
pub async fn standing(options: &PgConnectOptions) -> Result<Standing, OpenError> {
    let mut connection = first_connection(options).await?;
    let ways: Vec<(String, Option<String>)> = sqlx::query_as(WAYS)
        .fetch_all(&mut connection)
        .await
        .map_err(|error| OpenError::connect(options, &error))?;
    let _ = connection.close().await;
    if ways.is_empty() {
        return Ok(Standing::NoLog);
    }
    let mut ways = ways
        .into_iter()
        .filter_map(|(rolle, weg)| Some(Standing::Owner { rolle, weg: weg? }));
    Ok(ways.next().unwrap_or(Standing::Program))
}

impl Standing {
    /// Tells the operator what it means if the running program could become the owner.
    pub fn warn(&self) {
        let Self::Owner { rolle, weg } = self else { return };
        tracing::warn!(
            rolle,
            "das laufende Programm könnte Eigner des Journals werden ({weg}): wer seine Verbindung in die Hand bekommt, käme an den \
             Sperren gegen Änderungen vorbei. Abhilfe: „neuroerp migrate“ mit dieser Rolle in NEUROERP_EIGNER_URL, und in \
             DATABASE_URL eine, die nur neuroerp_app annehmen darf (migrate richtet sie ein)"
        );
    }
}

/// Two URLs of two databases would leave one without migrations and the other without work.
async fn same_place(
    connection: &mut PgConnection,
    owner: &PgConnectOptions,
    program: &PgConnectOptions,
) -> Result<(), OpenError> {
    let mut other = first_connection(program).await?;
    let here: (i64, String) = sqlx::query_as(PLACE)
        .fetch_one(connection)
        .await
        .map_err(|error| OpenError::connect(owner, &error))?;
    let there: (i64, String) = sqlx::query_as(PLACE)
        .fetch_one(&mut other)
        .await
        .map_err(|error| OpenError::connect(program, &error))?;
    if here == there {
        return Ok(());
    }
    Err(OpenError::TwoDatabases {
        eigner: super::place(owner),
        programm: super::place(program),
    })
}

/// The password of a URL.
fn password(options: &PgConnectOptions) -> Option<String> {
    let url = options.to_url_lossy();
    let mut parts = url.password()?.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_out_of_its_url_as_it_was_meant() {
        for (url, wanted) in [
            ("postgres://wir@h/d", None),
            ("postgres://wir:einfach@h/d", Some("einfach")),
            ("postgres://wir:a%40b%2Fc%25%C3%BC%20'@h/d", Some("a@b/c%ü '")),
        ] {
            assert_eq!(password(&url.parse().unwrap()).as_deref(), wanted, "{url}");
        }
    }
}
