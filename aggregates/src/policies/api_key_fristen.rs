//! The two deadlines of an API key: the end of its life and the end of a rotation's overlap.

use crate::{
    dienste::api_key::{ApiKey, ApiKeyCommand, ApiKeyEvent},
    policy::{Consequence, PolicyContext},
};

/// ApiKey.Ausgestellt, Erneuert → Ablaufen; ApiKey.Rotiert → RotationBeenden; both at their time.
pub(super) fn react(event: &ApiKeyEvent, ctx: &PolicyContext) -> Vec<Consequence> {
    let (command, faellig) = match event {
        ApiKeyEvent::Ausgestellt { ablauf, .. } | ApiKeyEvent::Erneuert { ablauf, .. } => {
            (ApiKeyCommand::Ablaufen { ablauf: *ablauf }, *ablauf)
        }
        ApiKeyEvent::Rotiert {
            alter_hash,
            alter_gueltig_bis,
            ..
        } => {
            let alter_hash = alter_hash.clone();
            (ApiKeyCommand::RotationBeenden { alter_hash }, *alter_gueltig_bis)
        }
        _ => return Vec::new(),
    };
    vec![Consequence::command::<ApiKey>(ctx.id, &command).due(faellig)]
}
