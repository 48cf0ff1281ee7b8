-- Read models: their schemas belong to the program's role, so that they can be rebuilt beside the live tables.

CREATE SCHEMA projektion AUTHORIZATION neuroerp_app;
CREATE SCHEMA fibu AUTHORIZATION neuroerp_app;
CREATE SCHEMA wawi AUTHORIZATION neuroerp_app;
CREATE SCHEMA crm AUTHORIZATION neuroerp_app;
CREATE SCHEMA dienste AUTHORIZATION neuroerp_app;
COMMENT ON SCHEMA projektion IS 'Checkpoints of the ledgers';
COMMENT ON SCHEMA fibu IS 'Read models of Finanzbuchhaltung';
COMMENT ON SCHEMA wawi IS 'Read models of Warenwirtschaft';
COMMENT ON SCHEMA crm IS 'Read models of customers and sales';
COMMENT ON SCHEMA dienste IS 'Read models of the services for all areas';

-- People with BI tools and auditors log in with roles that hold neuroerp_leser and see one company only:
--   CREATE ROLE bi LOGIN PASSWORD '…' IN ROLE neuroerp_leser; INSERT INTO log.leser VALUES ('bi', '<uuid of the company>');
-- Row-level security on every table compares its mandant_id with log.leser_mandant().
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neuroerp_leser') THEN
        CREATE ROLE neuroerp_leser NOLOGIN;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'die Rolle % darf die Rolle neuroerp_leser nicht anlegen', current_user
        USING ERRCODE = 'insufficient_privilege', HINT = 'als Superuser einmal: CREATE ROLE neuroerp_leser NOLOGIN';
END $$;
GRANT USAGE ON SCHEMA fibu, wawi, crm, dienste TO neuroerp_leser;

-- Which company a reading role may see: bound to the role itself, so that a SET in the session cannot change it.
CREATE TABLE log.leser (
    rolle      text PRIMARY KEY,
    mandant_id uuid NOT NULL
);
COMMENT ON TABLE log.leser IS 'Reading database roles and the company each may see; maintained by the owner';
CREATE FUNCTION log.leser_mandant() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT mandant_id FROM log.leser WHERE rolle = session_user
$$;
GRANT USAGE ON SCHEMA log TO neuroerp_leser;
GRANT EXECUTE ON FUNCTION log.leser_mandant() TO neuroerp_leser;

SET LOCAL ROLE neuroerp_app;

CREATE TABLE projektion.stand (
    projektion text NOT NULL,
    mandant_id uuid NOT NULL,
    position   bigint NOT NULL DEFAULT 0,
    fehler     text,
    geaendert_am timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projektion, mandant_id)
);
COMMENT ON TABLE projektion.stand IS 'Up to which position each ledger has seen the log; commits with the ledger''s rows';
COMMENT ON COLUMN projektion.stand.fehler IS 'Why the ledger stopped; it never skips an event';

RESET ROLE;

-- Every read-model table gets the same row-level security: readers see their company. Called by each migration. Rows
-- of the system that are about a company (its master data) name it in another column, `firma`; a reader sees those too.
CREATE FUNCTION log.lesbar_machen(tabelle regclass, firma name DEFAULT 'mandant_id') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    sichtbar text := 'mandant_id = (SELECT log.leser_mandant())';
BEGIN
    IF firma <> 'mandant_id' THEN
        sichtbar := format('%s OR %I = (SELECT log.leser_mandant())', sichtbar, firma);
    END IF;
    EXECUTE format('ALTER TABLE %s OWNER TO neuroerp_app', tabelle);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tabelle);
    EXECUTE format('DROP POLICY IF EXISTS leser ON %s', tabelle);
    EXECUTE format('CREATE POLICY leser ON %s FOR SELECT TO neuroerp_leser USING (%s)', tabelle, sichtbar);
    EXECUTE format('GRANT SELECT ON %s TO neuroerp_leser', tabelle);
END $$;

-- Where read models are rebuilt beside the live ones.
CREATE SCHEMA umbau AUTHORIZATION neuroerp_app;
COMMENT ON SCHEMA umbau IS 'Shadow tables of a rebuild; empty otherwise';
