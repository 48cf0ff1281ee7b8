//! The rights of a key: what a scope gives, and that nobody grants more than he has.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiKeyError;
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

/// Nobody grants more than he has: every scope and special right must lie within the caller's.
pub(super) fn innerhalb(
    scopes: &[ApiKeyScope],
    besondere: &[ApiKeySonderrecht],
    ctx: &Context<'_>,
) -> Result<(), ApiKeyError> {
    let ueber = |recht: &str| ApiKeyError::ScopeUeberRecht {
        scope: recht.to_owned(),
    };
    for ApiKeyScope { scope } in scopes {
        let (ziel, stufe) = scope.split_once(':').ok_or_else(|| ueber(scope))?;
        let (bereich, typ) = ziel.split_once('.').map_or((ziel, None), |(b, t)| (b, Some(t)));
        let stufe = Stufe::from_str(stufe).map_err(|_| ueber(scope))?;
        if stufe_fuer(&ctx.frame.scopes, bereich, typ).is_none_or(|eigene| eigene < stufe) {
            return Err(ueber(scope));
        }
    }
    match besondere.iter().find(|b| !ctx.darf(&b.sonderrecht)) {
        Some(b) => Err(ueber(&b.sonderrecht)),
        None => Ok(()),
    }
}
