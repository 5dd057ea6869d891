--
-- PostgreSQL database dump
--

\restrict aB3dE

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET transaction_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;

CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8';
ALTER DATABASE shop OWNER TO shopkeeper;
\connect shop

CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL procedural language';
CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA public;
ALTER SCHEMA public OWNER TO shopkeeper;

CREATE FUNCTION public.customers_count() RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT count(*) FROM public.customers $$;

ALTER FUNCTION public.customers_count() OWNER TO shopkeeper;

--
-- Name: customers; Type: TABLE; Schema: public; Owner: shopkeeper
--

CREATE TABLE public.customers (
    id integer NOT NULL,
    name text NOT NULL,
    note text DEFAULT '
\i not a command, but a part of this text
'::text
);

ALTER TABLE public.customers OWNER TO shopkeeper;

CREATE SEQUENCE public.customers_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE public.customers_id_seq OWNED BY public.customers.id;
ALTER TABLE ONLY public.customers ALTER COLUMN id SET DEFAULT nextval('public.customers_id_seq'::regclass);

COPY public.customers (id, name, note) FROM stdin;
1	O'Brien; it's $$ tricky	\N
2	-- no comment /* at all	\\x
\.

SELECT pg_catalog.setval('public.customers_id_seq', 2, true);
INSERT INTO public.customers (name) VALUES ('later');

ALTER TABLE ONLY public.customers ADD CONSTRAINT customers_pkey PRIMARY KEY (id);

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT SELECT ON TABLE public.customers TO auditor;
ALTER DEFAULT PRIVILEGES FOR ROLE shopkeeper IN SCHEMA public GRANT SELECT ON TABLES TO auditor;

\unrestrict aB3dE
