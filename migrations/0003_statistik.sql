-- The log belongs to the owner, and only an owner may analyse a table. Called by the program while a log is young.
CREATE FUNCTION log.analysieren() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE (
        SELECT 'ANALYZE ' || string_agg(format('%I.%I', schemaname, tablename), ', ')
        FROM pg_tables WHERE schemaname = 'log'
    );
END
$$;
COMMENT ON FUNCTION log.analysieren() IS 'Planner statistics of the log';
REVOKE EXECUTE ON FUNCTION log.analysieren() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log.analysieren() TO neuroerp_app;
