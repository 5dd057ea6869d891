"""The workspace: a git worktree, its toolchain environment, its sandbox."""
