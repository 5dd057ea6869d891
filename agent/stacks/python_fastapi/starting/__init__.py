"""How a service is started that anybody may have written: its application, its settings, its way to the database."""
