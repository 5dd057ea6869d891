"""The schema as canonical text: one line a thing, sorted, without OIDs and without the order of creation.

The order of columns in a table does not count (every statement names its columns); the order of columns in keys and
indexes, of enum values and of attributes of composite types does. Names of constraints and indexes count. Not in it:
owners, grants, data, statistics, versions of extensions, and what belongs to an extension or to Alembic.
"""

from __future__ import annotations

from typing import LiteralString

from psycopg import Connection

from agent.catalog.reading import print_names_alike, rows_of

_OURS: LiteralString = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

_OWN: LiteralString = """
    NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = x.tableoid AND e.objid = x.oid AND e.deptype = 'e')
"""
"""Condition on a catalog row `x`: it belongs to no extension."""

_RELATION: LiteralString = "quote_ident(n.nspname) || '.' || quote_ident(x.relname)"

_NO_ALEMBIC: LiteralString = "x.relname NOT IN ('alembic_version', 'alembic_version_pkc')"

_QUERIES: tuple[LiteralString, ...] = (
    # schemas, extensions
    f"SELECT 'schema ' || quote_ident(n.nspname) FROM pg_namespace n WHERE {_OURS} AND n.nspname <> 'public'",
    """SELECT 'extension ' || quote_ident(x.extname) || ' in ' || quote_ident(n.nspname)
       FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.extname <> 'plpgsql'""",
    # tables and partitions
    f"""SELECT CASE WHEN x.relpersistence = 'u' THEN 'unlogged ' ELSE '' END
            || CASE WHEN x.relkind = 'f' THEN 'foreign ' ELSE '' END || 'table ' || {_RELATION}
            || coalesce(' partitioned by ' || pg_get_partkeydef(x.oid), '')
            || coalesce(' ' || pg_get_expr(x.relpartbound, x.oid), '')
            || coalesce((SELECT ' inherits ' || string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)
                         FROM pg_inherits i WHERE i.inhrelid = x.oid), '')
            || CASE WHEN x.relrowsecurity THEN ' row security' ELSE '' END
            || CASE WHEN x.relforcerowsecurity THEN ' forced' ELSE '' END
            || coalesce(' with ' || x.reloptions::text, '')
        FROM pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE x.relkind IN ('r', 'p', 'f') AND {_OURS} AND {_OWN} AND {_NO_ALEMBIC}""",
    f"""SELECT 'column ' || {_RELATION} || '.' || quote_ident(a.attname) || ' '
            || format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attcollation <> t.typcollation THEN ' collate ' || a.attcollation::regcollation ELSE '' END
            || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
            || CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity by default' ELSE '' END
            || CASE WHEN d.adbin IS NULL THEN ''
                    ELSE CASE a.attgenerated WHEN 's' THEN ' stored ' WHEN 'v' THEN ' virtual ' ELSE ' default ' END
                         || pg_get_expr(d.adbin, d.adrelid) END
        FROM pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace
        JOIN pg_attribute a ON a.attrelid = x.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = x.oid AND d.adnum = a.attnum
        WHERE x.relkind IN ('r', 'p', 'f') AND {_OURS} AND {_OWN} AND {_NO_ALEMBIC}""",
    # constraints, indexes; NOT NULL stands with its column, whatever the server calls it
    f"""SELECT 'constraint ' || {_RELATION} || ' ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid)
        FROM pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace JOIN pg_constraint k ON k.conrelid = x.oid
        WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND {_OURS} AND {_OWN} AND {_NO_ALEMBIC}
          AND NOT (k.contype = 'f' AND k.conparentid <> 0)""",
    f"""SELECT 'index ' || pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
        FROM pg_index i JOIN pg_class x ON x.oid = i.indrelid JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE x.relkind IN ('r', 'p', 'm') AND {_OURS} AND {_OWN} AND {_NO_ALEMBIC}
          AND NOT EXISTS (SELECT FROM pg_constraint k
                          WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))""",
    # types
    f"""SELECT 'enum ' || quote_ident(n.nspname) || '.' || quote_ident(x.typname) || ' '
            || coalesce((SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                         FROM pg_enum e WHERE e.enumtypid = x.oid), '')
        FROM pg_type x JOIN pg_namespace n ON n.oid = x.typnamespace
        WHERE x.typtype = 'e' AND {_OURS} AND {_OWN}""",
    f"""SELECT 'domain ' || quote_ident(n.nspname) || '.' || quote_ident(x.typname) || ' '
            || format_type(x.typbasetype, x.typtypmod) || CASE WHEN x.typnotnull THEN ' not null' ELSE '' END
            || coalesce(' default ' || x.typdefault, '')
            || coalesce((SELECT string_agg(' ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid), ''
                                           ORDER BY k.conname)
                         FROM pg_constraint k WHERE k.contypid = x.oid AND k.contype = 'c'), '')
        FROM pg_type x JOIN pg_namespace n ON n.oid = x.typnamespace
        WHERE x.typtype = 'd' AND {_OURS} AND {_OWN}""",
    f"""SELECT 'type ' || {_RELATION} || ' '
            || (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                                  ORDER BY a.attnum)
                FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attnum > 0 AND NOT a.attisdropped)
        FROM pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE x.relkind = 'c' AND {_OURS} AND {_OWN}""",
    f"""SELECT 'range ' || quote_ident(n.nspname) || '.' || quote_ident(x.typname) || ' '
            || format_type(r.rngsubtype, NULL)
        FROM pg_range r JOIN pg_type x ON x.oid = r.rngtypid JOIN pg_namespace n ON n.oid = x.typnamespace
        WHERE {_OURS} AND {_OWN}""",
    # sequences
    f"""SELECT 'sequence ' || {_RELATION} || ' ' || format_type(s.seqtypid, NULL) || ' start ' || s.seqstart
            || ' increment ' || s.seqincrement || ' min ' || s.seqmin || ' max ' || s.seqmax || ' cache ' || s.seqcache
            || CASE WHEN s.seqcycle THEN ' cycle' ELSE '' END
            || coalesce((SELECT ' owned by ' || o.refobjid::regclass || '.' || quote_ident(a.attname)
                         FROM pg_depend o
                         JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
                         WHERE o.classid = 'pg_class'::regclass AND o.objid = x.oid AND o.deptype IN ('a', 'i')
                           AND o.refclassid = 'pg_class'::regclass AND o.refobjsubid > 0), '')
        FROM pg_sequence s JOIN pg_class x ON x.oid = s.seqrelid JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE {_OURS} AND {_OWN}""",
    # views, functions, triggers, policies, rules
    f"""SELECT CASE x.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || {_RELATION}
            || coalesce(' with ' || x.reloptions::text, '') || ' ' || pg_get_viewdef(x.oid)
        FROM pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE x.relkind IN ('v', 'm') AND {_OURS} AND {_OWN}""",
    f"""SELECT 'function ' || pg_get_functiondef(x.oid)
        FROM pg_proc x JOIN pg_namespace n ON n.oid = x.pronamespace
        WHERE x.prokind <> 'a' AND {_OURS} AND {_OWN}""",
    f"""SELECT 'aggregate ' || x.oid::regprocedure || ' ' || concat_ws(' ', g.aggkind::text, g.aggtransfn, g.aggfinalfn,
            g.aggcombinefn, format_type(g.aggtranstype, NULL), g.agginitval, g.aggsortop)
        FROM pg_aggregate g JOIN pg_proc x ON x.oid = g.aggfnoid JOIN pg_namespace n ON n.oid = x.pronamespace
        WHERE {_OURS} AND {_OWN}""",
    f"""SELECT 'trigger ' || pg_get_triggerdef(g.oid)
            || CASE g.tgenabled WHEN 'O' THEN '' ELSE ' ' || g.tgenabled::text END
        FROM pg_trigger g JOIN pg_class x ON x.oid = g.tgrelid JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND {_OURS} AND {_OWN}""",
    f"""SELECT 'policy ' || {_RELATION} || ' ' || quote_ident(p.polname) || ' ' || p.polcmd::text
            || CASE WHEN p.polpermissive THEN '' ELSE ' restrictive' END
            || coalesce(' using ' || pg_get_expr(p.polqual, p.polrelid), '')
            || coalesce(' check ' || pg_get_expr(p.polwithcheck, p.polrelid), '')
        FROM pg_policy p JOIN pg_class x ON x.oid = p.polrelid JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE {_OURS} AND {_OWN}""",
    f"""SELECT 'rule ' || pg_get_ruledef(r.oid)
        FROM pg_rewrite r JOIN pg_class x ON x.oid = r.ev_class JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE r.rulename <> '_RETURN' AND {_OURS} AND {_OWN}""",
    f"""SELECT 'statistics ' || pg_get_statisticsobjdef(x.oid)
        FROM pg_statistic_ext x JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE {_OURS}""",
    # comments; one on the schema `public` belongs to the database, not to what is defined in it
    f"""SELECT 'comment on ' || i.type || ' ' || i.identity || ' ' || quote_literal(d.description)
        FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
        WHERE i.type <> 'extension' AND i.identity <> 'public'
          AND NOT EXISTS (SELECT FROM pg_depend e
                          WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e')
          AND coalesce(i.schema, i.name) IN (SELECT n.nspname FROM pg_namespace n WHERE {_OURS})""",
)


def fingerprint_of(connection: Connection) -> str:
    """Canonical text of everything that is defined; empty for an empty database. Lines end in what they define."""
    print_names_alike(connection)
    lines = [line for query in _QUERIES for row in rows_of(connection, query) for line in row.values()]
    return "\n".join(sorted(line.strip() for line in lines))
