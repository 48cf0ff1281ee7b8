//! The year as files that `POST /api/v1/stapel` accepts: one file a Stapel, one command a line.

use std::{
    fs,
    io::{BufWriter, Write as _},
    path::Path,
};

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::{Befehl, Beleganzahl, DemoPlan, Person, Stapel};

/// Writes the plan into a folder, which it makes if there is none. Gives back how many files there are and what is in
/// them.
///
/// # Errors
/// If the folder has files already that are not of this name, or cannot be written.
pub fn schreiben(plan: &DemoPlan, ordner: &Path) -> anyhow::Result<(usize, Beleganzahl)> {
    fs::create_dir_all(ordner).with_context(|| format!("der Ordner {} lässt sich nicht anlegen", ordner.display()))?;
    let leer = fs::read_dir(ordner)?.next().is_none();
    anyhow::ensure!(
        leer,
        "der Ordner {} ist nicht leer; bitte einen neuen nennen",
        ordner.display()
    );
    let firma = Stapel {
        name: "00-firma".to_owned(),
        person: Person::Sachbearbeitung,
        befehle: vec![plan.anlegen()],
        belege: Beleganzahl::default(),
    };
    let mut belege = Beleganzahl::default();
    let mut dateien = 0;
    for stapel in std::iter::once(firma).chain(plan.stapel()) {
        let pfad = ordner.join(format!("{}.ndjson", stapel.name));
        datei(&pfad, &stapel).with_context(|| format!("{} lässt sich nicht schreiben", pfad.display()))?;
        belege += stapel.belege;
        dateien += 1;
    }
    Ok((dateien, belege))
}

fn datei(pfad: &Path, stapel: &Stapel) -> std::io::Result<()> {
    let mut datei = BufWriter::new(fs::File::create(pfad)?);
    for befehl in &stapel.befehle {
        writeln!(datei, "{}", element(befehl))?;
    }
    datei.into_inner()?.sync_all()
}

/// A command as an element of a Stapel.
fn element(befehl: &Befehl) -> Value {
    let mut element = Map::new();
    element.insert("bereich".into(), befehl.bereich.into());
    element.insert("ressource".into(), befehl.ressource.into());
    if let Some(id) = befehl.id {
        element.insert("id".into(), json!(id));
    }
    element.insert("befehl".into(), befehl.befehl.into());
    element.insert("daten".into(), befehl.daten.clone());
    Value::Object(element)
}
