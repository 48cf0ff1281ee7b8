-- The size of the tree goes out as text everywhere else (a position may leave what JSON's numbers carry); a record says it
-- the same way.
ALTER TABLE fibu.periode ALTER COLUMN baum_groesse TYPE numeric(20, 0);
