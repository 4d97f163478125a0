-- a copy of the database must not talk to Maventa
UPDATE res_company
   SET maventa_environment = 'test',
       maventa_active = false,
       maventa_stored_api_key = NULL,
       maventa_webhook_secret = NULL,
       maventa_webhook_url = NULL,
       maventa_database_uuid = NULL;
DELETE FROM ir_config_parameter
 WHERE key IN (
       'account_maventa.vendor_api_key',
       'account_maventa.vendor_api_key_test',
       'account_maventa.endpoint'
 );
