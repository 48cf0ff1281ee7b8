//! Value types shared by all areas. None of them bears an aggregate's name; each refuses bad input when it is read.

mod akteur;
mod area;
mod beleg;
mod betrag;
mod dezimal;
mod iban;
pub mod kalender;
mod kurs;
mod land;
mod menge;
mod text;
pub mod zeitlich;

pub use akteur::Akteur;
pub use area::{Bereich, Stufe};
pub use beleg::BelegRef;
pub use betrag::Betrag;
pub use dezimal::{Dezimal, Satz, round_commercial};
pub use iban::{Iban, UstId};
pub use kurs::Kurs;
pub use land::ist_land;
pub use menge::{Menge, Preis, Preisbetrag, Preisspalten};
pub use text::Text;
pub(crate) use text::text_pruefen;
pub use zeitlich::Zeitlich;

/// Error messages of value types start with this mark, so that the command bus can tell a readable but wrong value
/// (422) from an unreadable body (400).
pub const VALUE_MARK: &str = "Wert ungültig: ";
