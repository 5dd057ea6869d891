"""Members and tools."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a1"
down_revision = None

KIND = postgresql.ENUM("hand", "power", "garden", name="tool_kind", create_type=False)


def key() -> "sa.Column[object]":
    """A primary key."""
    default = sa.text("gen_random_uuid()")
    return sa.Column("id", sa.Uuid(), primary_key=True, server_default=default)


def stamp(name: str) -> "sa.Column[object]":
    """A moment that the database writes."""
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=False, server_default=sa.func.now())


def upgrade() -> None:
    """Forward."""
    KIND.create(op.get_bind())
    op.create_table(
        "members",
        key(),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_digest", sa.Text(), nullable=False),
        stamp("created_at"),
        stamp("updated_at"),
        sa.UniqueConstraint("email", name="members_email_key"),
    )
    op.create_table(
        "tools",
        key(),
        sa.Column(
            "owner_id", sa.Uuid(), sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("daily_price_cents", sa.Integer(), nullable=False),
        stamp("created_at"),
        stamp("updated_at"),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 80", name="tools_title_check"),
        sa.CheckConstraint("daily_price_cents >= 0", name="tools_price_check"),
    )
    op.create_index("tools_owner_id_idx", "tools", ["owner_id"])
    op.create_index("tools_kind_idx", "tools", ["kind", "created_at", "id"])
    op.create_index("tools_created_at_idx", "tools", ["created_at", "id"])


def downgrade() -> None:
    """Back."""
    op.drop_table("tools")
    op.drop_table("members")
    KIND.drop(op.get_bind())
