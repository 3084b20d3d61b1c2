"""The only code that speaks to foreign hosts.  It knows no table: it is handed what it sends."""
