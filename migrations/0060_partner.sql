-- State tables of Kunde, Lieferant and Kreditlinie.

SET LOCAL ROLE neuroerp_app;

CREATE TABLE crm.kunde (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    kunden_nr text NOT NULL,
    kunden_art text NOT NULL CHECK (kunden_art IN ('firma', 'person', 'behoerde')),
    name text NOT NULL,
    verbraucher boolean NOT NULL,
    ust_status text NOT NULL CHECK (ust_status IN ('regel', 'pauschal24', 'klein19', 'eu', 'drittland')),
    ust_status_ab date NOT NULL,
    ust_id text,
    waehrung text NOT NULL,
    zahlungsbedingung_id uuid,
    preisliste_id uuid,
    lieferart text NOT NULL CHECK (lieferart IN ('lieferung', 'selbstabholung')),
    rechnungsart text NOT NULL CHECK (rechnungsart IN ('einzel', 'sammel')),
    valuta_tage integer,
    hauptkontakt_id uuid,
    debitor_id uuid,
    zusammengefuehrt_in uuid,
    status text NOT NULL CHECK (status IN ('entwurf', 'aktiv', 'archiviert', 'zusammengefuehrt')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(kunden_nr, '') || ' ' || coalesce(name, '') || ' ' || coalesce(ust_id, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE crm.kunde IS 'Customers; their account is fibu.debitor, their credit crm.kreditlinie';
CREATE INDEX kunde_kunden_nr ON crm.kunde (mandant_id, kunden_nr);
CREATE INDEX kunde_name ON crm.kunde (mandant_id, name);
CREATE INDEX kunde_suche ON crm.kunde USING gin (suche gin_trgm_ops);

CREATE TABLE crm.kunden_adresse (
    mandant_id      uuid NOT NULL,
    kunde_id uuid NOT NULL,
    adresse_id uuid NOT NULL,
    art text NOT NULL CHECK (art IN ('rechnung', 'lieferung', 'hof', 'silo')),
    strasse text,
    plz text NOT NULL,
    ort text NOT NULL,
    land text NOT NULL,
    lade_hinweis text,
    betriebsnummer text,
    gueltig_von date NOT NULL,
    gueltig_bis date,
    PRIMARY KEY (mandant_id, kunde_id, adresse_id),
    FOREIGN KEY (mandant_id, kunde_id) REFERENCES crm.kunde DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE crm.kunden_adresse IS 'Addresses of a customer, valid in time';

CREATE TABLE crm.kontakt (
    mandant_id      uuid NOT NULL,
    kunde_id uuid NOT NULL,
    kontakt_id uuid NOT NULL,
    betroffener_id uuid NOT NULL,
    name text NOT NULL,
    funktion text,
    telefon text,
    email text,
    entscheider boolean NOT NULL,
    empfang text[] NOT NULL,
    aktiv boolean NOT NULL,
    PRIMARY KEY (mandant_id, kunde_id, kontakt_id),
    FOREIGN KEY (mandant_id, kunde_id) REFERENCES crm.kunde DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE crm.kontakt IS 'Persons to talk to at a customer';

CREATE TABLE crm.kunden_sperre (
    mandant_id      uuid NOT NULL,
    kunde_id uuid NOT NULL,
    art text NOT NULL CHECK (art IN ('auftrag', 'liefer', 'faktura', 'werbung')),
    grund text NOT NULL,
    von date NOT NULL,
    bis date,
    PRIMARY KEY (mandant_id, kunde_id, art),
    FOREIGN KEY (mandant_id, kunde_id) REFERENCES crm.kunde DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE crm.kunden_sperre IS 'Locks of a customer; each blocks one step of the document chain';

CREATE TABLE crm.kunden_nachweis (
    mandant_id      uuid NOT NULL,
    kunde_id uuid NOT NULL,
    nachweis_id uuid NOT NULL,
    art text NOT NULL CHECK (art IN ('sachkunde_psm', 'bio', 'qs', 'vlog')),
    nummer text NOT NULL,
    gueltig_von date,
    gueltig_bis date NOT NULL,
    dokument_id uuid,
    widerrufen_ab date,
    PRIMARY KEY (mandant_id, kunde_id, nachweis_id),
    FOREIGN KEY (mandant_id, kunde_id) REFERENCES crm.kunde DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE crm.kunden_nachweis IS 'Certificates of a customer';

CREATE TABLE crm.kreditlinie (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    kunde_id uuid NOT NULL,
    waehrung text NOT NULL,
    obligo numeric(15,2) NOT NULL,
    vorgemerkt numeric(15,2) NOT NULL,
    status text NOT NULL CHECK (status IN ('im_rahmen', 'ausgeschoepft', 'abgelaufen')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(status, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE crm.kreditlinie IS 'Credit of a customer and its use';
COMMENT ON COLUMN crm.kreditlinie.vorgemerkt IS 'Orders that did not fit; not part of the obligo';
CREATE INDEX kreditlinie_kunde ON crm.kreditlinie (mandant_id, kunde_id);
CREATE INDEX kreditlinie_suche ON crm.kreditlinie USING gin (suche gin_trgm_ops);

CREATE TABLE crm.kreditlimit (
    mandant_id      uuid NOT NULL,
    kreditlinie_id uuid NOT NULL,
    nr integer NOT NULL,
    betrag numeric(15,2) NOT NULL CHECK (betrag >= 0),
    gueltig_ab date NOT NULL,
    gueltig_bis date,
    sicherheit text,
    gesetzt_von text NOT NULL,
    freigegeben_von text,
    PRIMARY KEY (mandant_id, kreditlinie_id, nr),
    FOREIGN KEY (mandant_id, kreditlinie_id) REFERENCES crm.kreditlinie DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE crm.kreditlimit IS 'Agreed limits, valid in time; a second person releases them';

CREATE TABLE crm.kredit_belegung (
    mandant_id      uuid NOT NULL,
    kreditlinie_id uuid NOT NULL,
    beleg_typ text NOT NULL CHECK (beleg_typ IN ('auftrag', 'lieferung', 'op', 'zahlung', 'gutschrift')),
    beleg_id uuid NOT NULL,
    beleg_nummer text,
    belegt numeric(15,2) NOT NULL,
    vorgemerkt numeric(15,2) NOT NULL,
    vormerkung_nr bigint,
    PRIMARY KEY (mandant_id, kreditlinie_id, beleg_typ, beleg_id),
    FOREIGN KEY (mandant_id, kreditlinie_id) REFERENCES crm.kreditlinie DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE crm.kredit_belegung IS 'What a document uses of a credit line; payments and credit notes count against it';
COMMENT ON COLUMN crm.kredit_belegung.vormerkung_nr IS 'Rank among those that wait, the lowest waits longest';

CREATE TABLE wawi.lieferant (
    mandant_id      uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    log_position    bigint NOT NULL,
    angelegt_am     timestamptz NOT NULL,
    geaendert_am    timestamptz NOT NULL,
    lieferant_nr text NOT NULL,
    name text NOT NULL,
    matchcode text,
    art text NOT NULL CHECK (art IN ('handel', 'erzeuger', 'spedition', 'dienst')),
    ust_status text NOT NULL CHECK (ust_status IN ('regel', 'pauschal24', 'klein19', 'eu', 'drittland')),
    ust_status_ab date NOT NULL,
    ust_id text,
    steuernummer text,
    kunde_id uuid,
    dublette_von uuid,
    dublette_grund text,
    waehrung text NOT NULL,
    kreditor_id uuid,
    status text NOT NULL CHECK (status IN ('angelegt', 'freigegeben', 'gesperrt', 'inaktiv')),
    suche           text GENERATED ALWAYS AS (log.falten(coalesce(lieferant_nr, '') || ' ' || coalesce(name, '') || ' ' || coalesce(matchcode, '') || ' ' || coalesce(ust_id, ''))) STORED,
    PRIMARY KEY (mandant_id, id)
);
COMMENT ON TABLE wawi.lieferant IS 'Suppliers, farmers, carriers; their account is fibu.kreditor';
CREATE INDEX lieferant_lieferant_nr ON wawi.lieferant (mandant_id, lieferant_nr);
CREATE INDEX lieferant_name ON wawi.lieferant (mandant_id, name);
CREATE INDEX lieferant_suche ON wawi.lieferant USING gin (suche gin_trgm_ops);

CREATE TABLE wawi.lieferant_adresse (
    mandant_id      uuid NOT NULL,
    lieferant_id uuid NOT NULL,
    adresse_id uuid NOT NULL,
    art text NOT NULL CHECK (art IN ('haupt', 'rechnung', 'abholung', 'hof')),
    strasse text,
    plz text NOT NULL,
    ort text NOT NULL,
    land text NOT NULL,
    lade_hinweis text,
    betriebsnummer text,
    gueltig_von date NOT NULL,
    gueltig_bis date,
    PRIMARY KEY (mandant_id, lieferant_id, adresse_id),
    FOREIGN KEY (mandant_id, lieferant_id) REFERENCES wawi.lieferant DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.lieferant_adresse IS 'Addresses of a supplier, valid in time';

CREATE TABLE wawi.lieferant_kontakt (
    mandant_id      uuid NOT NULL,
    lieferant_id uuid NOT NULL,
    kontakt_id uuid NOT NULL,
    betroffener_id uuid NOT NULL,
    name text NOT NULL,
    funktion text,
    telefon text,
    email text,
    entscheider boolean NOT NULL,
    empfang text[] NOT NULL,
    aktiv boolean NOT NULL,
    PRIMARY KEY (mandant_id, lieferant_id, kontakt_id),
    FOREIGN KEY (mandant_id, lieferant_id) REFERENCES wawi.lieferant DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.lieferant_kontakt IS 'Persons to talk to at a supplier';

CREATE TABLE wawi.lieferant_sperre (
    mandant_id      uuid NOT NULL,
    lieferant_id uuid NOT NULL,
    art text NOT NULL CHECK (art IN ('bestellung', 'zahlung', 'gesamt')),
    grund text NOT NULL,
    von date NOT NULL,
    bis date,
    PRIMARY KEY (mandant_id, lieferant_id, art),
    FOREIGN KEY (mandant_id, lieferant_id) REFERENCES wawi.lieferant DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.lieferant_sperre IS 'The lock of a supplier; one at a time';

CREATE TABLE wawi.lieferant_zertifikat (
    mandant_id      uuid NOT NULL,
    lieferant_id uuid NOT NULL,
    nachweis_id uuid NOT NULL,
    art text NOT NULL CHECK (art IN ('qs', 'gmp', 'bio', 'vlog', 'iscc', 'redcert')),
    nummer text NOT NULL,
    gueltig_von date,
    gueltig_bis date NOT NULL,
    dokument_id uuid,
    widerrufen_ab date,
    PRIMARY KEY (mandant_id, lieferant_id, nachweis_id),
    FOREIGN KEY (mandant_id, lieferant_id) REFERENCES wawi.lieferant DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.lieferant_zertifikat IS 'Certificates of a supplier';

CREATE TABLE wawi.lieferant_kondition (
    mandant_id      uuid NOT NULL,
    lieferant_id uuid NOT NULL,
    gueltig_ab date NOT NULL,
    zahlungsbedingung_id uuid NOT NULL,
    mindestbestellwert numeric(15,2),
    frachtfrei_ab numeric(15,2),
    PRIMARY KEY (mandant_id, lieferant_id, gueltig_ab),
    FOREIGN KEY (mandant_id, lieferant_id) REFERENCES wawi.lieferant DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE wawi.lieferant_kondition IS 'Terms of purchase by date';

RESET ROLE;

SELECT log.lesbar_machen(t) FROM unnest(ARRAY[
    'crm.kunde', 'crm.kunden_adresse', 'crm.kontakt', 'crm.kunden_sperre', 'crm.kunden_nachweis',
    'crm.kreditlinie', 'crm.kreditlimit', 'crm.kredit_belegung',
    'wawi.lieferant', 'wawi.lieferant_adresse', 'wawi.lieferant_kontakt', 'wawi.lieferant_sperre',
    'wawi.lieferant_zertifikat', 'wawi.lieferant_kondition'
]::regclass[]) AS t;
