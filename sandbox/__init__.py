"""A fake Maventa: the AutoXChange REST API on 127.0.0.1, without Maventa.

It does
  * tokens, users, companies, vendor links, authorization with a signing page,
    company settings, and sending invoices: upload, list, details, image, files,
    actions, delivered later on a clock that can be moved, sent again another way;
  * post webhooks to this machine when an invoice is delivered or has failed;
  * register and end network profiles, which change nothing else;
  * list operators, and look up receivers, in a small directory made for tests;
  * check every request against ``openapi.yaml`` and refuse what does not fit;
  * play each plausible answer where the real one is not known (switches), and
    fail on demand (faults);
  * read UBL documents (Peppol BIS 3, SI-UBL, OIOUBL 2.1, EHF, XRechnung UBL) and
    Finvoice, alone or in a ZIP.

It does not
  * send anything to anybody but webhooks to this machine, or receive invoices: the
    list of received ones is empty;
  * convert between formats, or render an invoice beyond a plain one-page PDF;
  * run Schematron or the networks' own rules;
  * read the SOAP envelope of a Finvoice file, or the formats not named above (501);
  * know who really receives: every e-invoice address is found unless it begins with
    ``9999:``, an invoice with a business id alone is never routed by it, and mail to
    a host ending in ``.invalid`` is returned;
  * hold an invoice with several recipients, remind by mail, or treat consumers apart;
  * company users, changes of profiles, consumer look-ups, signing keys, reports,
    partner feeds, documents, analysis, Finnish bank messages: these answer 501;
  * keep anything: it forgets all when it stops.
"""
