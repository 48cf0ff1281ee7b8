-- What is invoiced of an order, at the value with which it went.

SET LOCAL ROLE neuroerp_app;

ALTER TABLE crm.auftrag_position ADD COLUMN fakturiert_lieferwert numeric(15,2) NOT NULL DEFAULT 0;
-- Its value is in the state, as that of every other column.
ALTER TABLE crm.auftrag_position ALTER COLUMN fakturiert_lieferwert DROP DEFAULT;

RESET ROLE;
