-- Ledgers of Finanzbuchhaltung: Journal and Konto-Salden. They follow the log with a checkpoint.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE fibu.journalzeile (
    mandant_id      uuid NOT NULL,
    log_position    bigint NOT NULL,
    zeile           integer NOT NULL,
    journal_nr      bigint NOT NULL,
    geschaeftsjahr_id uuid NOT NULL,
    geschaeftsjahr_beginn date NOT NULL,
    periode         smallint NOT NULL,
    buchung_id      uuid NOT NULL,
    belegnummer     text NOT NULL,
    belegkreis      text NOT NULL,
    beleg           text,
    belegdatum      date NOT NULL,
    buchungsdatum   date NOT NULL,
    steuerdatum     date NOT NULL,
    erfasst_am      timestamptz NOT NULL,
    erfasser        text NOT NULL,
    buchungsart     text NOT NULL,
    text            text NOT NULL,
    konto           text NOT NULL,
    personenkonto   text,
    gegenkonto      text,
    seite           text NOT NULL CHECK (seite IN ('soll', 'haben')),
    betrag          numeric(15,2) NOT NULL,
    soll            numeric(15,2) NOT NULL,
    haben           numeric(15,2) NOT NULL,
    schluessel      text,
    satz            numeric,
    steuerrolle     text NOT NULL,
    kst             text,
    herkunft_id     uuid,
    PRIMARY KEY (mandant_id, log_position, zeile)
);
COMMENT ON TABLE fibu.journalzeile IS 'The Grundbuch: one row per position, append-only, in log order';
COMMENT ON COLUMN fibu.journalzeile.journal_nr IS 'Rank of the voucher in log order within its Geschäftsjahr; gapless by construction';
COMMENT ON COLUMN fibu.journalzeile.erfasst_am IS 'Recorded time (recorded_at of the event); buchungsdatum is the valid time';
COMMENT ON COLUMN fibu.journalzeile.betrag IS 'EUR; negative only in a Generalumkehr';
CREATE INDEX journalzeile_konto ON fibu.journalzeile (mandant_id, konto, buchungsdatum, log_position);
CREATE INDEX journalzeile_personenkonto ON fibu.journalzeile (mandant_id, personenkonto, buchungsdatum, log_position)
    WHERE personenkonto IS NOT NULL;
CREATE INDEX journalzeile_nr ON fibu.journalzeile (mandant_id, geschaeftsjahr_beginn, journal_nr, zeile);
CREATE INDEX journalzeile_datum ON fibu.journalzeile (mandant_id, buchungsdatum, log_position);
CREATE INDEX journalzeile_schluessel ON fibu.journalzeile (mandant_id, schluessel, steuerdatum) WHERE schluessel IS NOT NULL;

CREATE TABLE fibu.konto_saldo (
    mandant_id      uuid NOT NULL,
    art             text NOT NULL CHECK (art IN ('sach', 'personen')),
    konto           text NOT NULL,
    geschaeftsjahr_beginn date NOT NULL,
    periode         smallint NOT NULL,
    soll            numeric(17,2) NOT NULL,
    haben           numeric(17,2) NOT NULL,
    letzte_buchung  date NOT NULL,
    PRIMARY KEY (mandant_id, art, konto, geschaeftsjahr_beginn, periode)
);
COMMENT ON TABLE fibu.konto_saldo IS 'Verkehrszahlen per account, Geschäftsjahr and period; equals the sum of journalzeile';
COMMENT ON COLUMN fibu.konto_saldo.periode IS '0 opening values (EB), 1-12 months, 13 closing';

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['fibu.journalzeile', 'fibu.konto_saldo']::regclass[]) AS t;
