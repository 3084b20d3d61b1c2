"""Members in the admin.  The badges app registers the class, with badges added to its pages."""
