-- State tables of the master data of Finanzbuchhaltung.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE fibu.kontenplan (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    rahmen text NOT NULL CHECK (rahmen IN ('skr03', 'skr04', 'eigen')),
    kontolaenge smallint NOT NULL,
    personenkontolaenge smallint NOT NULL,
    hauswaehrung text NOT NULL,
    vorlage_uebernommen_am date,
    status text NOT NULL CHECK (status IN ('aktiv')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(rahmen, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.kontenplan IS 'Frame for all accounts, one per company';
CREATE INDEX kontenplan_suche ON fibu.kontenplan USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.kontengruppe (
    mandant_id      uuid NOT NULL,
    kontenplan_id uuid NOT NULL,
    nr_von text NOT NULL,
    nr_bis text NOT NULL,
    bezeichnung text NOT NULL,
    eltern text,
    art text,
    fester_schluessel text,
    PRIMARY KEY (mandant_id, kontenplan_id, nr_von, nr_bis),
    FOREIGN KEY (mandant_id, kontenplan_id) REFERENCES fibu.kontenplan DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.kontengruppe IS 'Ranges of accounts: subtotals and default properties of new accounts';

CREATE TABLE fibu.gliederungszeile (
    mandant_id      uuid NOT NULL,
    kontenplan_id uuid NOT NULL,
    gliederung text NOT NULL,
    schluessel text NOT NULL,
    eltern text,
    bezeichnung text NOT NULL,
    reihenfolge integer NOT NULL,
    formel text,
    PRIMARY KEY (mandant_id, kontenplan_id, gliederung, schluessel),
    FOREIGN KEY (mandant_id, kontenplan_id) REFERENCES fibu.kontenplan DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.gliederungszeile IS 'Lines of Bilanz, GuV and BWA as data';

CREATE TABLE fibu.kontenfindungsregel (
    mandant_id      uuid NOT NULL,
    kontenplan_id uuid NOT NULL,
    nr integer NOT NULL,
    zweck text NOT NULL,
    schluessel text,
    artikelgruppe text,
    partnergruppe text,
    konto_nr text NOT NULL,
    gueltig_ab date NOT NULL,
    PRIMARY KEY (mandant_id, kontenplan_id, nr),
    FOREIGN KEY (mandant_id, kontenplan_id) REFERENCES fibu.kontenplan DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.kontenfindungsregel IS 'Which account a policy posts to';

CREATE TABLE fibu.konto (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    konto_nr text NOT NULL,
    bezeichnung text NOT NULL,
    art text NOT NULL CHECK (art IN ('aktiv', 'passiv', 'eigenkapital', 'ertrag', 'aufwand', 'statistik')),
    funktion text NOT NULL CHECK (funktion IN ('sach', 'sammel_debitor', 'sammel_kreditor', 'steuer', 'geld', 'vortrag')),
    kst_regel text NOT NULL CHECK (kst_regel IN ('keine', 'erlaubt', 'pflicht')),
    status text NOT NULL CHECK (status IN ('aktiv', 'gesperrt', 'stillgelegt')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(konto_nr, '') || ' ' || coalesce(bezeichnung, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.konto IS 'Accounts; balances are in the ledgers, never here';
CREATE INDEX konto_konto_nr ON fibu.konto (mandant_id, konto_nr);
CREATE INDEX konto_suche ON fibu.konto USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.konto_steuerregel (
    mandant_id      uuid NOT NULL,
    konto_id uuid NOT NULL,
    gueltig_ab date NOT NULL,
    automatik text NOT NULL CHECK (automatik IN ('am', 'av', 'keine', 'ku')),
    fester_schluessel text,
    erlaubte_schluessel text[] NOT NULL,
    vorschlag_schluessel text,
    PRIMARY KEY (mandant_id, konto_id, gueltig_ab),
    FOREIGN KEY (mandant_id, konto_id) REFERENCES fibu.konto DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.konto_steuerregel IS 'Automatic tax of an account, dated';

CREATE TABLE fibu.gliederungszuordnung (
    mandant_id      uuid NOT NULL,
    konto_id uuid NOT NULL,
    gliederung text NOT NULL,
    zeile_soll text,
    zeile_haben text,
    PRIMARY KEY (mandant_id, konto_id, gliederung),
    FOREIGN KEY (mandant_id, konto_id) REFERENCES fibu.konto DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.gliederungszuordnung IS 'Side-dependent statement lines of an account';

CREATE TABLE fibu.steuer_schluessel (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    code text NOT NULL,
    bezeichnung text NOT NULL,
    richtung text NOT NULL CHECK (richtung IN ('umsatz', 'vorsteuer', 'beide', 'ohne')),
    konto_ust text,
    konto_vst text,
    ust_id_pflicht boolean NOT NULL,
    zm_art text CHECK (zm_art IN ('lieferung', 'leistung', 'dreieck')),
    datev_bu text,
    hinweistext text,
    status text NOT NULL CHECK (status IN ('aktiv', 'stillgelegt')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(code, '') || ' ' || coalesce(bezeichnung, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.steuer_schluessel IS 'Tax cases';
CREATE INDEX steuer_schluessel_code ON fibu.steuer_schluessel (mandant_id, code);
CREATE INDEX steuer_schluessel_datev_bu ON fibu.steuer_schluessel (mandant_id, datev_bu);
CREATE INDEX steuer_schluessel_suche ON fibu.steuer_schluessel USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.steuersatz (
    mandant_id      uuid NOT NULL,
    steuer_schluessel_id uuid NOT NULL,
    gueltig_ab date NOT NULL,
    gueltig_bis date,
    satz numeric NOT NULL CHECK (satz BETWEEN 0 AND 100),
    PRIMARY KEY (mandant_id, steuer_schluessel_id, gueltig_ab),
    FOREIGN KEY (mandant_id, steuer_schluessel_id) REFERENCES fibu.steuer_schluessel DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.steuersatz IS 'Dated rates in percent; a new rate is a row';

CREATE TABLE fibu.kennzahl_zuordnung (
    mandant_id      uuid NOT NULL,
    steuer_schluessel_id uuid NOT NULL,
    gueltig_ab date NOT NULL,
    kz_basis text,
    kz_steuer text,
    kz_vorsteuer text,
    PRIMARY KEY (mandant_id, steuer_schluessel_id, gueltig_ab),
    FOREIGN KEY (mandant_id, steuer_schluessel_id) REFERENCES fibu.steuer_schluessel DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.kennzahl_zuordnung IS 'Fields of the VAT return, dated';

CREATE TABLE fibu.geschaeftsjahr (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    bezeichnung text NOT NULL,
    beginn date NOT NULL,
    ende date NOT NULL,
    art text NOT NULL CHECK (art IN ('normal', 'rumpf')),
    erstes boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('geplant', 'eroeffnet', 'abgeschlossen')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(bezeichnung, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.geschaeftsjahr IS 'Fiscal years; need not begin in January';
CREATE INDEX geschaeftsjahr_beginn ON fibu.geschaeftsjahr (mandant_id, beginn);
CREATE INDEX geschaeftsjahr_suche ON fibu.geschaeftsjahr USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.periode (
    mandant_id      uuid NOT NULL,
    geschaeftsjahr_id uuid NOT NULL,
    nr smallint NOT NULL,
    von date NOT NULL,
    bis date NOT NULL,
    status text NOT NULL CHECK (status IN ('offen', 'gesperrt', 'festgeschrieben')),
    baum_groesse bigint,
    wurzel text,
    anzahl bigint,
    summe_soll numeric(17,2),
    summe_haben numeric(17,2),
    PRIMARY KEY (mandant_id, geschaeftsjahr_id, nr),
    FOREIGN KEY (mandant_id, geschaeftsjahr_id) REFERENCES fibu.geschaeftsjahr DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.periode IS 'Posting gate; a sealed period bears size and root of the log before it, and number and sums of its vouchers';

CREATE TABLE fibu.debitor (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    nr text NOT NULL,
    name text NOT NULL,
    strasse text,
    plz text,
    ort text,
    land text,
    kunde_id uuid,
    sammelkonto text NOT NULL,
    zahlungsbedingung_id uuid,
    waehrung text NOT NULL,
    verbraucher boolean NOT NULL,
    mahnverfahren_id uuid,
    zinsgruppe text,
    mahnsperre boolean NOT NULL,
    mahnsperre_bis date,
    mahnsperre_grund text,
    status text NOT NULL CHECK (status IN ('aktiv', 'gesperrt', 'geschlossen')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(nr, '') || ' ' || coalesce(name, '') || ' ' || coalesce(ort, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.debitor IS 'Customer accounts';
CREATE INDEX debitor_nr ON fibu.debitor (mandant_id, nr);
CREATE INDEX debitor_name ON fibu.debitor (mandant_id, name);
CREATE INDEX debitor_suche ON fibu.debitor USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.debitor_ust_status (
    mandant_id      uuid NOT NULL,
    debitor_id uuid NOT NULL,
    gueltig_ab date NOT NULL,
    art text NOT NULL CHECK (art IN ('regel', 'pauschal24', 'klein19', 'eu', 'drittland')),
    ust_id text,
    geprueft_am date,
    ergebnis text,
    PRIMARY KEY (mandant_id, debitor_id, gueltig_ab),
    FOREIGN KEY (mandant_id, debitor_id) REFERENCES fibu.debitor DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.debitor_ust_status IS 'Dated VAT status of a customer';

CREATE TABLE fibu.debitor_bankverbindung (
    mandant_id      uuid NOT NULL,
    debitor_id uuid NOT NULL,
    nr integer NOT NULL,
    iban text NOT NULL,
    bic text,
    inhaber text,
    status text NOT NULL CHECK (status IN ('neu', 'bestaetigt', 'abgeloest')),
    erfasst_von text NOT NULL,
    geprueft_von text,
    PRIMARY KEY (mandant_id, debitor_id, nr),
    FOREIGN KEY (mandant_id, debitor_id) REFERENCES fibu.debitor DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.debitor_bankverbindung IS 'Bank accounts of a customer, released by a second person';

CREATE TABLE fibu.kreditor (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    nr text NOT NULL,
    name text NOT NULL,
    strasse text,
    plz text,
    ort text,
    land text,
    lieferant_id uuid,
    sammelkonto text NOT NULL,
    zahlungsbedingung_id uuid,
    waehrung text NOT NULL,
    selbstabrechnung_ab date,
    zahlsperre boolean NOT NULL,
    zahlsperre_bis date,
    zahlsperre_grund text,
    status text NOT NULL CHECK (status IN ('aktiv', 'gesperrt', 'geschlossen')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(nr, '') || ' ' || coalesce(name, '') || ' ' || coalesce(ort, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE fibu.kreditor IS 'Supplier accounts';
CREATE INDEX kreditor_nr ON fibu.kreditor (mandant_id, nr);
CREATE INDEX kreditor_name ON fibu.kreditor (mandant_id, name);
CREATE INDEX kreditor_suche ON fibu.kreditor USING gin (suche gin_trgm_ops);

CREATE TABLE fibu.kreditor_ust_status (
    mandant_id      uuid NOT NULL,
    kreditor_id uuid NOT NULL,
    gueltig_ab date NOT NULL,
    art text NOT NULL CHECK (art IN ('regel', 'pauschal24', 'klein19', 'eu', 'drittland')),
    ust_id text,
    geprueft_am date,
    ergebnis text,
    PRIMARY KEY (mandant_id, kreditor_id, gueltig_ab),
    FOREIGN KEY (mandant_id, kreditor_id) REFERENCES fibu.kreditor DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.kreditor_ust_status IS 'Dated VAT status of a supplier';

CREATE TABLE fibu.kreditor_bankverbindung (
    mandant_id      uuid NOT NULL,
    kreditor_id uuid NOT NULL,
    nr integer NOT NULL,
    iban text NOT NULL,
    bic text,
    inhaber text,
    status text NOT NULL CHECK (status IN ('neu', 'bestaetigt', 'abgeloest')),
    erfasst_von text NOT NULL,
    geprueft_von text,
    PRIMARY KEY (mandant_id, kreditor_id, nr),
    FOREIGN KEY (mandant_id, kreditor_id) REFERENCES fibu.kreditor DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE fibu.kreditor_bankverbindung IS 'Bank accounts of a supplier, released by a second person';

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY['fibu.kontenplan', 'fibu.kontengruppe', 'fibu.gliederungszeile', 'fibu.kontenfindungsregel', 'fibu.konto', 'fibu.konto_steuerregel', 'fibu.gliederungszuordnung', 'fibu.steuer_schluessel', 'fibu.steuersatz', 'fibu.kennzahl_zuordnung', 'fibu.geschaeftsjahr', 'fibu.periode', 'fibu.debitor', 'fibu.debitor_ust_status', 'fibu.debitor_bankverbindung', 'fibu.kreditor', 'fibu.kreditor_ust_status', 'fibu.kreditor_bankverbindung']::regclass[]) AS t;
