-- The log: the only source of truth. Owned by the role that migrates; the running program (neuroerp_app) may insert
-- and select events, never change them.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neuroerp_app') THEN
        CREATE ROLE neuroerp_app NOLOGIN;
    END IF;
    -- The role that connects may take the program's role. Roles belong to the whole server: for a second database with
    -- another owner a superuser has to have said so before, since only who may administer a role may give it on.
    IF NOT pg_has_role(current_user, 'neuroerp_app', 'USAGE') THEN
        EXECUTE format('GRANT neuroerp_app TO %I', current_user);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'die Rolle % darf die Rolle neuroerp_app nicht anlegen oder annehmen', current_user
        USING ERRCODE = 'insufficient_privilege', HINT = format('als Superuser einmal, soweit es fehlt: CREATE ROLE neuroerp_app NOLOGIN; '
            'CREATE ROLE neuroerp_leser NOLOGIN; GRANT neuroerp_app TO %I', current_user);
END $$;

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- The schema exists: the list of applied migrations (log.migration) lives in it.
COMMENT ON SCHEMA log IS 'The event log and what commits with it: heads, claims, counters, command ids, snapshots, timers';
GRANT USAGE ON SCHEMA log TO neuroerp_app;

CREATE TABLE log.kopf (
    mandant_id  uuid PRIMARY KEY,
    position    bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
    recorded_at timestamptz NOT NULL DEFAULT 'epoch',
    epoche      integer NOT NULL DEFAULT 1,
    baum        bytea NOT NULL DEFAULT '',
    anspruch_position bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE log.kopf IS 'Head of each Mandant''s log. Whoever holds this row decides; positions come from here, never from a sequence';
COMMENT ON COLUMN log.kopf.baum IS 'Frontier of the Merkle tree (RFC 9162): roots of the full subtrees, largest first, 32 bytes each';

CREATE TABLE log.ereignis (
    mandant_id     uuid NOT NULL,
    position       bigint NOT NULL CHECK (position > 0),
    event_id       uuid NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id   uuid NOT NULL,
    version        bigint NOT NULL CHECK (version > 0),
    event_type     text NOT NULL,
    event_version  smallint NOT NULL CHECK (event_version > 0),
    payload        json,
    meta           json,
    actor          text NOT NULL,
    cause          uuid,
    correlation    uuid NOT NULL,
    recorded_at    timestamptz NOT NULL,
    salt           bytea NOT NULL CHECK (length(salt) = 16),
    daten_hash     bytea NOT NULL CHECK (length(daten_hash) = 32),
    leaf_hash      bytea NOT NULL CHECK (length(leaf_hash) = 32),
    PRIMARY KEY (mandant_id, position)
);
COMMENT ON COLUMN log.kopf.anspruch_position IS 'Position of the last append that took or released claims: up to there what a process remembers of claims may be old';
COMMENT ON TABLE log.ereignis IS 'Every fact since day one, per Mandant in order without a gap. Insert only';
COMMENT ON COLUMN log.ereignis.payload IS 'Fields of the event, canonical JSON (RFC 8785); json keeps the bytes';
COMMENT ON COLUMN log.ereignis.meta IS 'befehl_id, schluessel (API key), grund, im_auftrag_von: canonical JSON, under the hash too';
COMMENT ON COLUMN log.ereignis.recorded_at IS 'erfasst_am: greatest(database clock, last), one per batch, taken under the head lock';
-- Loads a stream in order and, by being unique, is the second line of defence behind the head lock.
CREATE UNIQUE INDEX ereignis_strom ON log.ereignis (mandant_id, aggregate_id, aggregate_type, version);
CREATE UNIQUE INDEX ereignis_id ON log.ereignis (mandant_id, event_id);
CREATE INDEX ereignis_zeit ON log.ereignis (mandant_id, recorded_at);

CREATE TABLE log.befehl (
    mandant_id    uuid NOT NULL,
    befehl_id     uuid NOT NULL,
    anfrage_hash  bytea,
    status        smallint NOT NULL,
    position_von  bigint NOT NULL,
    position_bis  bigint NOT NULL,
    antwort       json NOT NULL,
    PRIMARY KEY (mandant_id, befehl_id)
);
COMMENT ON TABLE log.befehl IS 'Commands carried out. With an Idempotency-Key the id is derived from caller and key, so a repetition finds the first answer; kept for ever';

CREATE TABLE log.anspruch (
    mandant_id     uuid NOT NULL,
    bereich        text NOT NULL,
    schluessel     text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id   uuid NOT NULL,
    PRIMARY KEY (mandant_id, bereich, schluessel)
);
COMMENT ON TABLE log.anspruch IS 'Unique keys (claims): taken, moved and released by the events that say so, in the same append';

CREATE TABLE log.zaehler (
    mandant_id    uuid NOT NULL,
    kreis         text NOT NULL,
    jahr          integer NOT NULL,
    stand         bigint NOT NULL,
    letztes_datum date,
    PRIMARY KEY (mandant_id, kreis, jahr)
);
COMMENT ON TABLE log.zaehler IS 'Last number given per Nummernkreis and year, raised in the append';

CREATE TABLE log.schnappschuss (
    mandant_id     uuid NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id   uuid NOT NULL,
    schema_hash    text NOT NULL,
    version        bigint NOT NULL,
    zustand        json NOT NULL,
    PRIMARY KEY (mandant_id, aggregate_type, aggregate_id)
);
COMMENT ON TABLE log.schnappschuss IS 'Folded states of long streams, keyed by the state''s schema; never needed for correctness';

CREATE TABLE log.politik_stand (
    mandant_id uuid NOT NULL,
    politik    text NOT NULL,
    position   bigint NOT NULL,
    pacht_von  uuid NOT NULL,
    pacht_bis  timestamptz NOT NULL,
    PRIMARY KEY (mandant_id, politik)
);
COMMENT ON TABLE log.politik_stand IS 'Checkpoint of each following policy';
COMMENT ON COLUMN log.politik_stand.pacht_bis IS 'Until then the policy is in the hands of the process pacht_von';

CREATE TABLE log.politik_abgelehnt (
    mandant_id uuid NOT NULL,
    politik    text NOT NULL,
    position   bigint NOT NULL,
    nr         integer NOT NULL,
    code       text NOT NULL,
    detail     text NOT NULL,
    am         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (mandant_id, politik, position, nr)
);
COMMENT ON TABLE log.politik_abgelehnt IS 'Commands of following policies and timers that were refused by a rule; counted in the metrics';

CREATE TABLE log.frist (
    mandant_id     uuid NOT NULL,
    schluessel     uuid NOT NULL,
    faellig        timestamptz NOT NULL,
    ziel_mandant   uuid NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id   uuid NOT NULL,
    befehl         json NOT NULL,
    politik        text NOT NULL,
    ursache        uuid NOT NULL,
    korrelation    uuid NOT NULL,
    position       bigint NOT NULL,
    versuche       integer NOT NULL DEFAULT 0,
    versuch_ab     timestamptz NOT NULL,
    erledigt_am    timestamptz,
    PRIMARY KEY (mandant_id, schluessel)
);
COMMENT ON TABLE log.frist IS 'Timers: due commands of following policies; each fires once (schluessel is the command id)';
COMMENT ON COLUMN log.frist.versuch_ab IS 'When it is sent next: faellig at first, later after each attempt that came to no end';
CREATE INDEX frist_offen ON log.frist (versuch_ab) WHERE erledigt_am IS NULL;

CREATE FUNCTION log.unveraenderlich() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Das Journal ist unveränderlich: % auf %.% ist nicht erlaubt', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', HINT = 'Korrekturen sind neue Ereignisse (GoBD Rz. 58-60).';
END $$;
CREATE TRIGGER unveraenderlich BEFORE UPDATE OR DELETE OR TRUNCATE ON log.ereignis
    FOR EACH STATEMENT EXECUTE FUNCTION log.unveraenderlich();
CREATE TRIGGER unveraenderlich BEFORE UPDATE OR DELETE OR TRUNCATE ON log.befehl
    FOR EACH STATEMENT EXECUTE FUNCTION log.unveraenderlich();

GRANT SELECT, INSERT ON log.ereignis, log.befehl TO neuroerp_app;
GRANT SELECT, INSERT, UPDATE ON log.kopf, log.zaehler, log.schnappschuss, log.politik_stand, log.frist TO neuroerp_app;
GRANT SELECT, INSERT, DELETE ON log.anspruch TO neuroerp_app;
GRANT SELECT, INSERT ON log.politik_abgelehnt TO neuroerp_app;

-- Folds umlauts and their two-letter forms to one spelling for search: Müller, Mueller and Muller meet.
CREATE FUNCTION log.falten(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT replace(replace(replace(replace(
        translate(lower($1), 'äöüáàâéèêíìîóòôúùûçñ', 'aouaaaeeeiiiooouuucn'), 'ß', 'ss'), 'ae', 'a'), 'oe', 'o'), 'ue', 'u')
$$;
