"""Packages that a service needs beside those of its stack: judged, resolved, recorded, built outside the workspace."""
