//! The rights of a key: what a scope gives, and that nobody grants more than he has.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiKeyError, ApiKeyMandant};
use crate::{Context, types::Stufe};

/// A right of a key: `bereich:stufe`, `bereich.aggregate_type:stufe` or `*:stufe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyScope {
    /// The right.
    pub scope: String,
}

/// A special right of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeySonderrecht {
    /// The special right, e.g. `fibu.periode_gesperrt`.
    pub sonderrecht: String,
}

/// The level that scopes give on an aggregate or report (`typ`), or on a whole area. The most specific entry wins: the
/// aggregate's before the area's before `*` (dienste D1); among equals the highest.
#[must_use]
pub fn stufe_fuer<S: AsRef<str>>(scopes: &[S], bereich: &str, typ: Option<&str>) -> Option<Stufe> {
    let genau = typ.map(|typ| format!("{bereich}.{typ}"));
    let hoechste = |ziel: &str| {
        let teile = scopes.iter().filter_map(|s| s.as_ref().split_once(':'));
        teile
            .filter(|(z, _)| *z == ziel)
            .filter_map(|(_, stufe)| Stufe::from_str(stufe).ok())
            .max()
    };
    genau
        .and_then(|genau| hoechste(&genau))
        .or_else(|| hoechste(bereich))
        .or_else(|| hoechste("*"))
}

/// Nobody grants more than he has: every scope, special right and company must lie within the caller's. The same holds
/// for a key that he changes or rotates, since its text gives him its rights.
pub(super) fn innerhalb(
    scopes: &[ApiKeyScope],
    besondere: &[ApiKeySonderrecht],
    mandanten: &[ApiKeyMandant],
    ctx: &Context<'_>,
) -> Result<(), ApiKeyError> {
    let ueber = |recht: String| Err(ApiKeyError::ScopeUeberRecht { scope: recht });
    let vergeben: Vec<&str> = scopes.iter().map(|s| s.scope.as_str()).collect();
    let eigene = &*ctx.frame.scopes;
    // What a list of scopes gives changes only at the targets it names: comparing at those of both lists is enough. The
    // caller's own matter too: `*:admin` with `fibu:read` does not grant `*:admin`, which would give more on fibu.
    for ziel in ziele(&vergeben).chain(ziele(eigene)) {
        let (bereich, typ) = ziel.split_once('.').map_or((ziel, None), |(b, t)| (b, Some(t)));
        if let Some(stufe) = stufe_fuer(&vergeben, bereich, typ)
            && stufe_fuer(eigene, bereich, typ).is_none_or(|eigene| eigene < stufe)
        {
            return ueber(format!("{ziel}:{}", <&str>::from(stufe)));
        }
    }
    if let Some(besonderes) = besondere.iter().find(|b| !ctx.darf(&b.sonderrecht)) {
        return ueber(besonderes.sonderrecht.clone());
    }
    let gebunden = &*ctx.frame.mandanten;
    if gebunden.is_empty() {
        return Ok(());
    }
    if mandanten.is_empty() {
        return ueber("der Zugriff auf alle Firmen".to_owned());
    }
    match mandanten.iter().find(|m| !gebunden.contains(&m.mandant)) {
        Some(fremd) => ueber(format!("die Firma {}", fremd.mandant)),
        None => Ok(()),
    }
}

/// The targets that scopes name.
fn ziele<S: AsRef<str>>(scopes: &[S]) -> impl Iterator<Item = &str> {
    scopes
        .iter()
        .filter_map(|s| s.as_ref().split_once(':'))
        .map(|(ziel, _)| ziel)
}
