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
COMMENT ON COLUMN fibu.journalzeile.mandant_id IS 'Company';
COMMENT ON COLUMN fibu.journalzeile.log_position IS 'Position of the postings event in the log';
COMMENT ON COLUMN fibu.journalzeile.zeile IS 'Number of the line within the voucher';
COMMENT ON COLUMN fibu.journalzeile.geschaeftsjahr_id IS 'Id of the Geschäftsjahr';
COMMENT ON COLUMN fibu.journalzeile.geschaeftsjahr_beginn IS 'First day of the Geschäftsjahr';
COMMENT ON COLUMN fibu.journalzeile.periode IS '0 opening values (EB), 1-12 months, 13 closing';
COMMENT ON COLUMN fibu.journalzeile.buchung_id IS 'Id of the Buchung';
COMMENT ON COLUMN fibu.journalzeile.belegnummer IS 'Number of the voucher';
COMMENT ON COLUMN fibu.journalzeile.belegkreis IS 'Nummernkreis of the number';
COMMENT ON COLUMN fibu.journalzeile.beleg IS 'Reference of the document that was posted';
COMMENT ON COLUMN fibu.journalzeile.belegdatum IS 'Date of the document';
COMMENT ON COLUMN fibu.journalzeile.buchungsdatum IS 'Day the posting holds for';
COMMENT ON COLUMN fibu.journalzeile.steuerdatum IS 'Day that decides tax rates and the period of the VAT return';
COMMENT ON COLUMN fibu.journalzeile.erfasser IS 'Who posted';
COMMENT ON COLUMN fibu.journalzeile.buchungsart IS 'Kind of posting';
COMMENT ON COLUMN fibu.journalzeile.text IS 'Text of the line, else of the voucher';
COMMENT ON COLUMN fibu.journalzeile.konto IS 'Account (Sachkonto)';
COMMENT ON COLUMN fibu.journalzeile.personenkonto IS 'Customer or supplier account behind a Sammelkonto';
COMMENT ON COLUMN fibu.journalzeile.gegenkonto IS 'Account on the other side, where there is one';
COMMENT ON COLUMN fibu.journalzeile.seite IS 'soll or haben';
COMMENT ON COLUMN fibu.journalzeile.soll IS 'betrag if seite is soll, else 0';
COMMENT ON COLUMN fibu.journalzeile.haben IS 'betrag if seite is haben, else 0';
COMMENT ON COLUMN fibu.journalzeile.schluessel IS 'Tax key';
COMMENT ON COLUMN fibu.journalzeile.satz IS 'Tax rate in percent';
COMMENT ON COLUMN fibu.journalzeile.steuerrolle IS 'basis, steuer or keine: what the line is for the tax';
COMMENT ON COLUMN fibu.journalzeile.kst IS 'Cost centre of the first cost split';
COMMENT ON COLUMN fibu.journalzeile.herkunft_id IS 'Id of the record the posting comes from';
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
    soll            numeric(20,2) NOT NULL,
    haben           numeric(20,2) NOT NULL,
    letztes_steuerdatum date NOT NULL,
    PRIMARY KEY (mandant_id, art, konto, geschaeftsjahr_beginn, periode)
);
COMMENT ON TABLE fibu.konto_saldo IS 'Verkehrszahlen per account, Geschäftsjahr and period; equals the sum of journalzeile';
COMMENT ON COLUMN fibu.konto_saldo.mandant_id IS 'Company';
COMMENT ON COLUMN fibu.konto_saldo.art IS 'sach or personen';
COMMENT ON COLUMN fibu.konto_saldo.konto IS 'Number of the account';
COMMENT ON COLUMN fibu.konto_saldo.geschaeftsjahr_beginn IS 'First day of the Geschäftsjahr';
COMMENT ON COLUMN fibu.konto_saldo.soll IS 'Sum on the Soll side, EUR';
COMMENT ON COLUMN fibu.konto_saldo.haben IS 'Sum on the Haben side, EUR';
COMMENT ON COLUMN fibu.konto_saldo.letztes_steuerdatum IS 'Latest steuerdatum posted: a new tax rule of the account begins after it';
COMMENT ON COLUMN fibu.konto_saldo.periode IS '0 opening values (EB), 1-12 months, 13 closing';

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['fibu.journalzeile', 'fibu.konto_saldo']::regclass[]) AS t;
