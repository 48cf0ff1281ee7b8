//! Finds the key of a token: by the claim on its hash, then from its events. Hashes stand in no read model.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use aggregates::{
    Aggregate as _,
    dienste::api_key::{ApiKey, ApiKeyNetz, ApiKeyStatus, schluessel_hash},
};
use uuid::Uuid;

use super::{CACHE_LIMIT, CACHE_TIME, unauthorised};
use crate::{
    api::{App, problem::Problem},
    eventstore::{EventStore, SYSTEM, StoreError},
};

/// A key as the door knows it.
#[derive(Debug)]
pub(super) struct Schluessel {
    pub(super) id: Uuid,
    pub(super) key: Arc<ApiKey>,
    pub(super) scopes: Arc<[String]>,
    pub(super) sonderrechte: Arc<[String]>,
    /// Companies the key is bound to; empty means all.
    pub(super) mandanten: Arc<[Uuid]>,
}

impl Schluessel {
    pub(super) fn new(id: Uuid, key: Arc<ApiKey>) -> Self {
        Self {
            id,
            scopes: key.scopes.iter().map(|s| s.scope.clone()).collect(),
            sonderrechte: key.sonderrechte.iter().map(|s| s.sonderrecht.clone()).collect(),
            mandanten: key.mandanten.iter().map(|m| m.mandant).collect(),
            key,
        }
    }
}

/// When a key was looked up, at which head of the system's log, and what it was.
type Known = (Instant, i64, Arc<Schluessel>);

/// Keys looked up lately by the hash of their text, valid as long as the system's log has not moved.
#[derive(Default)]
pub(super) struct Keys(Mutex<HashMap<String, Known>>);

impl Keys {
    fn get(&self, hash: &str, head: i64) -> Option<Arc<Schluessel>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, seen, key) = known.get(hash)?;
        (at.elapsed() < CACHE_TIME && *seen == head).then(|| key.clone())
    }

    fn put(&self, hash: String, head: i64, key: Arc<Schluessel>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CACHE_LIMIT {
            known.clear();
        }
        known.insert(hash, (Instant::now(), head, key));
    }
}

/// The key that holds a claim (of its name or of a hash), folded from its events.
pub async fn find(store: &EventStore, scope: &str, wert: &str) -> Result<Option<(Uuid, Arc<ApiKey>)>, StoreError> {
    let mut connection = store.door().acquire().await?;
    let id: Option<Uuid> = sqlx::query_scalar(
        "SELECT aggregate_id FROM log.anspruch WHERE mandant_id = $1 AND bereich = $2 AND schluessel = $3",
    )
    .bind(SYSTEM)
    .bind(scope)
    .bind(wert)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(id) = id else { return Ok(None) };
    let stream = (ApiKey::TYPE, id);
    let loaded = store.load(&mut connection, SYSTEM, &[stream]).await?.remove(&stream);
    let key = loaded.and_then(|loaded| loaded.state.downcast::<ApiKey>().ok());
    Ok(key.map(|key| (id, key)))
}

/// The key of a token, if it is valid now and from this address.
pub(super) async fn of_token(app: &App, token: &str, address: Option<IpAddr>) -> Result<Arc<Schluessel>, Problem> {
    let hash = schluessel_hash(token);
    let head = *app.store.signals().watch(SYSTEM).borrow();
    let key = if let Some(known) = app.tokens.keys.get(&hash, head) {
        known
    } else {
        let store = app.store.reading(SYSTEM, 0).await;
        let found = find(&store, ApiKey::KEY_HASH, &hash).await?;
        let (id, key) = found.ok_or_else(unknown)?;
        let key = Arc::new(Schluessel::new(id, key));
        app.tokens.keys.put(hash.clone(), head, key.clone());
        key
    };
    usable(&key.key, &hash, address)?;
    Ok(key)
}

fn unknown() -> Problem {
    unauthorised("dieser Schlüssel ist unbekannt; bitte prüfen, ob er vollständig kopiert ist")
}

fn usable(key: &ApiKey, hash: &str, address: Option<IpAddr>) -> Result<(), Problem> {
    const NEU: &str = "bitte einen neuen ausstellen lassen (POST /api/v1/dienste/api-keys)";
    let jetzt = crate::uhr::jetzt();
    match key.status_um(jetzt) {
        ApiKeyStatus::Widerrufen => {
            let detail = format!("dieser Schlüssel wurde widerrufen; {NEU}");
            return Err(Problem::new("API_KEY_WIDERRUFEN", 401, detail));
        }
        ApiKeyStatus::Abgelaufen => {
            let detail = format!("dieser Schlüssel ist abgelaufen; {NEU}");
            return Err(Problem::new("API_KEY_ABGELAUFEN", 401, detail));
        }
        _ if !key.hash_gilt(hash, jetzt) => return Err(unknown()),
        _ => {}
    }
    let allowed = |net: &ApiKeyNetz| address.is_some_and(|ip| net.enthaelt(ip));
    if !key.ip_netze.is_empty() && !key.ip_netze.iter().any(allowed) {
        let von = address.map_or_else(|| "dieser Adresse".to_owned(), |ip| ip.to_canonical().to_string());
        let detail = format!(
            "dieser Schlüssel gilt nicht von {von}; bitte aus einem seiner Netze zugreifen oder einen Schlüssel ausstellen \
             lassen, dessen ip_netze diese Adresse enthalten"
        );
        return Err(Problem::new("API_KEY_IP_VERBOTEN", 403, detail));
    }
    Ok(())
}
