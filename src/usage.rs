//! What the command line itself says, in German: help texts and wrong calls. clap speaks English only.

use std::{
    error::Error as _,
    io::{self, Write as _},
};

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// The words that clap puts around ours.
const WORDS: &[(&str, &str)] = &[
    ("Usage:", "Aufruf:"),
    ("Commands:", "Befehle:"),
    ("Arguments:", "Angaben:"),
    ("Options:", "Optionen:"),
    ("[default:", "[sonst:"),
    ("[env:", "[Umgebung:"),
    ("[OPTIONS]", "[OPTIONEN]"),
    ("<COMMAND>", "<BEFEHL>"),
];

/// Prints help or what is wrong with a call; gives back the exit code.
pub fn answer(error: &Error) -> u8 {
    // Nobody is left to tell if the reader has gone.
    let (written, code) = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => (write!(io::stdout(), "{}", help(error)), 0),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => (write!(io::stderr(), "{}", help(error)), 2),
        _ => (write!(io::stderr(), "{}", refusal(error)), 2),
    };
    let _ = written;
    code
}

fn help(error: &Error) -> String {
    german(&error.render().to_string())
}

fn refusal(error: &Error) -> String {
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => german(&usage.to_string()),
        _ => String::new(),
    };
    format!("Fehler: {}\n\n{usage}\nHilfe: --help\n", message(error))
}

fn german(text: &str) -> String {
    let replaced = |text: String, (english, german): &(&str, &str)| text.replace(english, german);
    WORDS.iter().fold(text.to_owned(), replaced)
}

fn texts(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

fn message(error: &Error) -> String {
    let all = |kind| texts(error, kind).join(", ");
    let argument = all(ContextKind::InvalidArg);
    let value = all(ContextKind::InvalidValue);
    let similar = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let similar: Vec<String> = similar.into_iter().flat_map(|kind| texts(error, kind)).collect();
    let hint = if similar.is_empty() {
        String::new()
    } else {
        format!("; gemeint vielleicht: {}", similar.join(", "))
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = all(ContextKind::InvalidSubcommand);
            format!("den Befehl „{name}“ gibt es nicht{hint}")
        }
        ErrorKind::MissingSubcommand => "es fehlt der Befehl".to_owned(),
        ErrorKind::UnknownArgument => format!("die Angabe „{argument}“ gibt es hier nicht{hint}"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} braucht einen Wert"),
        ErrorKind::InvalidValue => {
            let possible = all(ContextKind::ValidValue);
            format!("„{value}“ passt nicht zu {argument}; möglich: {possible}")
        }
        ErrorKind::ValueValidation => {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            format!("„{value}“ passt nicht zu {argument}: {reason}")
        }
        ErrorKind::MissingRequiredArgument => format!("es fehlt: {argument}"),
        ErrorKind::ArgumentConflict => format!("{argument} steht mehrfach da"),
        _ => format!(
            "der Aufruf passt nicht{}",
            if argument.is_empty() {
                argument
            } else {
                format!(": {argument}")
            }
        ),
    }
}
